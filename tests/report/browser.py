"""A headless Chromium, driven through its developer tools over two pipes: what a page asks for, how it is
laid out and what it looks like, without a library or an open port."""

import base64
import contextlib
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time

NAMES = ("chromium-headless-shell", "chromium")
SECONDS = 60
ARGUMENTS = (
    "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
    "--hide-scrollbars", "--force-device-scale-factor=1", "--force-color-profile=srgb", "--remote-debugging-pipe",
    # Names lead nowhere, so that a page that asks for something does not ask somebody.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# Counts the pixels of each colour of a picture.
COLOURS = """
(async picture => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + picture;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  const bytes = canvas.getImageData(0, 0, image.width, image.height).data, counts = {};
  for (let at = 0; at < bytes.length; at += 4) {
    const colour = '#' + [0, 1, 2].map(part => bytes[at + part].toString(16).padStart(2, '0')).join('');
    counts[colour] = (counts[colour] || 0) + 1;
  }
  return counts;
})"""


def find():
    """The program, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """A browser with one page, and a blank one for its own purposes."""

    def __init__(self, program):
        self.profile = tempfile.TemporaryDirectory(prefix="t2s-chromium-")
        ends = os.pipe() + os.pipe()
        # Out of the way of 3 and 4, where the browser looks for its pipes.
        self.reads, mine, mine_too, self.writes = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
        for end in ends:
            os.close(end)
        # Its own sandbox takes what root's processes and most containers do not have.
        command = [program, *ARGUMENTS, "--no-sandbox", f"--user-data-dir={self.profile.name}", "about:blank"]
        redirect = f'exec "$@" 3<&{self.reads} 4>&{self.writes}'
        self.log = pathlib.Path(self.profile.name, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["bash", "-c", redirect, "bash", *command], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, pass_fds=(self.reads, self.writes),
                                            start_new_session=True)
        os.close(self.reads)
        os.close(self.writes)
        self.writes, self.reads = mine, mine_too
        self.last, self.rest, self.events = 0, b"", []
        self.blank, self.page = self._new_page(), self._new_page()
        for domain in ("Page", "Network"):
            self._call(f"{domain}.enable", self.page)

    def close(self):
        """Ends it, and what it has started."""
        try:
            self._call("Browser.close")
            self.process.wait(10)
        except (RuntimeError, OSError, subprocess.TimeoutExpired):
            pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.reads)
        os.close(self.writes)
        self.profile.cleanup()

    def show(self, file, width, height=800):
        """Shows a file in a window of that size; then the URLs that were asked for to do so."""
        self._call("Emulation.setDeviceMetricsOverride", self.page, width=width, height=height,
                   deviceScaleFactor=1, mobile=False)
        url = pathlib.Path(file).resolve().as_uri()

        def is_loaded():
            # The blank page before it has such an event too, maybe late.
            arrived = [event["method"] == "Page.frameNavigated" and event["params"]["frame"]["url"] == url
                       for event in self.events]
            later = self.events[arrived.index(True):] if any(arrived) else []
            return any(event["method"] == "Page.loadEventFired" for event in later)

        self.events.clear()
        self._call("Page.navigate", self.page, url=url)
        self._until(is_loaded, "the page is there")
        asked = (event for event in self.events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in asked]

    def evaluate(self, expression):
        """The value of an expression in the page, whose own policy does not bind it."""
        return self._evaluate(self.page, expression)

    def picture(self, clip=None):
        """The page as PNG, also what is below the window, or a part of it: x, y, width, height."""
        if clip is None:
            clip = self.evaluate("({x: 0, y: 0, width: innerWidth, height: document.documentElement.scrollHeight})")
        answer = self._call("Page.captureScreenshot", self.page, format="png", captureBeyondViewport=True,
                            clip={**clip, "scale": 1})
        return base64.b64decode(answer["data"])

    def colours(self, picture):
        """How many pixels of a picture have which colour."""
        return self._evaluate(self.blank, f"{COLOURS}('{base64.b64encode(picture).decode()}')")

    def _new_page(self):
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        return self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def _evaluate(self, page, expression):
        answer = self._call("Runtime.evaluate", page, expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def _call(self, method, page=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if page:
            message["sessionId"] = page
        left = json.dumps(message).encode() + b"\0"
        while left:
            left = left[os.write(self.writes, left):]
        answers = []

        def is_answered():
            answers[:] = [event for event in self.events if event.get("id") == message["id"]]
            return answers

        self._until(is_answered, f"{method} is answered")
        self.events.remove(answers[0])
        if "error" in answers[0]:
            raise RuntimeError(f"{method}: {answers[0]['error']['message']}")
        return answers[0]["result"]

    def _until(self, condition, what):
        """Reads what the browser says until the condition holds."""
        end = time.monotonic() + SECONDS
        while not condition():
            ready, _, _ = select.select([self.reads], [], [], max(0, end - time.monotonic()))
            piece = os.read(self.reads, 1 << 20) if ready else b""
            if not piece:
                said = self.log.read_text(encoding="utf-8", errors="replace")[-1000:]
                raise RuntimeError(f"gave up waiting until {what}: the browser {'ended' if ready else 'is silent'}\n{said}")
            *messages, self.rest = (self.rest + piece).split(b"\0")
            self.events += [{"method": "", **json.loads(message)} for message in messages]
