#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that has a port opened for as long as it runs, with the library that is named.

usage: port_client.py gupnp-igd PORT ADDRESS      UDP, to the address of this host
       port_client.py libtorrent PORT             TCP and UDP, where it listens itself

It says "open PORT", with the outside port, each time that it hears of one, and closes it at SIGTERM.
"""

import signal
import sys

GOODBYE = 2  # seconds in which the library may close the port


def with_gupnp_igd(port, address):
    import gi

    gi.require_version("GUPnPIgd", "1.0")
    from gi.repository import GLib, GUPnPIgd

    igd = GUPnPIgd.SimpleIgd()
    loop = GLib.MainLoop()
    igd.connect("mapped-external-port", lambda *words: print("open", words[4], flush=True))
    igd.connect("error-mapping-port", lambda *words: print("error", words[1].message, flush=True))
    igd.add_port("UDP", port, address, port, 600, "gupnp-igd")

    def close():
        igd.remove_port("UDP", port)
        GLib.timeout_add_seconds(GOODBYE, loop.quit)
        return False

    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, close)
    loop.run()


def with_libtorrent(port):
    import time

    import libtorrent

    session = libtorrent.session({
        "listen_interfaces": f"0.0.0.0:{port}",
        "enable_upnp": True,
        "enable_natpmp": True,
        "enable_dht": False,
        "enable_lsd": False,
        "alert_mask": libtorrent.alert.category_t.port_mapping_notification
        | libtorrent.alert.category_t.error_notification,
    })
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    while not ended:
        session.wait_for_alert(200)
        for alert in session.pop_alerts():
            if isinstance(alert, libtorrent.portmap_alert):
                print("open", alert.external_port, flush=True)
            else:
                print(alert.message(), flush=True)
    session.apply_settings({"enable_upnp": False, "enable_natpmp": False})
    time.sleep(GOODBYE)


if sys.argv[1] == "gupnp-igd":
    with_gupnp_igd(int(sys.argv[2]), sys.argv[3])
else:
    with_libtorrent(int(sys.argv[2]))
