#!/usr/bin/env python3
"""The forecaster beside seasonal naive, Theta, ETS and AR on real sets, by the daemon's own backtests.

For each line of a data set: create the series, post history and future, and ask for a backtest of one window
whose origin is the end of the history. The window's truth is then the set's own, and its scores are comparable
with those of other programs on the same set. Printed as Markdown, and appended as one JSON line a set to
var/bench-backtest.jsonl.

usage: backtest.py [SET...] [--limit N] [--data FOLDER] [--binary FILE]
"""
import argparse
import json
import os
import sys
import tempfile
import time

from accuracy import FREQUENCIES, ROOT, Pusher, cpu_seconds, csv_body, commit, lines_of, parse, progress
from tstrmd import Daemon

METHODS = ("trm", "seasonal_naive", "theta", "ets", "ar")


class Backtester(Pusher):
    def scores(self, index, line):
        """The result of one line's backtest."""
        path = f"/v1/series/bench.{index}"
        self.ask("PUT", path, {"frequency": FREQUENCIES[line["freq"]][0], "fit": "off", "season": [line["season"]]})
        self.ask("POST", path + "/points", csv_body(line["freq"], line["train"] + line["test"]), type="text/csv")
        job = self.ask("POST", path + "/backtest", {"horizon": len(line["test"]), "windows": 1},
                       headers={"Prefer": "wait=60"})
        while job["state"] in ("pending", "running"):
            time.sleep(0.2)
            job = self.ask("GET", "/v1/jobs/" + job["id"])
        if job["state"] != "succeeded":
            raise RuntimeError(f"{line['id']}: {job}")
        self.ask("DELETE", path)
        return job["result"]


def mean(values):
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def summary(results):
    """Means over the series, by method."""
    found = {}
    for name in METHODS:
        told = [result["methods"][name] for result in results]
        found[name] = {"mase": mean([m["mase"] for m in told]), "smape": mean([m["smape"] for m in told]),
                       "coverage80": mean([m["coverage"]["80"] for m in told]),
                       "coverage95": mean([m["coverage"]["95"] for m in told]),
                       "beats_naive": mean([m["windows_won"] for m in told]),
                       "best": mean([float(result["best"] == name) for result in results])}
    return found


def print_table(name, n, found, seconds):
    print(f"\n{name}: {n} series, {seconds:.0f} s of CPU\n")
    print("| method | MASE | sMAPE | cov. 80% | cov. 95% | beats seasonal naive | best of the five |")
    print("|---|---|---|---|---|---|---|")
    for method, scores in found.items():
        print(f"| {method} | {scores['mase']:.3f} | {scores['smape']:.2f} | {scores['coverage80']:.3f} | "
              f"{scores['coverage95']:.3f} | {scores['beats_naive']:.2f} | {scores['best']:.2f} |")
    sys.stdout.flush()


def run_set(name, daemon, options):
    lines = lines_of(name, options)
    tester, results, started = Backtester(daemon.port, options), [], time.monotonic()
    before = cpu_seconds(daemon.process.pid)
    for i, line in enumerate(lines):
        results.append(tester.scores(i, line))
        progress(name, i + 1, len(lines), started)
    found, seconds = summary(results), cpu_seconds(daemon.process.pid) - before
    print_table(name, len(lines), found, seconds)
    os.makedirs(os.path.dirname(os.path.abspath(options.output)), exist_ok=True)
    with open(options.output, "a", encoding="utf-8") as file:
        file.write(json.dumps({"commit": commit(), "dataset": name, "n": len(lines), "cpu_s": round(seconds, 1),
                               "methods": found}) + "\n")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=["m3_monthly", "tourism_quarterly"])
    parser.add_argument("--limit", type=int, help="only N series of each set, evenly spread")
    parser.add_argument("--data", default=parse([]).data)
    parser.add_argument("--binary", default=os.path.join(ROOT, "build-release", "server", "tstrmd"))
    parser.add_argument("--output", default=os.path.join(ROOT, "var", "bench-backtest.jsonl"))
    options = parser.parse_args(arguments)
    for what in (options.data, options.binary):
        if not os.path.exists(what):
            print(f"skipped: {os.path.normpath(what)} is not there")
            return 0
    with tempfile.TemporaryDirectory(prefix="tstrm-bench-") as folder:
        daemon = Daemon(options.binary, os.path.join(folder, "bench.db"), ("--fleet", "off")).start()
        try:
            for name in options.sets:
                run_set(name, daemon, options)
        finally:
            daemon.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
