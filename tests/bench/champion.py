#!/usr/bin/env python3
"""What it costs, or gains, not to publish fits that score worse on what was held out: series replayed through the
daemon, each as two copies, one fitted with "publish":"better" and one with "publish":"always".

For each series: post its history but for the last part, fit both copies, then again and again: forecast both, hold
both against what comes, post it, fit both. MASE (in errors of seasonal naive inside the history) and pinball loss of
nine deciles, with the rule over without it.

usage: champion.py [SET...] [--limit N] [--literal] [--full] [--rounds N] [--data FOLDER] [--binary FILE]
"""
import os
import sys
import tempfile
import time

from accuracy import FREQUENCIES, Pusher, csv_body, lines_of, parse, progress, timestamps
from tstrmd import Daemon

RULES = ("better", "always")
COUNTED = ("error", "pinball", "n", "fits", "judged", "worse", "refused")
DECILES = [q / 10 for q in range(1, 10)]


def scale_of(values, season):
    steps = [abs(b - a) for a, b in zip(values, values[season:]) if a is not None and b is not None]
    return sum(steps) / len(steps) if steps else 0


class Replay(Pusher):
    def fit(self, path, rule, mode):
        job = self.ask("POST", path + "/fit", {"mode": mode, "publish": rule}, headers={"Prefer": "wait=60"})
        return (job.get("result") or {})

    def forecast_loss(self, path, came, scale):
        query = f"horizon={len(came)}&quantiles=" + ",".join(str(q) for q in DECILES)
        seen = self.ask("GET", f"{path}/forecast?{query}")
        error = pinball = n = 0
        for lead, value in enumerate(came):
            if value is None:
                continue
            n += 1
            error += abs(value - seen["median"][lead]) / scale
            for q in DECILES:
                miss = value - seen["quantiles"][str(q)][lead]
                pinball += 2 * max(q * miss, (q - 1) * miss) / scale / len(DECILES)
        return error, pinball, n

    def series(self, index, line, options, totals):
        values = (line["train"] + line["test"])[-2400:]
        horizon, season = len(line["test"]), line["season"]
        step = max(horizon, len(values) // 10)
        first = max(len(values) - options.rounds * step, len(values) // 2)
        scale, times = scale_of(values[:first], season), timestamps(line["freq"], len(values))
        if not scale > 0:
            return
        for rule in RULES:
            path = f"/v1/series/{rule}.{index}"
            self.ask("PUT", path, {"frequency": FREQUENCIES[line["freq"]][0], "fit": "off", "season": [season],
                                   **({"model": "literal"} if options.literal else {})})
            self.ask("POST", path + "/points", csv_body(line["freq"], values[:first]), type="text/csv")
            self.fit(path, rule, "full")
            for at in range(first, len(values) - horizon + 1, step):
                for key, amount in zip(("error", "pinball", "n"),
                                       self.forecast_loss(path, values[at:at + horizon], scale)):
                    totals[rule][key] += amount
                if at + step > len(values):
                    break
                self.ask("POST", path + "/points",
                         {"points": [[times[i], values[i]] for i in range(at, at + step)]})
                result = self.fit(path, rule, "full" if options.full else "incremental")
                totals[rule]["fits"] += 1
                totals[rule]["judged"] += result.get("held_out", 0) > 0
                totals[rule]["worse"] += (result.get("loss_challenger") or 0) > (result.get("loss_champion") or 0)
                totals[rule]["refused"] += result.get("published") is False
            self.ask("DELETE", path)


def main():
    arguments, rounds = sys.argv[1:], 16
    full = "--full" in arguments
    arguments = [a for a in arguments if a != "--full"]
    if "--rounds" in arguments:
        at = arguments.index("--rounds")
        rounds = int(arguments[at + 1])
        del arguments[at:at + 2]
    options = parse(arguments)
    options.full, options.rounds = full, rounds
    if not os.path.isdir(options.data):
        sys.exit(f"there are no data in {options.data}")
    print("| set | fits | with values held out | scored worse | not published | MASE, always | better | ratio | "
          "pinball, ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(options.binary, os.path.join(folder, "store.db"),
                        ("--record-percent", "0", "--fleet", "off")).start()
        try:
            for name in options.sets:
                totals = {rule: dict.fromkeys(COUNTED, 0) for rule in RULES}
                lines, started = lines_of(name, options), time.monotonic()
                for i, line in enumerate(lines):
                    Replay(daemon.port, options).series(f"{name}.{i}", line, options, totals)
                    progress(name, i + 1, len(lines), started)
                always, better = totals["always"], totals["better"]
                if not always["n"]:
                    continue
                print(f"| {name} | {better['fits']} | {better['judged']} | {better['worse']} | {better['refused']} | "
                      f"{always['error'] / always['n']:.4f} | {better['error'] / better['n']:.4f} | "
                      f"{better['error'] / always['error']:.4f} | {better['pinball'] / always['pinball']:.4f} |",
                      flush=True)
        finally:
            daemon.stop()


if __name__ == "__main__":
    main()
