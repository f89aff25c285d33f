#!/usr/bin/env python3
"""How long a lone client waits for a fit, a forecast and a cached forecast, beside others' floods and beside none.

One daemon with one worker. The flood comes from 127.0.0.1: fits of hundreds of series asked for again as soon as they
end, backtests, or stateless requests that fit. The lone client has 127.0.0.2 and a series of its own. Medians and the
worst of so many rounds, in ms, all in one run.

usage: fairness.py [--rounds N] [--series N] [--binary FILE]
"""
import argparse
import http.client
import multiprocessing
import os
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(ROOT, "tests", "lib"), os.path.join(ROOT, "tests", "e2e")]
from case import HOUR, T0, daily_wave  # noqa: E402
from tstrmd import Client, Daemon  # noqa: E402

POINTS = 1000


def client_at(port, address):
    client = Client(port, 600)
    client.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600, source_address=(address, 0))
    return client


def make(client, name, seed):
    client.put(f"/v1/series/{name}", {"frequency": "1h", "season": [24], "fit": "off"})
    points = [[T0 + i * HOUR, v] for i, v in enumerate(daily_wave(POINTS, seed))]
    client.post(f"/v1/series/{name}/points", {"points": points})


class Flood(multiprocessing.Process):
    """Asks without end, from one address, in a process of its own: the lone client must not wait for that either."""

    def __init__(self, port, kind, series):
        super().__init__(daemon=True)
        self.port, self.kind, self.series, self.asked = port, kind, series, 0

    def ask(self, client, i):
        if self.kind == "stateless":
            return client.post("/v1/forecast", {"horizon": 24, "series": [
                {"values": daily_wave(500, i), "frequency": "1h", "fit": True} for _ in range(50)]})
        body = {"mode": "full"} if self.kind == "fits" else {"horizon": 24, "windows": 10}
        return client.post(f"/v1/series/flood.{i % self.series}/{self.kind[:-1]}", body)

    def run(self):
        client = client_at(self.port, "127.0.0.1")
        while True:
            answer = self.ask(client, self.asked)
            self.asked += 1
            if answer.status == 429:
                time.sleep(0.01)


def timed(ask):
    start = time.monotonic()
    answer = ask()
    if answer.status >= 300:
        raise RuntimeError(f"{answer}")
    return (time.monotonic() - start) * 1000


def lone_waits(client, rounds):
    seen = {"fit": [], "stateless": [], "cached": []}
    for _ in range(rounds):
        seen["fit"].append(timed(lambda: client.post("/v1/series/lone/fit", {"mode": "full"},
                                                     headers={"Prefer": "wait=60"})))
        seen["stateless"].append(timed(lambda: client.post("/v1/forecast", {
            "horizon": 24, "series": [{"values": daily_wave(200), "frequency": "1h"}]})))
        seen["cached"].append(timed(lambda: client.get("/v1/series/lone/forecast")))
    return seen


def waiting(client):
    text = client.get("/metrics").body.decode()
    return sum(int(float(line.split()[-1])) for line in text.splitlines()
               if line.startswith("tstrm_jobs{") and ("pending" in line or "running" in line))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--series", type=int, default=500)
    parser.add_argument("--binary", default=os.path.join(ROOT, "build-release", "server", "tstrmd"))
    options = parser.parse_args()
    print("| beside | waiting | fit: median | worst | stateless: median | worst | cached: median | worst |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(options.binary, os.path.join(folder, "store.db"),
                        ("--workers", "1", "--record-percent", "0", "--fleet", "off")).start()
        try:
            lone = client_at(daemon.port, "127.0.0.2")
            make(lone, "lone", 1)
            for i in range(options.series):
                make(lone, f"flood.{i}", i)
            for kind in ("nothing", "fits", "backtests", "stateless"):
                floods = [Flood(daemon.port, kind, options.series) for _ in range(0 if kind == "nothing" else 4)]
                for flood in floods:
                    flood.start()
                time.sleep(2 if floods else 0)
                before = waiting(lone)
                seen = lone_waits(lone, options.rounds)
                for flood in floods:
                    flood.kill()
                cells = " | ".join(f"{sorted(ms)[len(ms) // 2]:.1f} | {max(ms):.1f}" for ms in seen.values())
                print(f"| {kind} | {before} | {cells} |", flush=True)
                for flood in floods:
                    flood.join()
                while waiting(lone):
                    for job in lone.get("/v1/jobs?state=pending&limit=1000").json()["jobs"]:
                        lone.delete(f"/v1/jobs/{job['id']}")
                    time.sleep(0.1)
        finally:
            daemon.stop()


if __name__ == "__main__":
    main()
