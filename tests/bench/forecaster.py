#!/usr/bin/env python3
"""Accuracy of the forecaster over the library: tstrm evaluate on every set, beside classical methods and anchors.

Every figure is one run of `tstrm evaluate` on one set. It is appended as a JSON line to var/bench-forecaster.jsonl,
and a run that is there already (same program, weights, method, set and limits) is read instead of made again.

usage: forecaster.py [SET...] [--by-step | --short | --ablations] [--also NAME=FILE] ...   (--help)
"""
import argparse
import csv
import gzip
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")

# Seasonal naive's published MASE and WQL on the six GIFT-Eval configurations that the library holds exactly.
GIFT = {"m4_hourly": (1.1932, 0.0376), "etth1": (0.9773, 0.2404), "ettm2": (1.0673, 0.0964),
        "hospital_monthly": (0.9205, 0.0625), "saugeen_daily": (3.4130, 0.5850), "jena_hourly": (0.7229, 0.1542)}
# GIFT-Eval leaderboard, results per configuration: geometric means over those six of MASE and WQL, each over
# seasonal naive's. Parameters in millions, None where there are none.
ANCHORS = [("FlowState r1.1", 9.1, .733, .566), ("TimesFM-2.5", 231, .745, .589), ("TiRex", 35, .756, .573),
           ("TTM-R3-FT", 1.4, .757, .620), ("TTM-R3-PT", 1.4, .765, .627), ("Moirai2", 11, .768, .590),
           ("chronos-bolt-small", 48, .798, .602), ("Toto-2.0-4m", 4, .807, .611), ("TinyCast", .147, .815, .619),
           ("Kairos", 10, .836, .635), ("Reverso-Nano", .19, .844, .808),
           ("PatchTST, trained per data set", None, .935, .729), ("FLAIR, no training", None, .973, .747),
           ("N-BEATS, trained per data set", None, .975, .979), ("AutoARIMA", None, 1.044, .944),
           ("AutoTheta", None, 1.143, 1.297), ("AutoETS", None, 1.195, 1.215)]
SHORT_SETS = ["m4_hourly", "nn5_daily", "m3_monthly", "hospital_monthly", "tourism_quarterly"]
SHORT_POINTS = [10, 20, 50, 100, 200]
SHORT_METHODS = [("ours", []), ("theta", ["--method", "draft:theta"]), ("seasonal naive", ["--method", "snaive"]),
                 ("consensus", ["--method", "consensus"])]
NORMAL_90 = 1.6449
TIES = 1e-9
MISSING = "–"


# ---- figures ----

def geometric(values):
    values = [v for v in values if v is not None and v > 0]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def mean(values):
    values = [v for v in values if v is not None]
    return sum(values) / len(values) if values else None


def geometric_interval(found, name):
    """90% interval of a geometric mean over sets, from those of the sets, taken as independent."""
    centre = geometric([one[name] for one in found])
    spans = [one[name + "_90"] for one in found if one[name]]
    if centre is None or any(not low or not high for low, high in spans):
        return None
    errors = [math.log(high / low) / 2 / NORMAL_90 for low, high in spans]
    half = NORMAL_90 * math.sqrt(sum(e * e for e in errors)) / len(errors)
    return centre * math.exp(-half), centre * math.exp(half)


def gift_ratios(found):
    """Geometric means over the six configurations; None unless all six are there, whole."""
    rows = {one["dataset"]: one for one in found if one["dataset"] in GIFT and not one["limit"] and not one["truncate"]}
    if len(rows) < len(GIFT):
        return None, None
    return tuple(geometric([rows[name][what] / GIFT[name][i] for name in GIFT]) for i, what in enumerate(("MASE", "WQL")))


def best_classical(folder):
    """Per set the single method with the least MASE, of those measured on the whole set: {set: (method, MASE)}."""
    path = os.path.join(folder, "summary.csv")
    best = {}
    if not os.path.exists(path):
        return best
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["method"].startswith("comb") or "sample" in row["n"]:
                continue
            value = float(row["mase"])
            if row["dataset"] not in best or value < best[row["dataset"]][1]:
                best[row["dataset"]] = (row["method"], value)
    return best


