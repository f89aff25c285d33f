"""A daemon of one's own for a test or a benchmark, and a small HTTP client for it.

Knows how to start tstrmd on a free loopback port, to read its log, and to stop it by its process id;
refuses to know what is asked of it. Surprising: a sanitizer's report in the log fails the stop, so that
every end-to-end test is a sanitizer test in a sanitizer build.
"""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading

LISTENING = re.compile(r"listening.*?127\.0\.0\.1:(\d+)")
REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
           "runtime error:")
RUNTIMES = (b"__asan_init", b"__tsan_init")
START_SECONDS = 60
STOP_SECONDS = 60


def sanitized(binary):
    """Whether a program was built with a sanitizer that makes it several times slower."""
    with open(binary, "rb") as file:
        code = file.read()
    return any(name in code for name in RUNTIMES)


class Response:
    """Status, headers (names in lower case, those of one name joined) and body of an answer."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {}
        for name, value in headers:
            before = self.headers.get(name.lower())
            self.headers[name.lower()] = value if before is None else f"{before}, {value}"
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        return self.headers.get("content-type", "").split(";")[0].strip()

    def __repr__(self):
        return f"<{self.status} {self.type} {self.body[:400]!r}>"


class Client:
    """One keep-alive connection. A request is sent once; nothing is retried."""

    def __init__(self, port, timeout=60):
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, type=None):
        """body: bytes or text as it is, anything else as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body, type = json.dumps(body), type or "application/json"
        if isinstance(body, str):
            body = body.encode()
        if type is not None:
            headers["Content-Type"] = type
        try:
            self.connection.request(method, path, body=body, headers=headers)
            answer = self.connection.getresponse()
            return Response(answer.status, answer.getheaders(), answer.read())
        except BaseException:
            self.connection.close()
            raise

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def put(self, path, body=None, **more):
        return self.request("PUT", path, body, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def close(self):
        self.connection.close()


class Daemon:
    """A running tstrmd. start() returns when it listens; stop() when it has ended."""

    def __init__(self, binary, store, arguments=(), environment=None, wrapper=(), listen="127.0.0.1:0"):
        self.command = [*wrapper, binary, "--listen", listen, "--store", store, *arguments]
        self.environment = {**os.environ, "TSTRM_DRAIN_DELAY": "0", **(environment or {})}
        self.lines = []
        self.port = 0
        self.process = None
        self.listening = threading.Event()

    def start(self):
        self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.listening.wait(START_SECONDS)
        if not self.port:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the daemon did not start:\n" + self.log())
        return self

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            match = LISTENING.search(line)
            if match and not self.port:
                self.port = int(match.group(1))
                self.listening.set()
        self.listening.set()

    def log(self):
        return "".join(self.lines)

    def client(self, timeout=60):
        return Client(self.port, timeout)

    def socket(self, timeout=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        """The exit status, after every line of the log has been read."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the daemon did not end within {seconds} s:\n" + self.log()) from None
        self.reader.join()
        self.process.stdout.close()
        for report in REPORTS:
            if report in self.log():
                raise AssertionError("a sanitizer reports:\n" + self.log())
        return status

    def stop(self):
        """Asks it to end; raises unless it ends cleanly."""
        self.signal(signal.SIGTERM)
        status = self.wait()
        if status != 0:
            raise AssertionError(f"exit status {status}:\n" + self.log())

    def kill(self):
        """Ends it as a power cut would."""
        self.process.kill()
        self.wait()
