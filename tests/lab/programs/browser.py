#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A real browser that a test tells what to do: Chromium without a window, over its debugging pipe.

    browser.py FOLDER URL COMMANDS

FOLDER is for its profile, COMMANDS a file or pipe. Each line is a command, each answer one line:
    wait SECONDS EXPRESSION   until the expression is true in the page: "yes", or "no" and its value
    value EXPRESSION          what it is, as JSON
    key NAME                  presses a key: Tab, Enter ...
    size WIDTH HEIGHT [dark]  of the window
    shot FILE                 a picture of the whole page
    complaints                what the page was refused or has done wrong, as JSON
    cost                      seconds of processor that the page has used so far
"""

import base64
import json
import os
import select
import subprocess
import sys
import time

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update",
         "--disable-dev-shm-usage", "--remote-debugging-pipe")
KEYS = {"Tab": 9, "Enter": 13, " ": 32}


class Browser:
    def __init__(self, folder, url):
        theirs, self.to = os.pipe()
        self.back, theirs_out = os.pipe()

        def fds():
            # The browser reads from 3 and writes to 4; first out of the way of each other.
            a, b = os.dup(theirs), os.dup(theirs_out)
            a, b = os.dup2(a, 103), os.dup2(b, 104)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            ["chromium", *FLAGS, f"--user-data-dir={folder}", "about:blank"],
            preexec_fn=fds, close_fds=False, stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(folder, "stderr"), "w"))
        self.buffer = b""
        self.number = 0
        self.session = None
        self.complaints = []
        pages = self.call("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in pages if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Performance"):
            self.call(domain + ".enable")
        self.call("Page.navigate", url=url)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 60
        while True:
            answer = self.next(end)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            if answer.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.complaints.append(answer["params"])

    def next(self, end):
        while b"\0" not in self.buffer:
            if not select.select([self.back], [], [], max(0, end - time.monotonic()))[0]:
                raise RuntimeError("the browser does not answer")
            got = os.read(self.back, 1 << 20)
            if not got:
                raise RuntimeError("the browser has ended")
            self.buffer += got
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"]
        return result.get("value", result.get("description"))

    def wait(self, seconds, expression):
        end = time.monotonic() + float(seconds)
        while True:
            value = self.value(expression)
            if value is True:
                return "yes"
            if time.monotonic() > end:
                return "no " + json.dumps(value)
            time.sleep(0.1)

    def key(self, name):
        code = KEYS[name]
        text = {"Enter": "\r", " ": " "}.get(name, "")
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, windowsVirtualKeyCode=code,
                      code="Space" if name == " " else name, text=text if kind == "keyDown" else "")
        return "pressed"

    def size(self, width, height, scheme="light"):
        self.call("Emulation.setDeviceMetricsOverride", width=int(width), height=int(height),
                  deviceScaleFactor=1, mobile=int(width) < 600)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        return "set"

    def shot(self, path):
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(picture))
        return "taken"

    def cost(self):
        metrics = self.call("Performance.getMetrics")["metrics"]
        return str(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (RuntimeError, subprocess.TimeoutExpired, OSError):
            self.process.kill()


def obey(browser, line):
    verb, _, rest = line.partition(" ")
    if verb == "wait":
        return browser.wait(*rest.split(" ", 1))
    if verb == "value":
        return json.dumps(browser.value(rest))
    if verb == "complaints":
        browser.value("0")  # whatever is on its way
        return json.dumps([c.get("entry", c).get("text", str(c)) for c in browser.complaints])
    if verb == "cost":
        return browser.cost()
    return getattr(browser, {"key": "key", "size": "size", "shot": "shot"}[verb])(*rest.split(" "))


def main():
    browser = Browser(*sys.argv[1:3])
    print("ready", flush=True)
    try:
        with open(sys.argv[3], encoding="utf-8") as commands:
            for line in commands:
                print(obey(browser, line.rstrip("\n")), flush=True)
    finally:
        browser.close()


main()