# ---- tables ----

def number(value, digits=3):
    return MISSING if value is None else f"{value:.{digits}f}"


def span(pair, digits=3):
    return MISSING if not pair or None in pair else f"{pair[0]:.{digits}f}–{pair[1]:.{digits}f}"


def table(head, rows):
    """Markdown that can be read as it is: the first column to the left, the others to the right."""
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    def line(cells):
        return "| " + " | ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                                 for i, (cell, width) in enumerate(zip(cells, widths))) + " |"
    ruler = "|" + "|".join("-" * (width + 2) if i == 0 else "-" * (width + 1) + ":"
                           for i, width in enumerate(widths)) + "|"
    return "\n".join([line(head), ruler, *map(line, rows)]) + "\n"


# ---- runs ----

class Bar:
    """Counts series, since sets differ by a factor of seventy."""

    def __init__(self, total, file=sys.stderr):
        self.total, self.done, self.file, self.started = total, 0, file, time.monotonic()

    def show(self, label):
        if not self.file.isatty() or not self.total:
            return
        gone, filled = time.monotonic() - self.started, 30 * self.done // self.total
        left = f"{gone / self.done * (self.total - self.done):5.0f} s left" if self.done else ""
        self.file.write(f"\r\033[K[{'#' * filled}{'.' * (30 - filled)}] {self.done}/{self.total} series {left}  {label}")
        self.file.flush()

    def clear(self):
        if self.file.isatty():
            self.file.write("\r\033[K")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


def commit():
    shown = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True,
                           check=False)
    return shown.stdout.strip() or None


class Task:
    """One run of the tool: what it is called in tables, and its options."""

    def __init__(self, label, arguments=(), weights=None, limit=None, truncate=None):
        self.label, self.arguments, self.weights = label, list(arguments), weights
        self.limit, self.truncate = limit, truncate

    def command(self):
        more = ["--weights", self.weights] if self.weights else []
        more += ["--limit", str(self.limit)] if self.limit else []
        more += ["--truncate", str(self.truncate)] if self.truncate else []
        return [*self.arguments, *more]


