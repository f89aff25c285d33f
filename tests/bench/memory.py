#!/usr/bin/env python3
"""What an idle series costs in memory: the daemon's resident set before and after N fitted series.

usage: memory.py [--series 500] [--points 2048] [--binary FILE]
"""
import argparse
import json
import math
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from tstrmd import Client, Daemon  # noqa: E402

START_MS = 946_684_800_000


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def load(client, number, points):
    values = [round(100 + 10 * math.sin(i * 0.2618) + (i * (number + 7919)) % 13, 2) for i in range(points)]
    body = "".join(f"{START_MS + i * 3_600_000},{value}\n" for i, value in enumerate(values)).encode()
    for method, path, data, headers in (
            ("PUT", f"/v1/series/s{number}", {"frequency": "1h", "season": [24], "fit": "off"}, {}),
            ("POST", f"/v1/series/s{number}/points", body, {"Content-Type": "text/csv"}),
            ("POST", f"/v1/series/s{number}/fit", None, {"Prefer": "wait=60"})):
        answer = client.request(method, path, data, headers)
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer}")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=500)
    parser.add_argument("--points", type=int, default=2048)
    parser.add_argument("--binary", default=os.path.join(ROOT, "build-release", "server", "tstrmd"))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tstrm-bench-") as folder:
        daemon = Daemon(options.binary, os.path.join(folder, "bench.db")).start()
        client = Client(daemon.port)
        try:
            load(client, 0, options.points)  # whatever is paid once
            before = resident_bytes(daemon.process.pid)
            for number in range(1, options.series + 1):
                load(client, number, options.points)
                if number % 50 == 0:
                    print(f"{number}/{options.series} series", file=sys.stderr, flush=True)
            grown = resident_bytes(daemon.process.pid) - before
            counted = json.loads(client.get("/v1/series/s1").body)["memory_bytes"]
        finally:
            client.close()
            daemon.stop()
    print(json.dumps({"series": options.series, "points": options.points,
                      "resident_bytes_per_series": grown // options.series, "counted_bytes": counted}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
