#!/usr/bin/env python3
"""Remote write from a real Prometheus: is anything lost, and how long do others wait meanwhile?

A target of N series is scraped every second by a Prometheus of one's own, which writes to a daemon of one's
own. Samples that were acknowledged are counted in the sender (sent less failed and retried), those stored in
the daemon; both must agree once the queue has run empty. During the run a cached forecast and /livez are asked
for 50 times a second on connections of their own; their latencies are the loop's.

usage: ingest.py [--series N] [--seconds N] [--frequency 1m] [--record-percent N] [--binary FILE]
                 [--prometheus FILE] [--option NAME=VALUE]...
"""
import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from prometheus import Prometheus, Target, find  # noqa: E402
from tstrmd import Daemon  # noqa: E402

POLLS_A_SECOND = 50
WARM_SECONDS = 15
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- {{job_name: bench, static_configs: [{{targets: ["127.0.0.1:{target}"]}}]}}
remote_write:
- url: http://127.0.0.1:{daemon}/api/v1/write
  queue_config: {{batch_send_deadline: 1s, min_backoff: 100ms, max_backoff: 1s}}
"""


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve_target(n):
    """n gauges, each a slow wave of its own; runs until its standard input closes."""
    heads = [f'bench_value{{host="h{i // 100}",unit="{i}"}} ' for i in range(n)]

    def text():
        now = time.time()
        wave = [f"{100 + 10 * math.sin(now / 60 + i):.3f}\n" for i in range(100)]
        return "".join(head + wave[i % 100] for i, head in enumerate(heads))

    target = Target(text)
    print(target.port, flush=True)
    sys.stdin.read()
    target.stop()


class Poller(threading.Thread):
    """Asks for a path at fixed times and keeps the latencies."""

    def __init__(self, client, path):
        super().__init__(daemon=True)
        self.client, self.path, self.taken, self.stopped = client, path, [], False

    def run(self):
        due = time.monotonic()
        while not self.stopped:
            began = time.monotonic()
            answer = self.client.get(self.path)
            self.taken.append(time.monotonic() - began)
            if answer.status != 200:
                raise AssertionError(answer)
            due = max(due + 1 / POLLS_A_SECOND, began)
            time.sleep(max(0, due - time.monotonic()))


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def counters(client):
    found = {}
    for line in client.get("/metrics").body.decode().splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def acknowledged(prometheus):
    return int(prometheus.metric("prometheus_remote_storage_samples_total")
               - prometheus.metric("prometheus_remote_storage_samples_failed_total")
               - prometheus.metric("prometheus_remote_storage_samples_retried_total"))


def settle(prometheus, seconds=60):
    """Waits until the sender's queue has run empty."""
    until = time.monotonic() + seconds
    last = -1
    while time.monotonic() < until:
        now = acknowledged(prometheus)
        pending = prometheus.metric("prometheus_remote_storage_samples_pending")
        if pending == 0 and now == last:
            return
        last = now
        time.sleep(2)


def prepare(client):
    points = [[946_684_800_000 + i * 3_600_000, 100 + i * 7919 % 13] for i in range(500)]
    path = "/v1/series/polled"
    assert client.put(path, {"frequency": "1h"}).status == 201
    assert client.post(path + "/points", {"points": points}).status == 200
    assert client.post(path + "/fit", headers={"Prefer": "wait=20"}).status == 200


def measure(options, daemon, prometheus):
    client = daemon.client()
    pollers = [Poller(daemon.client(), path) for path in ("/v1/series/polled/forecast?horizon=12", "/livez")]
    time.sleep(WARM_SECONDS if options.skip_start else 0)
    before, cpu, began = counters(client), cpu_seconds(daemon.process.pid), time.monotonic()
    for poller in pollers:
        poller.start()
    time.sleep(options.seconds)
    for poller in pollers:
        poller.stopped = True
        poller.join()
    seconds = time.monotonic() - began
    after = counters(client)
    stored = after['tstrm_ingest_samples_total{protocol="remote_write"}'] - \
        before['tstrm_ingest_samples_total{protocol="remote_write"}']
    return {
        "samples_a_second": round(stored / seconds),
        "forecast_ms": [round(1e3 * quantile(pollers[0].taken, q), 2) for q in (0.5, 0.99, 1)],
        "livez_ms": [round(1e3 * quantile(pollers[1].taken, q), 2) for q in (0.5, 0.99, 1)],
        "cpu_percent": round(100 * (cpu_seconds(daemon.process.pid) - cpu) / seconds),
        "fits": round(after['tstrm_fits_total{outcome="succeeded"}'] - before['tstrm_fits_total{outcome="succeeded"}']),
        "forecasts": round(after["tstrm_forecasts_recorded_total"] - before["tstrm_forecasts_recorded_total"]),
        "sender_cpu_percent": round(100 * cpu_seconds(prometheus.process.pid) / (time.monotonic() - began)),
    }


def account(daemon, prometheus):
    """What the sender believes to be stored, and what is."""
    client = daemon.client()
    now = counters(client)
    dropped = sum(v for k, v in now.items() if k.startswith("tstrm_ingest_dropped_total"))
    kept = 0
    after = ""
    while True:
        page = client.get(f"/v1/series?limit=1000{after}").json()
        kept += sum(series["points"] for series in page["series"] if series["id"] != "polled")
        if not page.get("next"):
            break
        after = "&cursor=" + page["next"]
    sent = acknowledged(prometheus)
    return {"acknowledged": sent, "stored": kept, "dropped_by_rule": int(dropped), "lost": sent - kept - int(dropped)}


def run(options):
    program = options.prometheus or find(os.path.join(ROOT, "var"))[0]
    if program is None:
        sys.exit("no prometheus: " + find(os.path.join(ROOT, "var"))[1])
    target = subprocess.Popen([sys.executable, __file__, "--serve", str(options.series)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    arguments = ["--ingest-series-max", str(options.series + 100), "--ingest-frequency", options.frequency,
                 "--record-percent", str(options.record_percent)]
    for option in options.option:
        arguments += ["--" + option.partition("=")[0], option.partition("=")[2]]
    with tempfile.TemporaryDirectory(prefix="tstrm-ingest-") as folder:
        daemon = Daemon(options.binary, os.path.join(folder, "store.db"), arguments).start()
        prometheus = None
        try:
            prepare(daemon.client())
            port = int(re.match(r"\d+", target.stdout.readline()).group())
            prometheus = Prometheus(program, CONFIG.format(target=port, daemon=daemon.port)).start()
            result = {"series": options.series, "frequency": options.frequency, **measure(options, daemon, prometheus)}
            target.stdin.close()
            settle(prometheus)
            result.update(account(daemon, prometheus))
            print(json.dumps(result))
        finally:
            if prometheus:
                prometheus.stop()
            daemon.stop()
            target.kill()
            target.wait()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--frequency", default="1m", help="of the series that are created")
    parser.add_argument("--record-percent", type=int, default=10)
    parser.add_argument("--skip-start", action="store_true", help="measure from the 15th second on")
    parser.add_argument("--option", action="append", default=[], help="NAME=VALUE, another of the daemon's")
    parser.add_argument("--binary", default=os.path.join(ROOT, "build-release", "server", "tstrmd"))
    parser.add_argument("--prometheus", help="the program; else the one in PATH, or Debian's, unpacked in var")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_target(options.serve)
        return
    result = run(options)
    if result["lost"] != 0:
        sys.exit(f"{result['lost']} samples lost")


if __name__ == "__main__":
    main()