class Bench:
    def __init__(self, options):
        self.options = options
        self.program, self.commit, self.digests = digest(options.binary), commit(), {}
        self.finished, self.sizes = self.read(options.output), {}

    @staticmethod
    def read(path):
        if not os.path.exists(path):
            return {}
        found = {}
        with open(path, encoding="utf-8") as file:
            for text in file:
                try:
                    line = json.loads(text)
                    found[line["key"]] = line
                except (ValueError, KeyError):
                    pass  # the end of a run that was cut off
        return found

    def key(self, task, name):
        """Names a run: equal keys mean equal figures, times apart."""
        if task.weights and task.weights not in self.digests:
            self.digests[task.weights] = digest(task.weights)
        parts = [self.program, self.digests.get(task.weights, "own"), name, *task.arguments,
                 f"limit={task.limit or 0}", f"truncate={task.truncate or 0}"]
        return " ".join(parts)

    def path(self, name):
        return os.path.join(self.options.data, name + ".jsonl.gz")

    def series(self, name, task):
        if name not in self.sizes:
            with gzip.open(self.path(name), "rb") as file:
                self.sizes[name] = sum(1 for _ in file)
        return min(self.sizes[name], task.limit or self.sizes[name])

    def run(self, task, name):
        with tempfile.TemporaryDirectory(prefix="tstrm-bench-") as folder:
            figures = os.path.join(folder, "figures.jsonl")
            done = subprocess.run([self.options.binary, "evaluate", self.path(name), *task.command(), "--gift",
                                   "--by-step", "--no-progress", "--threads", str(self.options.threads), "--json", figures],
                                  capture_output=True, text=True, check=False)
            if not os.path.exists(figures):
                raise SystemExit(f"{task.label}, {name}: {done.stderr.strip()}")
            with open(figures, encoding="utf-8") as file:
                found = json.loads(file.readline())
        return {"key": self.key(task, name), "label": task.label,
                "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": self.commit, **found}

    def keep(self, line):
        os.makedirs(os.path.dirname(os.path.abspath(self.options.output)), exist_ok=True)
        with open(self.options.output, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.finished[line["key"]] = line

    def all(self, tasks, names):
        """The lines of every task, in the order of names: [[line, ...], ...]."""
        pairs = [(task, name) for task in tasks for name in names]
        wanted = [(t, n) for t, n in pairs if self.options.again or self.key(t, n) not in self.finished]
        bar = Bar(sum(self.series(name, task) for task, name in wanted))
        made = set()
        for task, name in wanted:
            bar.show(f"{task.label}, {name}")
            if self.key(task, name) not in made:
                self.keep(self.run(task, name))
            made.add(self.key(task, name))
            bar.done += self.series(name, task)
        bar.clear()
        return [[self.finished[self.key(task, name)] for name in names] for task in tasks]


# ---- the reports ----

def say_failures(lines):
    for line in lines:
        if line["failed"]:
            print(f"{line['dataset']}: {line['failed']} of {line['lines']} series without an answer, left out")


def names_of(lines):
    return ", ".join(line["dataset"] for line in lines) or "none"


def say_weights(lines):
    one = next((line for line in lines if line["weights"]), None)
    if one:
        print(f"Weights {one['weights_name']} ({one['weights']}): {one['networks']} × {one['parameters']:,} parameters, "
              f"{one['supervision']} steps.\n")


def set_row(line, best):
    method, classical = best.get(line["dataset"], (None, None))
    energy = [number(line["joules"], 4)] if line.get("joules") is not None else []
    return [line["dataset"], line["n"], number(line["MASE"]), number(line["MASE_ratio"]), span(line["MASE_ratio_90"]),
            f"{number(classical)} {method}" if method else MISSING, number(line["WQL"], 4), number(line["WQL_ratio"]),
            number(line["sQL"]), number(line["cov80"]), number(line["cov95"]), number(line["cpu_us"], 0), *energy]


def print_means(lines):
    mase, wql = geometric_interval(lines, "MASE_ratio"), geometric_interval(lines, "WQL_ratio")
    print(f"Geometric mean over {len(lines)} sets, over seasonal naive: "
          f"MASE {number(geometric([l['MASE_ratio'] for l in lines]))} ({span(mase)}), "
          f"WQL {number(geometric([l['WQL_ratio'] for l in lines]))} ({span(wql)}).")
    mase, wql = gift_ratios(lines)
    if mase:
        print(f"Over the six GIFT-Eval configurations, over seasonal naive as published: MASE {number(mase)}, "
              f"WQL {number(wql)}.")


def print_counts(lines, best):
    inside80 = [l for l in lines if l["cov80"] is not None and .77 <= l["cov80"] <= .83]
    inside95 = [l for l in lines if l["cov95"] is not None and .92 <= l["cov95"] <= .97]
    known = [l for l in lines if l["dataset"] in best]
    lost = [l for l in known if not (l["MASE"] or math.inf) < best[l["dataset"]][1]]
    worse = [l for l in lines if (l["MASE_ratio"] or 0) > 1 + TIES]
    worse_wql = [l for l in lines if (l["WQL_ratio"] or 0) > 1 + TIES]
    print(f"80% interval covers .77 to .83 on {len(inside80)} of {len(lines)} sets, "
          f"95% interval .92 to .97 on {len(inside95)}.")
    if known:
        print(f"Best classical method not beaten on {len(lost)} of {len(known)}: {names_of(lost)}.")
    print(f"Worse than seasonal naive by MASE: {names_of(worse)}; by WQL: {names_of(worse_wql)}.\n")


def print_anchors(lines):
    mase, wql = gift_ratios(lines)
    if not mase:
        return
    one = next((line for line in lines if line["weights"]), None)
    ours = ("**tstrm**", one["networks"] * one["parameters"] / 1e6 if one else None, mase, wql)
    rows = sorted([*ANCHORS, ours, ("seasonal naive", None, 1.0, 1.0)], key=lambda row: row[2])
    print(table(["six GIFT-Eval configurations", "M parameters", "MASE", "WQL"],
                [[name, MISSING if size is None else f"{size:.3g}", number(a), number(b)]
                 for name, size, a, b in rows]))
    print("Others: GIFT-Eval leaderboard, results per configuration; geometric means over seasonal naive.")


def report_library(bench, names, options):
    lines, = bench.all([Task("tstrm", options.method, options.weights, options.limit)], names)
    best = {} if options.limit else best_classical(options.baselines)  # theirs are of whole sets
    head = ["set", "n", "MASE", "ratio", "90%", "best classical", "WQL", "ratio", "sQL", "cov80", "cov95", "us/series"]
    say_weights(lines)
    print(table(head + (["J/series"] if lines[0].get("joules") is not None else []),
                [set_row(line, best) for line in lines]))
    say_failures(lines)
    print_means(lines)
    print_counts(lines, best)
    print_anchors(lines)


def report_steps(bench, names, options):
    lines, = bench.all([Task("tstrm", options.method, options.weights, options.limit)], names)
    steps = max(len(line.get("MASE_by_step", [])) for line in lines)
    rows, ratios = [], []
    for line in lines:
        cells, kept = [], []
        for what in ("MASE", "WQL"):
            seen = line.get(what + "_by_step", [])
            seen = seen + seen[-1:] * (steps - len(seen)) if seen else [None] * steps
            cells += [number(v, 4) for v in seen]
            kept += [v / line[what + "_naive"] if v is not None and line[what + "_naive"] else None for v in seen]
        rows.append([line["dataset"], line["n"], *cells])
        ratios.append(kept)
    rows.append(["geometric mean of ratios", "", *(number(geometric(column), 4) for column in zip(*ratios))])
    say_weights(lines)
    print(table(["set", "n", *(f"{what} {s}" for what in ("MASE", "WQL") for s in range(steps))], rows))
    print("Step 0 is the drafts' consensus; a series that has settled keeps its last step's answer.")


def report_short(bench, names, options):
    """Mean MASE where only the last points of each history are shown."""
    tasks = [Task(f"{label}, last {points}", arguments or options.method, None if arguments else options.weights,
                  options.limit, points)
             for points in SHORT_POINTS for label, arguments in SHORT_METHODS]
    found = bench.all(tasks, names)
    width, head, rows = len(SHORT_METHODS), [label for label, _ in SHORT_METHODS], []
    for i, name in enumerate(names):
        for p, points in enumerate(SHORT_POINTS):
            rows.append([f"{name}, last {points}",
                         *(number(lines[i]["MASE"]) for lines in found[p * width:(p + 1) * width])])
    for p, points in enumerate(SHORT_POINTS):
        naive = [line["MASE"] for line in found[p * width + 2]]
        rows.append([f"ratio, last {points}",
                     *(number(geometric([line["MASE"] / n for line, n in zip(lines, naive) if line["MASE"] and n]))
                       for lines in found[p * width:(p + 1) * width])])
    say_weights(found[0])
    print(table(["mean MASE", *head], rows))
    print("The scale is that of the whole history. Ratio: geometric mean over the sets, over seasonal naive.")


def ablations(options, networks, steps):
    own = {"weights": options.weights, "limit": options.limit}
    few = min(options.literal_limit, options.limit or options.literal_limit)
    tasks = [Task("seasonal naive", ["--method", "snaive"], limit=options.limit),
             Task(f"one draft ({options.draft})", ["--method", f"draft:{options.draft}"], limit=options.limit),
             Task("consensus of the drafts", ["--method", "consensus"], limit=options.limit)]
    tasks += [Task(f"network after step {s}", ["--steps", str(s)], **own) for s in range(1, steps)]
    tasks += [Task(f"network after step {steps}, halting" if steps > 1 else "network after step 1", [], **own),
              Task("… verification silenced after training", ["--no-verify"], **own)]
    if networks > 1:
        tasks.append(Task(f"… one network of {networks}", ["--network", "1"], **own))
    tasks += [Task(f"… weights {name}", [], path, options.limit) for name, path in options.also]
    tasks.append(Task("adapted: network, fitted series by series", ["--method", "adapted"], **own))
    tasks += [Task(f"literal: a network for each series, {few} a set", ["--method", "literal"], limit=few),
              Task(f"network, on the same {few} a set", [], options.weights, few)]
    return tasks


def ablation_row(task, lines):
    mase, wql = gift_ratios(lines)
    energy = mean([line.get("joules") for line in lines])
    parts = next((f"{line['networks'] * line['parameters'] / 1e3:.0f}k" for line in lines if line["weights"]), MISSING)
    return [task.label, parts, number(geometric([line["MASE_ratio"] for line in lines])),
            span(geometric_interval(lines, "MASE_ratio")), number(geometric([line["WQL_ratio"] for line in lines])),
            number(mase), number(wql), number(mean([line["cov80"] for line in lines])),
            number(mean([line["cov95"] for line in lines])), number(mean([line["cpu_us"] for line in lines]), 0),
            *([number(energy, 4)] if energy is not None else [])]


def report_ablations(bench, names, options):
    first, = bench.all([Task("network", [], options.weights, options.limit)], names[:1])
    tasks = ablations(options, first[0]["networks"], first[0]["supervision"])
    found = bench.all(tasks, names)
    head = ["who answers", "weights", f"MASE ({len(names)})", "90%", f"WQL ({len(names)})", "MASE (GIFT)", "WQL (GIFT)",
            "cov80", "cov95", "us/series"]
    energy = any(line.get("joules") is not None for lines in found for line in lines)
    say_weights(first)
    print(table(head + (["J/series"] if energy else []), [ablation_row(*pair) for pair in zip(tasks, found)]))
    print(f"Geometric means over {len(names)} sets of MASE and WQL over seasonal naive's, and over the six GIFT-Eval\n"
          "configurations over seasonal naive's as published; coverage and CPU time are means over sets.")


# ---- command line ----

def named_file(text):
    name, equals, path = text.partition("=")
    if not name or not equals or not os.path.isfile(path):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=FILE")
    return name, path


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", help="names of data sets (all of the folder)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--by-step", action="store_true", help="MASE and WQL after each supervision step")
    what.add_argument("--short", action="store_true", help="with only the last points of each history")
    what.add_argument("--ablations", action="store_true", help="one row for each way to answer")
    parser.add_argument("--also", action="append", type=named_file, default=[], metavar="NAME=FILE",
                        help="a row of the ablations for other weights; may be repeated")
    parser.add_argument("--weights", help="the networks, instead of those of the program")
    parser.add_argument("--adapted", dest="method", action="store_const", const=["--method", "adapted"], default=[],
                        help="fit each series first")
    parser.add_argument("--draft", default="pooled_regression",
                        help="single draft of the ablations (pooled_regression, the best on series outside the library)")
    parser.add_argument("--limit", type=int, help="only N series of each set, evenly spread")
    parser.add_argument("--literal-limit", type=int, default=40, help="series a set for the literal row (40)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="make runs again that are in the file")
    parser.add_argument("--data", help="folder of the sets (../shared/data/series)")
    parser.add_argument("--baselines", help="folder of summary.csv (DATA/../baselines)")
    parser.add_argument("--binary", default=os.path.join(ROOT, "build-release", "server", "tool", "tstrm"))
    parser.add_argument("--output", default=os.path.join(ROOT, "var", "bench-forecaster.jsonl"))
    options = parser.parse_args(arguments)
    options.data = options.data or os.path.join(ROOT, "..", "shared", "data", "series")
    options.baselines = options.baselines or os.path.join(options.data, "..", "baselines")
    return options


def main(arguments):
    options = parse(arguments)
    if not os.path.isdir(options.data):
        print(f"skipped: there are no data in {os.path.normpath(options.data)}; --data names another folder")
        return 0
    if not os.path.exists(options.binary):
        print(f"{options.binary} is not there: build it (deploy/run --once), or name another with --binary")
        return 1
    there = sorted(name.removesuffix(".jsonl.gz") for name in os.listdir(options.data) if name.endswith(".jsonl.gz"))
    names = options.sets or ([name for name in SHORT_SETS if name in there] if options.short else there)
    if not names or any(name not in there for name in names):
        print(f"no such set in {os.path.normpath(options.data)}: {', '.join(n for n in names if n not in there) or 'none'}")
        return 1
    report = (report_steps if options.by_step else report_short if options.short
              else report_ablations if options.ablations else report_library)
    report(Bench(options), names, options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
