#!/usr/bin/env python3
"""What others notice while one attacks: each attack beside an idle baseline of the same length, on one daemon.

    tests/bench/overload.py                      # every attack, 8 s each, after as long a baseline
    tests/bench/overload.py idle json --seconds 20

A poller in a process of its own asks for a cached forecast every 5 ms; the loop's delay is the daemon's own histogram
(upper bounds of buckets); resident memory is looked at every 10 ms. Attackers run at a lower priority. One Markdown row
an attack.
"""
import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from flood import (Crowd, answers, connect, descriptors, gzip_bomb, head, json_bombs, metric, raise_descriptors,  # noqa: E402
                   resident)
from tstrmd import Daemon  # noqa: E402

MIB = 1 << 20
T0 = 1_795_392_000_000
POLL = "/v1/series/poll/forecast?horizon=48"
FORECAST = head("GET", POLL)


def poller(port, stop, out):
    """Seconds of every poll; a failed one is None."""
    from tstrmd import Client
    seen, client = [], Client(port)
    while not stop.is_set():
        begun = time.monotonic()
        try:
            ok = client.get(POLL).status == 200
        except OSError:
            ok, client = False, Client(port)
        seen.append(time.monotonic() - begun if ok else None)
        time.sleep(0.005)
    out.put(seen)


class Tally:
    """How often each answer came."""

    def __init__(self):
        self.seen = {}

    def add(self, what, n=1):
        self.seen[what] = self.seen.get(what, 0) + n

    def raw(self, answer):
        self.add(answer.split()[1].decode() if answer.startswith(b"HTTP/") else "cut off")

    def __str__(self):
        return ", ".join(f"{n} × {what}" for what, n in sorted(self.seen.items())) or "-"


# Each: attack(bench, tally, until) → its load in words.

def idle(bench, tally, until):
    with Crowd(bench.daemon.port, bench.connections) as crowd:
        time.sleep(max(0, until - time.monotonic()))
        tally.add("open", len(crowd.peers))
    return f"{bench.connections} connections that say nothing"


