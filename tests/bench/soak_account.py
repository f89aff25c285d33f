"""A daemon's accounts during a soak: memory, descriptors, threads, files, queues; and whether they are flat.

Knows /proc, /v1/admin/stats and what may grow by design; refuses to know what is asked meanwhile (soak_load.py).
Surprising: the verdict on memory is about what malloc has handed out, less what the daemon itself counts (series,
cached forecasts), while no shared weights are trained: that hardly changes from one minute to the next, where the resident set, which has a
verdict too, moves by megabytes with the order in which things are freed.
"""
import collections
import os
import re
import statistics
import threading
import time

HEAP_GROWTH_BYTES = 512 << 10   # over the judged part, beyond what is counted …
HEAP_GROWTH_PART = 0.01         # … or that part of the heap
RESIDENT_GROWTH_BYTES = 2 << 20
RESIDENT_GROWTH_PART = 0.03
WAL_BYTES = 64 << 20
BAD_LINE = re.compile(r"level=(warn|error)|\"level\":\"(warn|error)\"")
DAY = 86400


def status(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def smaps(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        rows = [line.split() for line in file]
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if len(row) == 3}


def descriptors(pid):
    """How many of each kind: socket, pipe, eventpoll, eventfd, and files by their name."""
    kinds = collections.Counter()
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            target = os.readlink(os.path.join(folder, name))
        except OSError:  # closed meanwhile
            continue
        kind = re.match(r"(?:anon_inode:\[?)?(socket|pipe|[a-z]+)", target)
        kinds[os.path.basename(target) if target.startswith("/") else kind.group(1)] += 1
    return dict(sorted(kinds.items()))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Poller(threading.Thread):
    """Asks for one path at fixed times and keeps how long the answers took."""

    def __init__(self, client, path, a_second, tally):
        super().__init__(daemon=True)
        self.client, self.path, self.pause, self.tally = client, path, 1 / a_second, tally
        self.taken, self.all, self.stopped = [], [], threading.Event()

    def run(self):
        while not self.stopped.wait(self.pause):
            began = time.monotonic()
            try:
                answer = self.client.get(self.path)
                self.tally.count("poll", answer.status)
                if answer.status != 200:
                    self.tally.fault(f"poll {self.path}: {answer}")
            except Exception as failure:
                self.tally.fault(f"poll {self.path}: {type(failure).__name__}: {failure}")
                self.client.close()
            self.taken.append(time.monotonic() - began)
        self.client.close()

    def lately(self):
        """p50, p99 and the longest since the last call, in ms."""
        taken, self.taken = self.taken, []
        self.all += taken
        return quantiles(taken)


def quantiles(taken):
    ranked = sorted(taken) or [0]
    return [round(1e3 * ranked[min(len(ranked) - 1, int(q * len(ranked)))], 2) for q in (0.5, 0.99, 1)]


def sample(daemon, client, began):
    """One line of the accounts."""
    pid = daemon.process.pid
    told, now, memory = client.get("/v1/admin/stats").json(), status(pid), smaps(pid)
    fleet = client.get("/v1/fleet").json()
    store = told["store"]
    return {
        "seconds": round(time.monotonic() - began, 1), "resident": memory["Rss"], "anonymous": memory["Anonymous"],
        "heap_used": told["memory"]["heap_used_bytes"], "heap_free": told["memory"]["heap_free_bytes"],
        "counted": told["memory"]["series_bytes"] + told["cache"]["bytes"] + told["memory"]["requests_bytes"],
        "series": told["series"]["count"], "points": told["series"]["points"], "cached": told["cache"]["entries"],
        "descriptors": descriptors(pid), "threads": int(now["Threads"]), "file": store["file_bytes"],
        "wal": store["wal_bytes"], "store_queue": store["queue_requests"], "tasks_queued": told["workers"]["queued"],
        "jobs": told["jobs"], "connections": told["requests"]["connections"], "active": told["requests"]["active"],
        "switches": [int(now["voluntary_ctxt_switches"]), int(now["nonvoluntary_ctxt_switches"])],
        "cpu": round(cpu_seconds(pid), 2), "store_failures": store["failures"],
        "training": fleet["state"] not in ("off", "idle"),
    }


def slope(rows, value):
    """Theil and Sen's: the median of the slopes between pairs of samples, in units a second."""
    pairs = [(row["seconds"], value(row)) for row in rows]
    step = max(1, len(pairs) // 300)
    pairs = pairs[::step]
    slopes = [(b - a) / (t - s) for i, (s, a) in enumerate(pairs) for t, b in pairs[i + 1:] if t > s]
    return statistics.median(slopes) if slopes else 0.0


def growth(rows, value):
    """Of the later half of the samples: where it stands, what it grows by in that time, and would in a day."""
    half = [row for row in rows if row["seconds"] >= rows[-1]["seconds"] / 2]
    rate = slope(half, value)
    seconds = half[-1]["seconds"] - half[0]["seconds"]
    return {"level": int(statistics.median(value(row) for row in half)), "grown": round(rate * seconds),
            "a_day": round(rate * DAY), "seconds": round(seconds)}


def settled(daemon, seconds=60):
    """The accounts once nothing is under way any more, or after the time; connections closed."""
    until = time.monotonic() + seconds
    client = daemon.client()
    while True:
        row = sample(daemon, client, 0)
        quiet = row["connections"] <= 1 and not row["tasks_queued"] and not row["jobs"]["running"] \
            and not row["jobs"]["pending"] and not row["store_queue"]
        if quiet or time.monotonic() > until:
            break
        time.sleep(0.5)
    client.close()
    time.sleep(1)
    return {**row, "descriptors": descriptors(daemon.process.pid), "threads": int(status(daemon.process.pid)["Threads"])}


def memory_verdict(rows):
    """Rows of the verdict that need a long run: name, whether it holds, figures."""
    def beyond(row):
        return row["heap_used"] - row["counted"]
    # A training of the shared weights holds some 30 MB while it runs, and it runs by chance.
    untrained = [row for row in rows if not row["training"]] or rows
    heap, resident = growth(untrained, beyond), growth(rows, lambda row: row["resident"])
    return [("heap beyond what is counted is flat", heap["grown"] <= max(HEAP_GROWTH_BYTES, HEAP_GROWTH_PART * heap["level"]),
             heap),
            ("resident set is flat",
             resident["grown"] <= max(RESIDENT_GROWTH_BYTES, RESIDENT_GROWTH_PART * resident["level"]), resident)]


def verdict(base, rows, end, tally, lost, log):
    """What must hold after any run, however short."""
    bad_lines = [line.rstrip() for line in log if BAD_LINE.search(line)]
    statuses = tally.statuses()
    failures = {s: n for s, n in statuses.items() if s.startswith("5") and s not in ("503", "507")}
    wal = max((row["wal"] for row in rows), default=0)
    return [
        ("no acknowledged point is missing", not lost[1] and lost[0] > 0, {"looked": lost[0], "missing": lost[1][:5]}),
        ("every answer is one of those expected", tally.wrong_n == 0, {"wrong": tally.wrong_n, "first": tally.wrong[:5]}),
        ("no 5xx but wanted ones", not failures, failures),
        ("descriptors are back", end["descriptors"] == base["descriptors"], [base["descriptors"], end["descriptors"]]),
        ("threads are back", end["threads"] == base["threads"], [base["threads"], end["threads"]]),
        ("series are as many as before", end["series"] == base["series"], [base["series"], end["series"]]),
        ("write-ahead log is bounded", wal <= WAL_BYTES, wal),
        ("nothing is left in a queue", not end["tasks_queued"] and not end["store_queue"] and end["active"] <= 1,
         [end["tasks_queued"], end["store_queue"], end["active"]]),
        ("the log has no warning", not bad_lines, bad_lines[:5]),
    ]
