#!/usr/bin/env python3
"""What keys and TLS cost: a first check, a known key, a flood of wrong ones, a handshake, and what others wait meanwhile.

    tests/bench/keys.py build-release/server/tstrmd [--wrong 10000] [--handshakes 1000]

CPU seconds are the daemon's own, so that they hold on a machine that others keep busy; waits are the clients'. Needs
openssl for the certificate. Knows how to ask; refuses to judge.
"""
import argparse
import http.client
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from keys import bearer, new_key  # noqa: E402
from tstrmd import Daemon  # noqa: E402


def cpu(daemon):
    """CPU seconds of the daemon so far."""
    with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loop_cpu(daemon):
    """CPU seconds of the loop's thread alone."""
    with open(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


class Connection:
    def __init__(self, port, key=None, context=None):
        self.connection = (http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context) if context else
                           http.client.HTTPConnection("127.0.0.1", port, timeout=60))
        self.headers = bearer(key) if key else {}

    def get(self, path, key=None):
        self.connection.request("GET", path, headers=bearer(key) if key else self.headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def per_request(daemon, key, n=20000):
    connection = Connection(daemon.port, key)
    connection.get("/v1/series")
    before = loop_cpu(daemon)
    for _ in range(n):
        connection.get("/v1/series")
    return (loop_cpu(daemon) - before) / n * 1e6


class Poller(threading.Thread):
    """Polls with a known key on one connection until it is told to stop; keeps how long each answer took."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.connection, self.over, self.waits, self.refused = connection, False, [], 0
        connection.get("/v1/series")

    def run(self):
        while not self.over:
            begun = time.monotonic()
            self.refused += self.connection.get("/v1/series") != 200
            self.waits.append((time.monotonic() - begun) * 1e3)
            time.sleep(0.005)

    def end(self):
        self.over = True
        self.join()
        return (f"{len(self.waits)} polls meanwhile, {self.refused} refused, p50 {percentile(self.waits, 0.5):.2f} ms, "
                f"p99 {percentile(self.waits, 0.99):.2f} ms")


def idle(poller, seconds=3):
    poller.start()
    time.sleep(seconds)
    return poller.end()


def measure_keys(binary, folder, wrong):
    file = os.path.join(folder, "keys")
    keys = [new_key(binary, f"key{i}", "admin", file) for i in range(20)]
    with open(file, encoding="utf-8") as lines:
        print(f"keys in the file: {len(lines.readlines())}")
    free = Daemon(binary, f"{folder}/free.db").start()
    bare = per_request(free, None)
    free.stop()
    daemon = Daemon(binary, f"{folder}/keys.db", ("--api-keys", file)).start()
    waits, before = [], cpu(daemon)
    for key in keys[1:]:
        begun = time.monotonic()
        assert Connection(daemon.port, key).get("/v1/series") == 200
        waits.append((time.monotonic() - begun) * 1e3)
    print(f"first use of a key: {percentile(waits, 0.5):.1f} ms in the client, "
          f"{(cpu(daemon) - before) / len(waits) * 1e3:.1f} ms of CPU")
    with_key = per_request(daemon, keys[0])
    print(f"a request without keys {bare:.1f} us, with a known one {with_key:.1f} us of the loop's CPU")
    print("poller alone:", idle(Poller(Connection(daemon.port, keys[0]))))
    poller, begun, before = Poller(Connection(daemon.port, keys[0])), time.monotonic(), cpu(daemon)
    poller.start()
    flood, told = Connection(daemon.port), {}
    for i in range(wrong):
        status = flood.get("/v1/series", f"tstrm_key{i % 20}_{i:043d}")
        told[status] = told.get(status, 0) + 1
    print(f"{wrong} wrong keys: {told}, {time.monotonic() - begun:.1f} s, {cpu(daemon) - before:.2f} s of CPU;",
          poller.end())
    daemon.stop()


def measure_tls(binary, folder, algorithm, n):
    cert, key = f"{folder}/{len(algorithm)}.pem", f"{folder}/{len(algorithm)}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", *algorithm, "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True,
                   capture_output=True)
    daemon = Daemon(binary, f"{folder}/tls{len(algorithm)}.db", ("--tls-cert", cert, "--tls-key", key)).start()
    context = ssl.create_default_context(cafile=cert)
    print("poller alone:", idle(Poller(Connection(daemon.port, context=context))))
    poller = Poller(Connection(daemon.port, context=context))
    begun, before = time.monotonic(), loop_cpu(daemon)
    poller.start()

    def connect():
        for _ in range(n // 4):
            connection = Connection(daemon.port, context=context)
            connection.get("/livez")
            connection.connection.close()
    threads = [threading.Thread(target=connect) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, used = time.monotonic() - begun, loop_cpu(daemon) - before
    print(f"{' '.join(algorithm)}: {n} handshakes by 4 clients at once in {seconds:.1f} s, {used / n * 1e3:.2f} ms of "
          f"CPU each, {n / used:.0f} a second of one core;", poller.end())
    daemon.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--wrong", type=int, default=10000)
    parser.add_argument("--handshakes", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tstrm-") as folder:
        measure_keys(os.path.abspath(options.binary), folder, options.wrong)
        for algorithm in (("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"), ("rsa:2048",)):
            measure_tls(os.path.abspath(options.binary), folder, algorithm, options.handshakes)


if __name__ == "__main__":
    main()
