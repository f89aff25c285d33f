#!/usr/bin/env python3
"""Accuracy of the running product: pushes real series through the daemon over HTTP and scores its forecasts.

For each line of a data set: create the series (frequency, season), post its history with made-up
consecutive timestamps, fit with wait, ask for the forecast, compare with what came afterwards. Starts a
daemon of its own on a temporary store unless --address names one.

usage: accuracy.py [SET...] [--limit N] [--no-fit] [--literal] [--gift] [--all] ...   (--help)
"""
import argparse
import concurrent.futures
import gzip
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from scores import Scores  # noqa: E402
from tstrmd import Client, Daemon  # noqa: E402

# Name of the frequency in the data: the daemon's text, and the length of a step in ms (a month: as dates).
FREQUENCIES = {"1T": ("1m", 60_000), "5T": ("5m", 300_000), "15T": ("15m", 900_000), "30T": ("30m", 1_800_000),
               "H": ("1h", 3_600_000), "D": ("1d", 86_400_000), "B": ("1d", 86_400_000),
               "W": ("1w", 604_800_000), "M": ("1mo", 1), "Q": ("1q", 3), "Y": ("1y", 12)}
START_MS = 946_684_800_000  # 2000-01-01T00:00:00Z
DECILES = ",".join(f"0.{i}" for i in range(1, 10))


def timestamps(freq, n):
    """n consecutive times; months, quarters and years as dates from 1700 on."""
    _, step = FREQUENCIES[freq]
    if step > 12:
        return [START_MS + i * step for i in range(n)]
    return [f"{1700 + i * step // 12:04}-{i * step % 12 + 1:02}-01T00:00:00Z" for i in range(n)]


def csv_body(freq, values):
    lines = (f"{t},{'' if v is None else repr(v)}\n" for t, v in zip(timestamps(freq, len(values)), values))
    return "".join(lines).encode()


class Pusher:
    """Sends series through the daemon, one connection a thread."""

    def __init__(self, port, options):
        self.port, self.options = port, options
        self.local = threading.local()

    def ask(self, method, path, body=None, **more):
        if not hasattr(self.local, "client"):
            self.local.client = Client(self.port, timeout=600)
        answer = self.local.client.request(method, path, body, **more)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer.json() if answer.body else None

    def forecast(self, index, line):
        """The daemon's forecast of one line, and the seconds its fit took."""
        path = f"/v1/series/bench.{index}"
        settings = {"frequency": FREQUENCIES[line["freq"]][0], "fit": "off", "horizon": line["horizon"]}
        if self.options.literal:
            settings["model"] = "literal"
        if not self.options.auto_season:
            settings["season"] = [line["season"]]
        self.ask("PUT", path, settings)
        self.ask("POST", path + "/points", csv_body(line["freq"], line["train"]), type="text/csv")
        started = time.monotonic()
        if not self.options.no_fit:
            job = self.ask("POST", path + "/fit", headers={"Prefer": "wait=600"})
            if job["state"] != "succeeded":
                raise RuntimeError(f"fit of {line['id']}: {job}")
        seconds = time.monotonic() - started
        seen = self.ask("GET", f"{path}/forecast?horizon={len(line['test'])}&levels=80,95&quantiles={DECILES}")
        self.ask("DELETE", path)
        return seen, seconds


def for_scorer(line, seen):
    """The line that data/score.py reads."""
    band = seen["intervals"]["95"]
    quantiles = {**seen["quantiles"], "0.025": band["lower"], "0.975": band["upper"]}
    return {"id": line["id"], "median": seen["median"], "quantiles": quantiles}


def progress(name, done, total, started, file=sys.stderr):
    width = 30
    filled = width * done // max(total, 1)
    left = (time.monotonic() - started) / max(done, 1) * (total - done)
    end = "\n" if done == total else ""
    if file.isatty() or done == total or done % max(1, total // 10) == 0:
        file.write(f"\r{name:24} [{'#' * filled}{'.' * (width - filled)}] {done}/{total}  {left:4.0f} s left {end}")
        file.flush()


def run_set(name, lines, pusher, options):
    """Scores of one data set, and the lines for the scorer."""
    scores, rows, answered_by, started = Scores(options.gift), [], {}, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.concurrency) as threads:
        asked = {threads.submit(pusher.forecast, i, line): line for i, line in enumerate(lines)}
        for done, future in enumerate(concurrent.futures.as_completed(asked), 1):
            line = asked[future]
            seen, seconds = future.result()
            by = seen["method"]["answered_by"]
            answered_by[by] = answered_by.get(by, 0) + 1
            scores.add(line, for_scorer(line, seen), seconds)
            rows.append(for_scorer(line, seen))
            progress(name, done, len(lines), started)
    found = {"dataset": name, **scores.result(), "seconds": round(time.monotonic() - started, 2),
             "model": "literal" if options.literal else "trm", "fit": not options.no_fit, "answered_by": answered_by}
    return found, rows


