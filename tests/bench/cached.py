#!/usr/bin/env python3
"""CPU per request of a cached forecast, beside nginx's `return 200` of the same bytes.

wrk loads one server, then the other, in turns, several rounds; what counts is the CPU time that each
server's process took by /proc, divided by the requests that wrk saw answered. Medians and their ratio.

usage: cached.py [--rounds N] [--seconds N] [--connections N] [--binary FILE]
"""
import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from tstrmd import Client, Daemon  # noqa: E402

HOUR = 3_600_000
PATH = "/v1/series/bench/forecast?horizon=12"  # under 4,096 bytes, the longest word in nginx's file
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000000; default_type application/json;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{text}'; }} }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def prepare(client):
    """A fitted series; returns the bytes of its forecast."""
    values = [[(946_684_800_000 + i * HOUR), 100 + 30 * ((i % 24) / 24) + (i * 7919 % 13)] for i in range(1000)]
    for method, path, body, headers in (
            ("PUT", "/v1/series/bench", {"frequency": "1h", "season": [24], "horizon": 24, "fit": "off"}, {}),
            ("POST", "/v1/series/bench/points", {"points": values}, {}),
            ("POST", "/v1/series/bench/fit", None, {"Prefer": "wait=120"})):
        answer = client.request(method, path, body, headers)
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer}")
    return client.get(PATH).body


def start_nginx(folder, text):
    port = free_port()
    for own in b"'", b"$", b"\\":  # what nginx would read as its own; as many bytes stay
        text = text.replace(own, b" ")
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w") as file:
        file.write(NGINX.format(folder=folder, port=port, text=text.decode()))
    process = subprocess.Popen(["nginx", "-p", folder, "-c", config], stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    process.terminate()
    process.wait()
    raise RuntimeError("nginx did not start")


def load(url, pids, options):
    """(microseconds of CPU a request, requests a second) of one round."""
    before = sum(map(cpu_seconds, pids))
    shown = subprocess.run(["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", url],
                           capture_output=True, text=True, check=True).stdout
    used = sum(map(cpu_seconds, pids)) - before
    requests = int(re.search(r"(\d+) requests in", shown).group(1))
    if "Non-2xx" in shown or requests == 0:
        raise RuntimeError(shown)
    return used / requests * 1e6, requests / options.seconds


def compare(daemon, nginx, nginx_port, size, options):
    targets = {"tstrmd": (f"http://127.0.0.1:{daemon.port}{PATH}", [daemon.process.pid]),
               "nginx": (f"http://127.0.0.1:{nginx_port}/", children(nginx.pid))}
    rounds = {name: [] for name in targets}
    for number in range(options.rounds):
        for name, (url, pids) in targets.items():
            rounds[name].append(load(url, pids, options))
            print(f"round {number + 1}/{options.rounds}  {name:7} {rounds[name][-1][0]:7.2f} us CPU a request, "
                  f"{rounds[name][-1][1]:9.0f} requests/s", flush=True)
    medians = {name: statistics.median(us for us, _ in seen) for name, seen in rounds.items()}
    rates = {name: statistics.median(rate for _, rate in seen) for name, seen in rounds.items()}
    ratio = medians["tstrmd"] / medians["nginx"]
    print(f"median of {options.rounds}, {size} bytes: tstrmd {medians['tstrmd']:.2f} us, nginx "
          f"{medians['nginx']:.2f} us, ratio {ratio:.2f}")
    print(json.dumps({"bytes": size, "rounds": options.rounds, "connections": options.connections,
                      "cpu_us": medians, "requests_per_s": rates, "ratio": ratio}))


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--binary", default=os.path.join(ROOT, "build-release", "server", "tstrmd"))
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    missing = [name for name in ("wrk", "nginx") if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")]
    if missing:
        print(f"skipped: {' and '.join(missing)} not installed (apt-get install {' '.join(missing)})")
        return 0
    os.environ["PATH"] += ":/usr/sbin"
    with tempfile.TemporaryDirectory(prefix="tstrm-bench-") as folder:
        os.chmod(folder, 0o755)
        daemon = Daemon(options.binary, os.path.join(folder, "bench.db")).start()
        try:
            client = Client(daemon.port)
            text = prepare(client)
            client.close()
            nginx, port = start_nginx(folder, text)
            try:
                compare(daemon, nginx, port, len(text), options)
            finally:
                nginx.terminate()
                nginx.wait()
        finally:
            daemon.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
