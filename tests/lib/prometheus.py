"""A real Prometheus of one's own for a test or a benchmark, and something for it to scrape.

Knows where the program comes from (PATH, or Debian's package unpacked under a folder that it is given), how
to start it on a free loopback port and to stop it by its process id; refuses to know what is tested with it.
Surprising: a target serves what a function makes of the time, in a process of its own where that matters.
"""
import fcntl
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(folder):
    """Debian's package, unpacked under folder, once for all who ask. Returns the program or None, and why."""
    place = os.path.join(folder, "prometheus")
    program = os.path.join(place, "usr", "bin", "prometheus")
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.access(program, os.X_OK):
            return program, ""
        for command in (["apt-get", "download", "-q", "prometheus"],):
            done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120, check=False)
            if done.returncode != 0:
                return None, f"{' '.join(command)}: {done.stderr.strip().splitlines()[-1:]}"
        package = next((name for name in os.listdir(place) if name.endswith(".deb")), None)
        if package is None or subprocess.run(["dpkg-deb", "-x", package, "."], cwd=place, check=False).returncode:
            return None, "the package cannot be unpacked"
    return (program, "") if os.access(program, os.X_OK) else (None, "the package has no prometheus")


def find(folder):
    """(program or None, why not)."""
    program = shutil.which("prometheus")
    if program:
        return program, ""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return None, "no prometheus in PATH, and no apt-get and dpkg-deb to fetch it with"
    try:
        return fetch(folder)
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"fetching prometheus: {error}"


class Target:
    """Answers GET with what text() returns, on a free loopback port, in a thread."""

    def __init__(self, text, port=0):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = text()
                body = body.encode() if isinstance(body, str) else body
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Prometheus:
    """A running server. config: text of its configuration file. start() returns when it is ready."""

    def __init__(self, program, config):
        self.program, self.port = program, free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="prometheus-")
        self.file = os.path.join(self.folder.name, "prometheus.yml")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(config)
        self.log_path = os.path.join(self.folder.name, "log")
        self.process = None

    def start(self, seconds=60):
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                [self.program, f"--config.file={self.file}", f"--web.listen-address=127.0.0.1:{self.port}",
                 f"--storage.tsdb.path={self.folder.name}/data", "--storage.tsdb.retention.time=1d",
                 "--storage.remote.flush-deadline=5s"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if self.get("/-/ready").startswith("Prometheus"):
                    return self
            except OSError:
                pass
            time.sleep(0.1)
        text = self.log()
        self.stop()
        raise AssertionError("prometheus did not start:\n" + text)

    def get(self, path, **params):
        query = "?" + urllib.parse.urlencode(params) if params else ""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}{query}", timeout=30) as answer:
            return answer.read().decode()

    def metric(self, name):
        """The sum over all of a metric's series in its own /metrics."""
        values = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", self.get("/metrics"), re.MULTILINE)
        return sum(map(float, values))

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, seconds=60):
        """Ends it cleanly: what it has queued is sent first, for a while."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.folder.cleanup()
