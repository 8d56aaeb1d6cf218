#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""control.py GATEHOUSE [--seconds N] [--check]: what the control API and the status page cost.

A house of two hosts in namespaces of its own, the given program as its router, and 10,000 mappings:

  status          the time of one answer of /api/v1/status
  mappings        the time of the whole list of 10,000 mappings
  pause           the longest time that a small question waits while such lists are read: how long
                  the loop attends to nothing else, at most
  idle-page       share of a processor that the daemon takes for one open page: the stream of events
                  and what page.js reads every 15 seconds
  first-packet    the 99th of 100 first packets of new endpoints, there and back, one each 10 ms
  first-packet-50 the same while 50 requests per second are answered; a list of mappings is one in
                  ten of them

It needs root. --check ends with 1 where a median misses what must be reached. The clock of the
asking program is part of all times, so they are what a client sees, not what the daemon takes.
"""

import ctypes
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000  # os.setns came with Python 3.12

MAPPINGS = 10000
# The name, its unit and the most that it may be.
LIMITS = {"status": ("ms", 5), "mappings": ("ms", 50), "pause": ("ms", 5), "idle-page": ("%", 0.5),
          "first-packet": ("ms", None), "first-packet-50": ("ms", 1)}


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


def work_in(host, work):
    """What work gives in that namespace: in a thread, which may live elsewhere."""
    made = []

    def go():
        with open(f"/var/run/netns/{host}", encoding="utf-8") as place:
            if LIBC.setns(place.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"setns to {host}")
        made.append(work())

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    return made[0]


def bound_to(port):
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.bind(("0.0.0.0", port))
    return out


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("gateway", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class House:
    """Namespaces `in` and `out` around the one that this program runs in, which is the router."""

    def __init__(self, program, folder):
        for host, link, inside, outside in (("in", "lan0", "192.168.1.10/16", "192.168.1.1/16"),
                                            ("out", "wan0", "11.0.0.2/24", "11.0.0.1/24")):
            run("ip", "netns", "add", host)
            run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", host)
            run("ip", "address", "add", outside, "dev", link)
            run("ip", "link", "set", link, "up")
            run("ip", "-n", host, "address", "add", inside, "dev", "eth0")
            for name in ("lo", "eth0"):
                run("ip", "-n", host, "link", "set", name, "up")
        run("ip", "-n", "in", "route", "add", "default", "via", "192.168.1.1")
        self.socket = f"{folder}/control"
        config = pathlib.Path(folder, "conf")
        config.write_text(f"""config gateway 'main'
  option wan 'wan0'
  list lan 'lan0'
  option control '{self.socket}'
  option state '{folder}/state'
  option user 'root'
config nat 'nat'
  option host_mappings '65000'
  option host_sessions '0'
""", encoding="utf-8")
        self.daemon = subprocess.Popen([program, "run", "--foreground", "-c", str(config)],
                                       stderr=subprocess.PIPE, text=True)
        for line in self.daemon.stderr:
            if "daemon: ready" in line:
                break
        else:
            raise SystemExit("the router did not start")
        threading.Thread(target=self.daemon.stderr.read, daemon=True).start()

    def socket_at(self, host, port):
        return work_in(host, lambda: bound_to(port))

    def ask(self, path):
        """The seconds that one answer took, and its length."""
        begun = time.perf_counter()
        connection = UnixConnection(self.socket)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
        return time.perf_counter() - begun, body

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.daemon.pid}/stat").read_text("ascii").split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(10)


def fill(house):
    """10,000 endpoints, each with a mapping; what was lost on the way is sent once more."""
    remote = house.socket_at("out", 9)

    def send():
        for port in range(20000, 20000 + MAPPINGS):
            sender = bound_to(port)
            sender.sendto(b"x", ("11.0.0.2", 9))
            sender.close()
            if port % 50 == 0:
                time.sleep(0.002)

    for _ in range(10):
        work_in("in", send)
        time.sleep(0.2)
        if f'"mappings":{MAPPINGS}'.encode() in house.ask("/api/v1/status")[1]:
            remote.close()
            return
    raise SystemExit(f"not all mappings were made: {house.ask('/api/v1/status')[1]}")


def median(values):
    return sorted(values)[len(values) // 2]


def time_status(house):
    return [house.ask("/api/v1/status")[0] * 1000 for _ in range(100)]


def time_mappings(house):
    return [house.ask("/api/v1/mappings")[0] * 1000 for _ in range(10)]


class Load:
    """Asks for what `paths` gives, so many times a second or as often as it can, until left."""

    def __init__(self, house, paths, rate=None):
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.work, args=(house, paths, rate))

    def work(self, house, paths, rate):
        turn, due = 0, time.perf_counter()
        while not self.stop.is_set():
            house.ask(paths[turn % len(paths)])
            turn += 1
            due += 1 / rate if rate else 0
            if rate:
                self.stop.wait(max(0, due - time.perf_counter()))

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def time_pause(house):
    """In another process: this one's threads would wait for one another."""
    lists = subprocess.Popen([sys.executable, __file__, "--lists", house.socket])
    time.sleep(0.3)
    waits = []
    for _ in range(5):
        waits.append(max(house.ask("/api/v1/calls")[0] for _ in range(40)) * 1000)
    lists.terminate()
    lists.wait()
    return waits