def beyond(bench, tally, until):
    crowds = [Crowd(bench.daemon.port, 300) for _ in range((bench.connections + 600) // 300)]
    time.sleep(max(0, until - time.monotonic()))
    for crowd in crowds:
        tally.add("connected", len(crowd.peers))
        crowd.close()
    return f"more connections than connections-max ({bench.connections + 100})"


def slow_headers(bench, tally, until):
    with Crowd(bench.daemon.port, 1000, b"GET /livez HTTP/1.1\r\nHost: x\r\nX: ") as crowd:
        while time.monotonic() < until:
            crowd.send(b"y")
            time.sleep(0.5)
        tally.add("still open", crowd.send(b"y"))
    return "1,000 headers, a byte every 0.5 s"


def slow_bodies(bench, tally, until):
    first = head("POST", "/v1/series/slow/points", "Content-Type: text/csv", "Transfer-Encoding: chunked")
    with Crowd(bench.daemon.port, 1000, first) as crowd:
        while time.monotonic() < until:
            crowd.send(b"1\r\n\n\r\n")
            time.sleep(0.5)
        tally.add("still open", crowd.send(b"1\r\n\n\r\n"))
    return "1,000 bodies, a chunk of a byte every 0.5 s"


def slow_readers(bench, tally, until):
    request = head("GET", "/v1/series/long/points?limit=100000")
    with Crowd(bench.daemon.port, 300, request, buffer=2048) as crowd:
        time.sleep(max(0, until - time.monotonic()))
        tally.add("asked", len(crowd.peers))
    return "300 answers of 2.3 MB that nobody reads"


def streams(bench, tally, until):
    job = bench.client.post("/v1/series/long/backtest", {"horizon": 24, "windows": 80, "step": 5}).json()["id"]
    with Crowd(bench.daemon.port, 400, head("GET", f"/v1/jobs/{job}/events"), buffer=1024) as crowd:
        time.sleep(max(0, until - time.monotonic()))
        for peer in crowd.peers:
            peer.settimeout(2)
            tally.raw(peer.recv(100) or b"")
    bench.client.delete(f"/v1/jobs/{job}")
    return "400 streams of events that nobody reads"


def repeated(bench, tally, until, work, n):
    """work(client, tally) again and again from n threads, behind the others."""
    def loop():
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 15)
        client = bench.daemon.client()
        while time.monotonic() < until:
            try:
                work(client, tally)
            except OSError:
                tally.add("cut off")
                client = bench.daemon.client()
    threads = [threading.Thread(target=loop) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def pipelining(bench, tally, until):
    last = FORECAST.replace(b"Host: x", b"Host: x\r\nConnection: close")

    def work(_, counts):
        with connect(bench.daemon.port) as peer:
            sender = threading.Thread(target=peer.sendall, args=(FORECAST * 999 + last,))
            sender.start()
            counts.add("200", answers(peer, 1 << 30).count(b"HTTP/1.1 200 "))
            sender.join()
    repeated(bench, tally, until, work, 8)
    return "8 connections, 1,000 requests in one breath"


def requests(bench, tally, until):
    repeated(bench, tally, until, lambda client, counts: counts.add(str(client.get("/v1/series/poll").status)), 32)
    return "32 connections, small requests one after another"


def bombs(bench, tally, until):
    made = json_bombs(16 * MIB - 100)

    def work(client, counts):
        for _, path, bomb in made:
            if time.monotonic() < until:
                counts.add(str(client.post(path, bomb, type="application/json").status))
    repeated(bench, tally, until, work, 4)
    return "4 connections, JSON of 16 MiB that grows"


def packed(bench, tally, until):
    repeated(bench, tally, until, lambda client, counts: counts.add(str(client.post(
        "/v1/forecast", bench.bomb, type="application/json", headers={"Content-Encoding": "gzip"}).status)), 8)
    return "8 connections, gzip of 1 GiB in 1 MB"


def fits(bench, tally, until):
    for i in range(50):
        bench.client.put(f"/v1/series/f{i}", {"frequency": "1h", "fit": "off", "model": "literal"})
        bench.client.post(f"/v1/series/f{i}/points", {"points": [[T0 + j * 3600000, j * i % 24] for j in range(1000)]})

    def work(client, counts):
        for i in range(50):
            counts.add(str(client.post(f"/v1/series/f{i}/fit").status))
    repeated(bench, tally, until, work, 4)
    for i in range(50):
        bench.client.delete(f"/v1/series/f{i}")
    return "fits of 50 series, at most 20 wait"


def promql(bench, tally, until):
    paths = ["/api/v1/query?query=%7B__name__%3D~%22.%2B%22%7D", "/api/v1/series?match[]=%7B__name__%3D~%22.%2B%22%7D",
             "/api/v1/labels", "/api/v1/label/__name__/values"]

    def work(client, counts):
        for path in paths:
            counts.add(str(client.get(path).status))
    repeated(bench, tally, until, work, 4)
    return "4 connections, queries that match each of 2,000 series"


def hostile(bench, tally, until):
    wide = b'{"series":[{"values":[' + b"1," * 900000 + b"1]}]}"
    csv = b"".join(b"%d,%d\n" % (T0 + i * 3600000, i % 9) for i in range(400000))
    numbers = iter(range(1 << 60))

    def work(client, counts):
        n = next(numbers)
        batch = {"series": [{"id": f"h{n}.{i}", "points": [[T0 + j * 3600000, j] for j in range(30)]}
                            for i in range(300)]}
        for answer in (client.post("/v1/forecast", wide, type="application/json"),
                       client.post(f"/v1/series/h{n % 5}/points", csv, type="text/csv"), client.post("/v1/points", batch)):
            counts.add(str(answer.status))
    repeated(bench, tally, until, work, 10)
    return f"10 connections, large bodies and new series, memory-max {bench.memory} MiB"


ATTACKS = {"idle": idle, "beyond": beyond, "headers": slow_headers, "bodies": slow_bodies, "readers": slow_readers,
           "streams": streams, "pipelining": pipelining, "requests": requests, "json": bombs, "gzip": packed,
           "fits": fits, "promql": promql, "memory": hostile}


class Bench:
    def __init__(self, options, binary, folder):
        self.connections = min(options.connections, raise_descriptors() - 1000)
        self.memory, self.seconds = options.memory, options.seconds
        self.daemon = Daemon(binary, os.path.join(folder, "s.db"), (
            "--connections-max", str(self.connections + 100), "--jobs-queue-max", "20", "--memory-max",
            f"{options.memory}MiB", "--record-percent", "0", "--fleet", "off")).start()
        self.client = self.daemon.client()

    def prepare(self):
        self.bomb = gzip_bomb(1 << 30)
        self.client.put("/v1/series/poll", {"frequency": "1h", "fit": "off"})
        self.client.post("/v1/series/poll/points", {"points": [[T0 + j * 3600000, j % 24] for j in range(500)]})
        self.client.put("/v1/series/long", {"frequency": "1h", "fit": "off"})
        self.client.post("/v1/series/long/points", {"points": [[T0 + j * 3600000, j % 24] for j in range(100000)]})
        for part in range(4):
            self.client.post("/v1/points", {"series": [{"id": f"s{part}.{i}", "points": [[T0 + j * 3600000, j] for j in
                                                        range(20)]} for i in range(500)]})

    def metrics(self):
        return self.client.get("/metrics").body.decode()

    def delays(self):
        """Counts by upper bound."""
        return [(float(line.split('"')[1]), int(line.split()[-1])) for line in self.metrics().splitlines()
                if line.startswith("tstrm_loop_delay_seconds_bucket")]

    def watched(self, work):
        """What was seen while work ran: its word, polls' milliseconds, loop delays, most memory."""
        stop, out, most = multiprocessing.Event(), multiprocessing.Queue(), [0]
        over = threading.Event()

        def sample():
            while not over.wait(0.01):
                most[0] = max(most[0], resident(self.daemon.process.pid))
        before = self.delays()
        watch = [multiprocessing.Process(target=poller, args=(self.daemon.port, stop, out)),
                 threading.Thread(target=sample)]
        for one in watch:
            one.start()
        word = work()
        stop.set()
        seen = out.get()
        over.set()
        for one in watch:
            one.join()
        after = self.delays()
        return word, seen, [(bound, n - m) for (bound, n), (_, m) in zip(after, before)], most[0]

    def recovered(self, fds):
        begun = time.monotonic()
        while time.monotonic() - begun < 60:
            text = self.metrics()
            if (descriptors(self.daemon.process.pid) <= fds + 2 and metric(text, "tstrm_requests_memory_bytes") == 0 and
                    metric(text, "tstrm_memory_short") == 0 and self.client.get("/readyz").status == 200):
                return f"{time.monotonic() - begun:.2f} s"
            time.sleep(0.02)
            left = f"{descriptors(self.daemon.process.pid) - fds} descriptors, " + ", ".join(
                f"{name} {metric(text, name):g}" for name in ("tstrm_requests_memory_bytes", "tstrm_memory_short",
                                                              "tstrm_connections", "tstrm_event_streams"))
        return "not in 60 s: " + left


def percentile(seen, share):
    good = sorted(one for one in seen if one is not None)
    return good[min(len(good) - 1, int(share * len(good)))] * 1e3 if good else float("nan")


def bound(delays, share):
    """The bucket that holds it, in ms."""
    total = delays[-1][1]
    return next((f"{1e3 * top:g}" for top, n in delays if total and n >= share * total), "-")


def row(bench, name):
    fds = descriptors(bench.daemon.process.pid)
    _, base, base_delay, _ = bench.watched(lambda: time.sleep(bench.seconds))
    tally = Tally()
    load, seen, delay, most = bench.watched(lambda: ATTACKS[name](bench, tally, time.monotonic() + bench.seconds))
    again = bench.recovered(fds)
    failed = seen.count(None)
    cells = (name, load, f"{most / MIB:.0f} MiB", f"{percentile(base, .5):.2f}, {percentile(base, .99):.2f}",
             f"{percentile(seen, .5):.2f}, {percentile(seen, .99):.2f}, {percentile(seen, 1):.1f}",
             f"≤ {bound(base_delay, .99)}", f"≤ {bound(delay, .99)}", f"{len(seen)}, {failed} failed", str(tally), again)
    print("| " + " | ".join(cells) + " |", flush=True)
    return dict(zip(("attack", "load", "rss", "base_ms", "poll_ms", "base_loop_ms", "loop_ms", "polls", "answers",
                     "recovered"), cells))


def main():
    root = os.path.join(HERE, "..", "..")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("attacks", nargs="*", help=f"of {', '.join(ATTACKS)}; none: all")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--connections", type=int, default=10000)
    parser.add_argument("--memory", type=int, default=512, help="MiB")
    parser.add_argument("--binary", default=os.environ.get("TSTRMD", os.path.join(root, "build-release/server/tstrmd")))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tstrm-") as folder:
        bench = Bench(options, options.binary, folder)
        try:
            bench.prepare()
            print("| attack | load | RSS max | idle poll p50, p99 ms | poll p50, p99, max ms | idle loop delay p99 ms "
                  "| loop delay p99 ms | polls | what the attackers got | recovered after |\n|" + "---|" * 10)
            rows = [row(bench, name) for name in options.attacks or ATTACKS]
        finally:
            bench.client.close()
            bench.daemon.stop()
    os.makedirs(os.path.join(root, "var"), exist_ok=True)
    with open(os.path.join(root, "var", "bench-overload.jsonl"), "a") as file:
        for one in rows:
            file.write(json.dumps(one) + "\n")


if __name__ == "__main__":
    main()
