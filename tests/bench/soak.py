#!/usr/bin/env python3
"""Mixed load for N minutes under memory and descriptor accounting, and a verdict: is all flat, is all there?

A daemon of one's own on a new store, a fixed number of series with histories that retention has already cut, and
askers that do everything the interface offers, and much that it refuses (soak_load.py), at a fixed rate. The accounts
(soak_account.py) are taken every few seconds, one JSON line each in --out; a line a minute and the verdict are printed.
Ends with 1 where something is not as it must be.

usage: soak.py --minutes 30 [--rate N] [--series N] [--askers N] [--workers N] [--out FILE] [--binary FILE]
               [--interval SECONDS] [--points N] [--option NAME=VALUE]...
"""
import argparse
import collections
import json
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from soak_account import Poller, memory_verdict, quantiles, sample, settled, verdict  # noqa: E402
from soak_load import RETENTION, Asker, World, missing, prepare  # noqa: E402
from tstrmd import Daemon  # noqa: E402

MIB = 1 << 20
POLLS_A_SECOND = 20
# Memory is judged in runs of at least so long; before that it goes on filling what is allowed to fill.
JUDGED_SECONDS = 600

Result = collections.namedtuple("Result", "verdict rows tally polls seconds lost")


def start(options, folder):
    backups = os.path.join(folder, "backups")
    os.mkdir(backups)
    # The options stand in a file, so that a reload has one to read.
    settings = {"workers": options.workers, "backup-dir": backups, "series-max": options.series * 3 + 200,
                "connections-max": 200, "forecast-cache-bytes": "8MiB", "body-bytes-max": "8MiB",
                "inflight-bytes-max": "64MiB", "jobs-queue-max": 200, "ingest-series-max": 1000}
    settings.update(option.split("=", 1) for option in options.option)
    path = os.path.join(folder, "tstrmd.conf")
    with open(path, "w") as file:
        file.writelines(f"{name} = {value}\n" for name, value in settings.items())
    daemon = Daemon(options.binary, os.path.join(folder, "soak.db"), ["--config", path]).start()
    return daemon, World(daemon, options.series, backups)


def show(row, pollers):
    polled = " ".join(f"{p.path.split('?')[0].rpartition('/')[2]} {'/'.join(map(str, quantiles(p.taken)))} ms"
                      for p in pollers)
    print(f"{row['seconds'] / 60:6.1f} min  rss {row['resident'] / MIB:6.1f}  heap {row['heap_used'] / MIB:6.2f}"
          f"  free {row['heap_free'] / MIB:5.2f}  counted {row['counted'] / MIB:5.2f}  file {row['file'] / MIB:6.1f}"
          f"  wal {row['wal'] / MIB:5.1f}  fds {sum(row['descriptors'].values()):3d}  threads {row['threads']}"
          f"  requests {row['requests']}  wrong {row['wrong']}  {polled}", flush=True)


def watch(options, world, pollers, out):
    """Takes the accounts until the time is up."""
    client, rows, began, shown = world.daemon.client(), [], time.monotonic(), 0
    while True:
        row = sample(world.daemon, client, began)
        row.update(requests=world.tally.requests(), wrong=world.tally.wrong_n, statuses=world.tally.statuses())
        rows.append(row)
        if row["seconds"] >= shown * 60:
            if not options.quiet:
                show(row, pollers)
            row["polls_ms"] = {poller.path: poller.lately() for poller in pollers}
            shown += 1
        out.write(json.dumps(row) + "\n")
        out.flush()
        if time.monotonic() - began >= options.minutes * 60:
            client.close()
            return rows
        time.sleep(options.interval)


def load(options, world, out):
    askers = [Asker(world, number, options.rate / options.askers) for number in range(1, options.askers + 1)]
    pollers = [Poller(world.daemon.client(), path, POLLS_A_SECOND / 2, world.tally)
               for path in (world.plain[0].path + "/forecast?horizon=24", "/livez")]
    for thread in (*pollers, *askers):
        thread.start()
    rows = watch(options, world, pollers, out)
    world.stop.set()
    for poller in pollers:
        poller.stopped.set()
    for thread in (*askers, *pollers):
        thread.join()
    world.close()
    return rows, {poller.path: quantiles(poller.all + poller.taken) for poller in pollers}


def judge(options, world, base, rows):
    end = settled(world.daemon)
    lost = missing(world)
    found = verdict(base, rows, end, world.tally, lost, world.daemon.lines)
    if rows[-1]["seconds"] >= JUDGED_SECONDS and not options.unjudged:
        found += memory_verdict(rows)
    return found, lost


def run(options):
    """The whole soak; the daemon has ended when it returns."""
    with tempfile.TemporaryDirectory(prefix="tstrm-soak-", dir=options.folder) as folder:
        began = time.monotonic()
        daemon, world = start(options, folder)
        try:
            prepare(world, options.points)
            base = settled(daemon)
            with open(options.out, "w") as out:
                rows, polls = load(options, world, out)
            found, lost = judge(options, world, base, rows)
        finally:
            world.stop.set()
            daemon.stop()
    return Result(found, rows, world.tally, polls, time.monotonic() - began, lost)


def report(result):
    print("\nanswers by kind of request")
    for kind, statuses in sorted(result.tally.counts.items()):
        print(f"  {kind:14}", "  ".join(f"{status}: {n}" for status, n in sorted(statuses.items(), key=str)))
    print("\npolls, p50/p99/max in ms")
    for path, taken in result.polls.items():
        print(f"  {path:40} {taken}")
    first, last = result.rows[0], result.rows[-1]
    print(f"\ncontext switches {[b - a for a, b in zip(first['switches'], last['switches'])]}"
          f"  CPU {last['cpu'] - first['cpu']:.1f} s  points acknowledged and looked for {result.lost[0]}")
    print("\nverdict")
    for name, holds, figures in result.verdict:
        print(f"  {'holds ' if holds else 'FAILED'}  {name}: {json.dumps(figures)}")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=60, help="of turns a second, all askers together")
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--askers", type=int, default=6)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--interval", type=float, default=2, help="seconds between two lines of the accounts")
    parser.add_argument("--points", type=int, default=RETENTION + 1100, help="of each series before the soak begins")
    parser.add_argument("--option", action="append", default=[], help="NAME=VALUE, another of the daemon's")
    parser.add_argument("--out", default=os.path.join(ROOT, "var", "bench-soak.jsonl"))
    parser.add_argument("--folder", help="where the store lies; else the system's for temporary files")
    parser.add_argument("--unjudged", action="store_true", help="no verdict on memory (sanitizers have their own malloc)")
    parser.add_argument("--quiet", action="store_true", help="print the verdict only")
    parser.add_argument("--binary", default=os.path.join(ROOT, "build-release", "server", "tstrmd"))
    return parser.parse_args(arguments)


def main():
    options = parse(sys.argv[1:])
    os.makedirs(os.path.dirname(os.path.abspath(options.out)), exist_ok=True)
    result = run(options)
    report(result)
    with open(options.out, "a") as out:
        out.write(json.dumps({"verdict": result.verdict, "polls_ms": result.polls, "counts": result.tally.counts,
                              "wrong": result.tally.wrong}) + "\n")
    sys.exit(0 if all(holds for _, holds, _ in result.verdict) else 1)


if __name__ == "__main__":
    main()