def share_of_page(house, seconds):
    listener = UnixConnection(house.socket)
    listener.request("GET", "/api/v1/events?last=50")
    listener.getresponse()
    begun, used = time.perf_counter(), house.cpu()
    while time.perf_counter() - begun < seconds:
        for path in ("status", "hosts", "mappings?limit=100&offset=0", "history"):
            house.ask("/api/v1/" + path)
        time.sleep(15)
    share = (house.cpu() - used) / (time.perf_counter() - begun) * 100
    listener.close()
    return [share]


def time_first_packets(house, ports):
    echo = house.socket_at("out", 7)
    echo.settimeout(5)
    times = []
    for port in ports:
        sender = house.socket_at("in", port)
        sender.settimeout(5)
        begun = time.perf_counter()
        sender.sendto(b"x", ("11.0.0.2", 7))
        _, back = echo.recvfrom(10)
        echo.sendto(b"y", back)
        sender.recvfrom(10)
        times.append((time.perf_counter() - begun) * 1000)
        sender.close()
        time.sleep(0.01)
    echo.close()
    return [sorted(times)[int(len(times) * 0.99) - 1]]


def measure(house, seconds):
    yield "status", time_status(house)
    yield "mappings", time_mappings(house)
    yield "pause", time_pause(house)
    yield "idle-page", share_of_page(house, seconds)
    yield "first-packet", time_first_packets(house, range(40000, 40100))
    paths = ["/api/v1/status", "/api/v1/hosts", "/metrics"] * 3 + ["/api/v1/mappings"]
    with Load(house, paths, 50):
        yield "first-packet-50", time_first_packets(house, range(41000, 41100))


def main(arguments):
    if arguments[:1] == ["--lists"]:
        house = House.__new__(House)
        house.socket = arguments[1]
        while True:
            house.ask("/api/v1/mappings")
    if not arguments or arguments[0].startswith("-"):
        print(__doc__)
        return 2
    if "GATEHOUSE_BENCH_INSIDE" not in os.environ:
        os.environ["GATEHOUSE_BENCH_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
                              "--mount-proc", sys.executable, "-B", __file__, *arguments])
    os.setpriority(os.PRIO_PROCESS, 0, -20)  # and the daemon, so that others count less
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("ip", "link", "set", "lo", "up")
    seconds = int(arguments[arguments.index("--seconds") + 1]) if "--seconds" in arguments else 30
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        house = House(arguments[0], folder)
        fill(house)
        for name, values in measure(house, seconds):
            unit, most = LIMITS[name]
            ok = most is None or median(values) <= most
            missed += not ok
            print(f"{name:16} {median(values):8.3f} {unit:3} [{min(values):.3f} {max(values):.3f}]"
                  f"{'' if most is None else f'  at most {most}'}{'' if ok else '  MISSED'}", flush=True)
        house.end()
    return 1 if missed and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
