#!/usr/bin/env python3
"""What the shared weights learn from a fleet: real series through a daemon, scored before and after one training.

For each data set: a daemon of its own on a temporary store gets the history of every series (of rolling windows the
oldest only, so that nothing that is forecast later was learned from) and fits them. Every line of the set is forecast
without a fit; then POST /v1/fleet/fit, and every line is forecast again. Beside it: what the training cost, and how
long a cached forecast took to be answered before it and while it ran.

usage: fleet.py [SET...] [--gift] [--limit N]   (--help)
"""
import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time

from accuracy import FREQUENCIES, ROOT, Client, Daemon, Pusher, commit, cpu_seconds, csv_body, for_scorer, lines_of
from accuracy import progress
from accuracy import parse as accuracy_options
from scores import Scores


def oldest(lines):
    """The series of a set: rolling windows of one are named NAME_wNN, oldest first."""
    seen, series = set(), []
    for line in lines:
        name = line["id"].rpartition("_w")[0] or line["id"]
        if name not in seen:
            seen.add(name)
            series.append(line)
    return series


def load(pusher, series):
    begun = time.monotonic()
    for i, line in enumerate(series):
        path = f"/v1/series/fleet.{i}"
        pusher.ask("PUT", path, {"frequency": FREQUENCIES[line["freq"]][0], "season": [line["season"]],
                                 "horizon": line["horizon"], "fit": "off"})
        pusher.ask("POST", path + "/points", csv_body(line["freq"], line["train"]), type="text/csv")
        pusher.ask("POST", path + "/fit", headers={"Prefer": "wait=600"})
        progress("fleet", i + 1, len(series), begun)


def score(pusher, lines, label, gift):
    scores, begun = Scores(gift), time.monotonic()
    for i, line in enumerate(lines):
        seen, _ = pusher.forecast(i, line)
        scores.add(line, for_scorer(line, seen))
        progress(label, i + 1, len(lines), begun)
    return scores.result()


class Poll(threading.Thread):
    """Asks for one cached forecast again and again and keeps how long each answer took."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client, self.on, self.ms = Client(port), True, []

    def run(self):
        while self.on:
            begun = time.perf_counter()
            self.client.get("/v1/series/fleet.0/forecast")
            self.ms.append((time.perf_counter() - begun) * 1000)
            time.sleep(.002)

    def stop(self):
        self.on = False
        self.join()
        self.client.close()
        ms = sorted(self.ms)
        return {"polls": len(ms), "p50_ms": round(statistics.median(ms), 3), "p99_ms": round(ms[len(ms) * 99 // 100], 3)}


def resident_peak_mb(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def train(pusher, port, pid):
    """What one training measured and cost."""
    idle = Poll(port)
    idle.start()
    time.sleep(2)
    cost = {"idle": idle.stop(), "peak_mb_before": round(resident_peak_mb(pid), 1)}
    busy, cpu, begun = Poll(port), cpu_seconds(pid), time.monotonic()
    busy.start()
    pusher.ask("POST", "/v1/fleet/fit")
    while (state := pusher.ask("GET", "/v1/fleet"))["state"] != "off":
        progress("training", int(state["progress"] * 100), 100, begun)
        time.sleep(.1)
    cost.update(training=busy.stop(), seconds=round(time.monotonic() - begun, 1),
                process_cpu_s=round(cpu_seconds(pid) - cpu, 1), peak_mb=round(resident_peak_mb(pid), 1))
    return state["last"], cost


def run_set(name, options):
    lines = lines_of(name, options)
    series = oldest(lines)
    with tempfile.TemporaryDirectory(prefix="tstrm-bench-") as folder:
        daemon = Daemon(options.binary, os.path.join(folder, "store.db"), ("--fleet", "off")).start()
        try:
            pusher = Pusher(daemon.port, options)
            load(pusher, series)
            before = score(pusher, lines, "before", options.gift)
            last, cost = train(pusher, daemon.port, daemon.process.pid)
            after = score(pusher, lines, "after", options.gift)
        finally:
            daemon.stop()
    return {"dataset": name, "series": len(series), "before": before, "after": after, "last": last, "cost": cost}


def row(found):
    b, a, last, cost = found["before"], found["after"], found["last"], found["cost"]
    gain = last["gain"] if last["gain"] is not None else float("nan")
    return (f"| {found['dataset']} | {found['series']} | {last['outcome']} | {100 * gain:.1f}% ({last['certainty']:.1f}) "
            f"| {b['MASE']:.4f} → {a['MASE']:.4f} | {b['WQL']:.4f} → {a['WQL']:.4f} "
            f"| {b['cov80']:.3f} → {a['cov80']:.3f} | {last['seconds']:.1f} s "
            f"| {cost['idle']['p50_ms']:.2f}/{cost['idle']['p99_ms']:.2f} → "
            f"{cost['training']['p50_ms']:.2f}/{cost['training']['p99_ms']:.2f} ms |")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=["m4_hourly", "m3_monthly", "nn5_daily", "hospital_monthly"])
    parser.add_argument("--gift", action="store_true", help="scale by gift_scale where a line has it")
    parser.add_argument("--limit", type=int, help="only N lines of each set, evenly spread")
    parser.add_argument("--output", default=os.path.join(ROOT, "var", "bench-fleet.jsonl"),
                        help="file to append one JSON line a set to")
    own = parser.parse_args(arguments)
    options = accuracy_options(["--no-fit"])
    options.sets, options.gift, options.limit, options.output = own.sets, own.gift, own.limit, own.output
    return options


def main(arguments):
    options = parse(arguments)
    if not os.path.isdir(options.data):
        print(f"skipped: there are no data in {os.path.normpath(options.data)}")
        return 0
    print("| set | series | outcome | gain on what was held out (in standard errors) | MASE | WQL | cov80 | CPU "
          "| cached forecast p50/p99, idle → training |\n|---|---|---|---|---|---|---|---|---|")
    for name in options.sets:
        found = run_set(name, options)
        os.makedirs(os.path.dirname(options.output), exist_ok=True)
        with open(options.output, "a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit(),
                                   **found}) + "\n")
        print(row(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
