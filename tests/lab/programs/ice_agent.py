#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""An ICE agent (libnice) that meets others through a rendezvous server, one after the other.

usage: ice_agent.py RENDEZVOUS TURN USER PASSWORD        (the first two: ADDRESS:PORT)

It speaks lines of words over one TCP connection to the rendezvous server.
  it hears  meet ROLE POLICY    controlling or controlled; direct, relayed or any: begin a new session
  it says   me DESCRIPTION      its candidates are gathered
  it hears  peer DESCRIPTION    those of the other agent
  it says   pair LOCAL REMOTE ENDPOINT     the kinds of the candidates it selected, and where it
                                           sends to; again when it finds a better pair
  it says   hears WORDS         what came from the other agent: the pair that it uses
A description is SDP with ';' for line ends. The server tells how the agent looks from outside; it is
asked for a relay only if the policy has use for one. An agent that has one may be content with it
before a check of a direct path, which came too early for a filter, is repeated. One that is out for
a direct path does not tell its inside address, like a browser.
"""

import ctypes
import os
import socket
import sys

import gi

gi.require_version("Nice", "0.1")
from gi.repository import GLib, Nice  # noqa: E402

COMPONENT = 1
AGAIN = 100  # milliseconds between two words to the other agent
KINDS = ("host", "srflx", "prflx", "relay")

# The one call that its introspection data leaves out, because of the buffer.
Receiver = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint,
                            ctypes.POINTER(ctypes.c_char), ctypes.c_void_p)
attach_recv = ctypes.CDLL("libnice.so.10").nice_agent_attach_recv
attach_recv.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, Receiver,
                        ctypes.c_void_p]


def endpoint(text):
    address, port = text.rsplit(":", 1)
    return address, int(port)


class Session:
    """One agent with one stream of one component."""

    def __init__(self, say, own_address, turn, user, password, role, policy):
        self.say = say
        self.policy = policy
        self.pair = None
        self.heard = None
        self.agent = agent = Nice.Agent.new_full(GLib.MainContext.default(),
                                                 Nice.Compatibility.RFC5245,
                                                 Nice.AgentOption.REGULAR_NOMINATION)
        agent.props.controlling_mode = role == "controlling"
        agent.props.force_relay = policy == "relayed"
        agent.props.upnp = False  # it would ask the router for a forward
        agent.props.ice_tcp = False
        # Only this one: the link-local address of the interface leads nowhere.
        own = Nice.Address.new()
        own.set_from_string(own_address)
        agent.add_local_address(own)
        self.stream = agent.add_stream(COMPONENT)
        agent.set_stream_name(self.stream, "application")
        if policy == "direct":
            agent.props.stun_server, agent.props.stun_server_port = turn
        else:
            agent.set_relay_info(self.stream, COMPONENT, *turn, user, password,
                                 Nice.RelayType.UDP)
        agent.connect("candidate-gathering-done", self.on_gathered)
        agent.connect("new-selected-pair-full", self.on_pair)
        self.receiver = Receiver(self.on_data)
        attach_recv(hash(agent), self.stream, COMPONENT, None, self.receiver, None)
        agent.gather_candidates(self.stream)
        GLib.timeout_add(AGAIN, self.talk)

    def on_gathered(self, agent, _stream):
        lines = agent.generate_local_sdp().strip().split("\n")
        if self.policy == "direct":
            lines = [line for line in lines if not line.endswith(" typ host")]
        self.say("me", ";".join(lines))

    def take(self, description):
        if self.agent.parse_remote_sdp(description.replace(";", "\n") + "\n") < 0:
            sys.exit(f"libnice does not understand {description}")

    def on_pair(self, _agent, _stream, _component, ours, theirs):
        where = f"{theirs.addr.dup_string()}:{theirs.addr.get_port()}"
        self.pair = f"{KINDS[ours.type]} {KINDS[theirs.type]} {where}"
        self.say("pair", self.pair)
        self.talk()

    def talk(self):
        if self.agent is None:
            return False
        if self.pair is not None:
            self.agent.send(self.stream, COMPONENT, len(self.pair), self.pair)
        return True

    def on_data(self, _agent, _stream, _component, size, data, _):
        words = data[:size].decode()
        if words != self.heard:
            self.heard = words
            self.say("hears", words)

    def end(self):
        # It gives its relay address back meanwhile.
        self.agent.close_async(lambda *_: None)
        self.agent = None


class Program:
    def __init__(self, rendezvous, turn, user, password):
        self.session = None
        self.rest = ""
        self.loop = GLib.MainLoop()
        self.server = socket.create_connection(rendezvous)
        self.account = (self.server.getsockname()[0], turn, user, password)
        GLib.io_add_watch(self.server.fileno(), GLib.PRIORITY_DEFAULT,
                          GLib.IOCondition.IN | GLib.IOCondition.HUP, self.on_server)

    def say(self, *words):
        self.server.sendall((" ".join(words) + "\n").encode())
        print(*words, flush=True)

    def on_server(self, _descriptor, _condition):
        came = self.server.recv(65536).decode()
        if not came:
            self.loop.quit()
            return False
        *lines, self.rest = (self.rest + came).split("\n")
        for line in lines:
            print("told:", line, flush=True)
            self.do(*line.split(" ", 1))
        return True

    def do(self, verb, rest):
        if verb == "peer":
            self.session.take(rest)
            return
        if self.session is not None:
            self.session.end()
        self.session = Session(self.say, *self.account, *rest.split(" "))


def die(*error):
    """An error inside a callback would otherwise be printed and forgotten."""
    sys.__excepthook__(*error)
    sys.stderr.flush()
    os._exit(1)


def main(rendezvous, turn, user, password):
    sys.excepthook = die
    Program(endpoint(rendezvous), endpoint(turn), user, password).loop.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