def cpu_seconds(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def commit():
    shown = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return shown.stdout.strip() or None


def table_row(found):
    def cell(name):
        value = found.get(name)
        return f"{value:9.4f}" if isinstance(value, float) else f"{'–':>9}"
    return (f"{found['dataset']:22}{found['n']:6}" + "".join(map(cell, ("MASE", "WQL", "sQL", "cov80", "cov95")))
            + f"{found['seconds']:9.1f}{found.get('cpu_s', float('nan')):9.1f}")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=[], help="names of data sets (m4_hourly)")
    parser.add_argument("--all", action="store_true", help="every data set of the folder")
    parser.add_argument("--data", default=os.path.join(ROOT, "..", "shared", "data", "series"))
    parser.add_argument("--limit", type=int, help="only N series of each set, evenly spread")
    parser.add_argument("--no-fit", action="store_true", help="zero-shot; with --literal the drafts alone")
    parser.add_argument("--literal", action="store_true", help="a network of its own for each series")
    parser.add_argument("--auto-season", action="store_true", help="let the daemon find the season")
    parser.add_argument("--gift", action="store_true", help="scale by gift_scale where a line has it")
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--binary", default=os.path.join(ROOT, "build-release", "server", "tstrmd"))
    parser.add_argument("--address", help="port of a daemon that runs already on 127.0.0.1")
    parser.add_argument("--forecasts", metavar="FOLDER", help="write SET.jsonl for data/score.py there")
    parser.add_argument("--output", default=os.path.join(ROOT, "var", "bench-accuracy.jsonl"),
                        help="file to append one JSON line a set to")
    options = parser.parse_args(arguments)
    if options.all:
        options.sets = sorted(name.removesuffix(".jsonl.gz") for name in os.listdir(options.data)
                              if name.endswith(".jsonl.gz"))
    options.sets = options.sets or ["m4_hourly"]
    return options


def lines_of(name, options):
    with gzip.open(os.path.join(options.data, name + ".jsonl.gz"), "rt") as file:
        lines = [json.loads(line) for line in file]
    if options.limit and options.limit < len(lines):
        lines = [lines[i * len(lines) // options.limit] for i in range(options.limit)]
    return lines


def record(found, rows, options):
    os.makedirs(os.path.dirname(os.path.abspath(options.output)), exist_ok=True)
    with open(options.output, "a", encoding="utf-8") as file:
        file.write(json.dumps({"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit(), **found})
                   + "\n")
    if options.forecasts:
        os.makedirs(options.forecasts, exist_ok=True)
        with open(os.path.join(options.forecasts, found["dataset"] + ".jsonl"), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def run_all(port, pid, options):
    print(f"{'set':22}{'n':>6}{'MASE':>9}{'WQL':>9}{'sQL':>9}{'cov80':>9}{'cov95':>9}{'seconds':>9}{'CPU s':>9}")
    pusher = Pusher(port, options)
    for name in options.sets:
        before = cpu_seconds(pid) if pid else 0
        found, rows = run_set(name, lines_of(name, options), pusher, options)
        if pid:
            found["cpu_s"] = round(cpu_seconds(pid) - before, 2)
        record(found, rows, options)
        print(table_row(found), flush=True)


def main(arguments):
    if not os.path.isdir(parse([]).data) and "--data" not in arguments:
        print(f"skipped: there are no data in {os.path.normpath(parse([]).data)}; --data names another folder")
        return 0
    options = parse(arguments)
    if options.address:
        run_all(int(options.address.rpartition(":")[2]), None, options)
        return 0
    if not os.path.exists(options.binary):
        print(f"{options.binary} is not there: build it (deploy/run --once), or name another with --binary")
        return 1
    with tempfile.TemporaryDirectory(prefix="tstrm-bench-") as folder:
        daemon = Daemon(options.binary, os.path.join(folder, "bench.db")).start()
        try:
            run_all(daemon.port, daemon.process.pid, options)
        finally:
            daemon.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
