#!/usr/bin/env python3
"""What the record of forecasts does to intervals: real series replayed point by point through the daemon.

For each series: post its history but for the last steps, then ask for a forecast and post the next value, one after
another. The answers' intervals, corrected by the record, are held against what came, beside the same intervals with
the correction taken out again (`widening` says what it was; nothing is fitted, so it is the record's alone). The
first third of the steps is where the record begins, and is not counted.

usage: record.py [SET...] [--limit N] [--steps N] [--data FOLDER] [--binary FILE]
"""
import sys
import tempfile

from accuracy import FREQUENCIES, Pusher, csv_body, lines_of, parse, progress, timestamps
from tstrmd import Daemon

import os
import time

SIDES = (("80", 0.1, 0.9), ("95", 0.025, 0.975))


def pinball(value, quantile, level):
    return max(level * (value - quantile), (level - 1) * (value - quantile))


class Tally:
    """Coverage and pinball loss of one kind of interval."""

    def __init__(self):
        self.inside, self.n, self.loss = {"80": 0, "95": 0}, 0, 0.0

    def add(self, value, bounds):
        self.n += 1
        for name, low, high in SIDES:
            lower, upper = bounds[name]
            self.inside[name] += lower <= value <= upper
            self.loss += pinball(value, lower, low) + pinball(value, upper, high)

    def coverage(self, name):
        return self.inside[name] / self.n if self.n else float("nan")


def bounds_of(seen, lead, corrected):
    """Lower and upper bound of both intervals; without the correction where it is to be taken out."""
    found, median = {}, seen["median"][lead]
    for name, _, _ in SIDES:
        lower, upper = (seen["intervals"][name][side][lead] for side in ("lower", "upper"))
        below, above = (1, 1) if corrected or not seen["widening"] else seen["widening"][name]
        found[name] = (median - (median - lower) / below, median + (upper - median) / above)
    return found


class Replay(Pusher):
    def series(self, index, line, steps, kinds):
        path = f"/v1/series/bench.{index}"
        values = (line["train"] + line["test"])[-2400:]
        steps = min(steps, len(values) // 2)
        times = timestamps(line["freq"], len(values))
        self.ask("PUT", path, {"frequency": FREQUENCIES[line["freq"]][0], "fit": "off", "season": [line["season"]]})
        first = len(values) - steps
        self.ask("POST", path + "/points", csv_body(line["freq"], values[:first]), type="text/csv")
        for at in range(first, len(values)):
            seen = self.ask("GET", f"{path}/forecast?horizon={len(line['test'])}&levels=80,95&quantiles=0.5")
            if at - first >= steps // 3:
                for lead, value in enumerate(values[at:at + len(line["test"])]):
                    for corrected, tally in kinds.items():
                        if value is not None:
                            tally.add(value, bounds_of(seen, lead, corrected))
            self.ask("POST", path + "/points", {"points": [[times[at], values[at]]]})
        self.ask("DELETE", path)


def main():
    arguments, steps = sys.argv[1:], 200
    if "--steps" in arguments:
        at = arguments.index("--steps")
        steps = int(arguments[at + 1])
        del arguments[at:at + 2]
    options = parse(arguments)
    if not os.path.isdir(options.data):
        sys.exit(f"there are no data in {options.data}")
    print("| set | 80%: as forecast | corrected | 95%: as forecast | corrected | pinball loss, ratio |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(options.binary, os.path.join(folder, "store.db"), ("--record-percent", "0")).start()
        try:
            for name in options.sets:
                lines, kinds, started = lines_of(name, options), {False: Tally(), True: Tally()}, time.monotonic()
                for i, line in enumerate(lines):
                    Replay(daemon.port, options).series(i, line, steps, kinds)
                    progress(name, i + 1, len(lines), started)
                plain, corrected = kinds[False], kinds[True]
                print(f"| {name} | {plain.coverage('80'):.3f} | {corrected.coverage('80'):.3f} | "
                      f"{plain.coverage('95'):.3f} | {corrected.coverage('95'):.3f} | "
                      f"{corrected.loss / plain.loss if plain.loss else float('nan'):.4f} |", flush=True)
        finally:
            daemon.stop()


if __name__ == "__main__":
    main()
