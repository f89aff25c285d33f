"""What a soak asks of the daemon: some fifty kinds of requests, good, bad and broken off, in random order.

Knows what each kind may be answered with and remembers every write that was acknowledged; refuses to know what the
daemon's memory does meanwhile (soak_account.py). Surprising: the number of series stays the same, each with
`retention_points`, and those that come and go are gone again before the next ones come, so that after a while nothing
has a reason to grow any more.
"""
import glob
import gzip
import json
import math
import os
import random
import socket
import struct
import sys
import threading
import time
from urllib.parse import quote

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import remote_write  # noqa: E402

HOUR, MINUTE = 3_600_000, 60_000
T0 = 1_767_225_600_000  # 2026-01-01T00:00:00Z
RETENTION = 2048
OVERLOAD = (429, 503)
WRONG_KEPT = 50
IDLE_SECONDS = 30
CSV, NDJSON, FORM = "text/csv", "application/x-ndjson", "application/x-www-form-urlencoded"


class Series:
    """One series and every point of it that the daemon has acknowledged. The lock is held from request to answer."""

    def __init__(self, name, step, settings=None):
        self.name, self.step, self.settings = name, step, settings
        self.path = "/v1/series/" + quote(name, safe="")
        self.lock = threading.Lock()
        self.points, self.unknown, self.next = {}, set(), 0

    def value(self, at):
        return round(100 + 30 * math.sin(at / 3.82) + at * 7919 % 13, 2)

    def fresh(self, n):
        """The next n points, not yet sent."""
        taken = range(self.next, self.next + n)
        self.next += n
        return [(T0 + at * self.step, self.value(at)) for at in taken]

    def acknowledged(self, points):
        self.points.update(points)
        self.unknown.difference_update(t for t, _ in points)

    def newest(self):
        """What has to be there whatever retention did, in order."""
        return sorted((t, v) for t, v in self.points.items() if t not in self.unknown)[48 - RETENTION:]


class Tally:
    """Answers by kind of request and status, and what was not as it should be."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts, self.wrong, self.wrong_n = {}, [], 0

    def count(self, kind, status, n=1):
        with self.lock:
            by_status = self.counts.setdefault(kind, {})
            by_status[status] = by_status.get(status, 0) + n

    def fault(self, text):
        with self.lock:
            self.wrong_n += 1
            if len(self.wrong) < WRONG_KEPT:
                self.wrong.append(text)

    def requests(self):
        with self.lock:
            return sum(sum(statuses.values()) for statuses in self.counts.values())

    def statuses(self):
        found = {}
        with self.lock:
            for statuses in self.counts.values():
                for status, n in statuses.items():
                    found[str(status)] = found.get(str(status), 0) + n
        return found


class World:
    """What all askers share."""

    def __init__(self, daemon, series_n, backups):
        self.daemon, self.backups = daemon, backups
        self.plain = [Series(f"plain.{i}", HOUR, {"frequency": "1h", "season": [24], "labels": {"site": f"s{i % 3}"},
                                                  "retention_points": RETENTION}) for i in range(series_n)]
        self.mean = [Series(f"mean.{i}", MINUTE, {"frequency": "15m", "aggregate": "mean", "season": [96],
                                                  "retention_points": RETENTION}) for i in range(max(2, series_n // 8))]
        remote = max(2, series_n // 4)
        self.remote = [Series(f'soak_load{{instance="i{i}",job="soak"}}', MINUTE // 4) for i in range(remote)]
        self.influx = [Series(f'soak_line_value{{host="h{i}"}}', MINUTE // 4) for i in range(max(2, series_n // 8))]
        self.tally = Tally()
        self.examples = examples()
        self.jobs, self.idle, self.streams, self.turn = [], [], [], 0
        self.lock = threading.Lock()
        self.stop = threading.Event()

    def series(self):
        return [*self.plain, *self.mean, *self.remote, *self.influx]

    def number(self):
        with self.lock:
            self.turn += 1
            return self.turn

    def job(self, job):
        with self.lock:
            self.jobs = [*self.jobs[-30:], job]

    def close(self):
        for held in (*self.idle, *self.streams):
            held.close()
        self.idle, self.streams = [], []


def examples():
    """Requests that store nothing, from schemas/examples, with what they are answered with."""
    found = []
    for pattern in ("timegpt-*", "kserve-*", "stateless*"):
        for path in sorted(glob.glob(os.path.join(HERE, "..", "..", "schemas", "examples", pattern + ".json"))):
            with open(path) as file:
                example = json.load(file)
            if "before" not in example:
                found.append((example["request"], example["response"]["status"]))
    return found


class Asker(threading.Thread):
    """One thread with a connection, at a rate of its own, until the world stops."""

    def __init__(self, world, number, a_second):
        super().__init__(daemon=True)
        self.world, self.random, self.pause = world, random.Random(number), 1 / a_second
        self.client, self.kind, self.asked = world.daemon.client(), "", time.monotonic()
        self.kinds = [(kind.__name__, kind, weight) for kind, weight in self.mixture()]

    def run(self):
        due = time.monotonic()
        while not self.world.stop.is_set():
            self.turn()
            due = max(due + self.pause * self.random.uniform(0.5, 1.5), time.monotonic() - self.pause)
            self.world.stop.wait(max(0, due - time.monotonic()))
        self.client.close()

    def turn(self):
        self.kind, act = self.random.choices([k[:2] for k in self.kinds], [k[2] for k in self.kinds])[0]
        try:
            act()
        except Exception as failure:  # what failed is told at the end, and the soak goes on
            self.world.tally.fault(f"{self.kind}: {type(failure).__name__}: {failure}")
            self.client.close()

    def ask(self, method, path, content=None, allowed=(200,), **more):
        now = time.monotonic()
        if now - self.asked > IDLE_SECONDS:  # following a job took so long that the daemon closes what waited for it
            self.client.close()
        self.asked = now
        answer = self.client.request(method, path, content, **more)
        self.world.tally.count(self.kind, answer.status)
        if answer.status not in allowed:
            raise AssertionError(f"{method} {path} {str(content)[:200]} -> {answer}")
        return answer

    def one(self, kind=None):
        return self.random.choice(kind or self.world.plain)

    # ---- writes ----

    def put_points(self, series, points, send):
        """Under the series' lock: unknown until acknowledged."""
        series.unknown.update(t for t, _ in points)
        send()
        series.acknowledged(points)

    def write_one(self):
        series = self.one()
        with series.lock:
            points = series.fresh(1)
            self.put_points(series, points, lambda: self.ask("POST", series.path + "/points", {"points": points}))

    def write_forms(self):
        series = self.one()
        with series.lock:
            points = series.fresh(self.random.randint(2, 5))
            form = self.random.randrange(3)
            if form == 0:
                content, media = {"timestamps": [t for t, _ in points], "values": [v for _, v in points]}, None
            elif form == 1:
                content, media = "".join(f"{t},{v}\n" for t, v in points), CSV
            else:
                content, media = "".join(f"[{t},{v}]\n" for t, v in points), NDJSON
            headers = None
            if media and self.random.random() < 0.5:
                content, headers = gzip.compress(content.encode()), {"Content-Encoding": "gzip"}
            self.put_points(series, points, lambda: self.ask("POST", series.path + "/points", content, type=media,
                                                             headers=headers))

    def replace(self):
        """Some points again, with the same value or another one."""
        series = self.one()
        with series.lock:
            points = [(t, round(v + self.random.choice((0, 0, 1)), 2))
                      for t, v in sorted(self.random.sample(series.newest()[-200:], 3))]
            self.put_points(series, points, lambda: self.ask("POST", series.path + "/points", {"points": points}))

    def late(self):
        """A gap that is filled afterwards."""
        series = self.one()
        with series.lock:
            first, second, third = series.fresh(3)
            self.put_points(series, [third], lambda: self.ask("POST", series.path + "/points", {"points": [third]}))
            points = [first, second]
            self.put_points(series, points, lambda: self.ask("POST", series.path + "/points", {"points": points}))

    def aggregated(self):
        series = self.one(self.world.mean)
        with series.lock:
            points = series.fresh(self.random.randint(3, 20))
            if self.random.random() < 0.3:
                points = sorted({**dict(points), self.random.choice(series.newest()[-40:])[0] + 1000: 101.5}.items())
            self.put_points(series, points, lambda: self.ask("POST", series.path + "/points", {"points": points}))

    def locked(self, kind, n):
        """n series, locked in one order so that two askers cannot wait for each other."""
        taken = sorted(self.random.sample(kind, min(n, len(kind))), key=lambda series: series.name)
        for series in taken:
            series.lock.acquire()
        return taken

    def many(self, kind, n, each, send):
        """One request with `each` fresh points of n series; send is given pairs of series and points."""
        taken = self.locked(kind, n)
        try:
            pairs = [(series, series.fresh(each)) for series in taken]
            for series, points in pairs:
                series.unknown.update(t for t, _ in points)
            send(pairs)
            for series, points in pairs:
                series.acknowledged(points)
        finally:
            for series in taken:
                series.lock.release()

    def batch(self):
        def send(pairs):
            if self.random.random() < 0.5:
                self.ask("POST", "/v1/points", {"series": [{"id": s.name, "points": p} for s, p in pairs]})
            else:
                lines = "".join(json.dumps({"series": s.name, "t": t, "v": v}) + "\n" for s, p in pairs for t, v in p)
                self.ask("POST", "/v1/points", lines, type=NDJSON)
        self.many(self.world.plain, 5, 1, send)

    def remote(self):
        def send(pairs):
            two = self.random.random() < 0.5
            rows = [([("__name__", "soak_load"), *(part.split("=") for part in label(s))], p) for s, p in pairs]
            message = (remote_write.message_2 if two else remote_write.message_1)(*rows)
            self.ask("POST", "/api/v1/write", remote_write.snappy(message), (204,),
                     headers=remote_write.HEADERS_2 if two else remote_write.HEADERS_1)

        def label(series):
            return series.name.partition("{")[2].rstrip("}").replace('"', "").split(",")
        self.many(self.world.remote, 10, 2, send)

    def line_protocol(self):
        def send(pairs):
            lines = "".join(f'soak_line,host={s.name.split(chr(34))[1]} value={v} {t}\n' for s, p in pairs for t, v in p)
            path = self.random.choice(("/write?db=a&precision=ms", "/api/v2/write?bucket=a&precision=ms"))
            packed = self.random.random() < 0.5
            self.ask("POST", path, gzip.compress(lines.encode()) if packed else lines, (204,), type="text/plain",
                     headers={"Content-Encoding": "gzip"} if packed else None)
        self.many(self.world.influx, 4, 2, send)

    # ---- series and their models ----

    def churn(self):
        """A series' whole life, under a name that was never there."""
        number = self.world.number()
        path = f"/v1/series/churn.{number}"
        self.ask("PUT", path, {"frequency": "1h", "labels": {"number": str(number)}}, (201,))
        points = [[T0 + i * HOUR, 5 + i % 7] for i in range(self.random.randint(1, 60))]
        self.ask("POST", path + "/points", {"points": points})
        self.ask("GET", path + "/forecast?horizon=5", allowed=(200, 422))
        if self.random.random() < 0.5:
            self.ask("POST", path + "/fit", allowed=(200, 202, 409, 422, *OVERLOAD))
        if self.random.random() < 0.3:
            self.ask("POST", path + "/backtest", {"horizon": 2, "windows": 2}, (200, 202, 422, *OVERLOAD))
        self.ask("DELETE", path, allowed=(204,))
        self.ask("GET", path + "/forecast", allowed=(404,))

    def settings(self):
        series = self.one()
        with series.lock:
            changes = [{"labels": {"site": f"s{self.random.randrange(3)}", "note": "x" * self.random.randrange(90)}},
                       {"min": self.random.choice((None, 0, 1))}, {"fit": self.random.choice(("auto", "off", 50))},
                       {"horizon": self.random.choice((12, 24, 48))}, {"integer": False}, {"season": [24]}]
            self.ask("PUT", series.path, self.random.choice(changes))

    def fit(self):
        headers = {"Prefer": "wait=10"} if self.random.random() < 0.3 else None
        content = {"mode": self.random.choice(("full", "incremental"))} if self.random.random() < 0.5 else None
        answer = self.ask("POST", self.one(self.world.plain + self.world.mean).path + "/fit", content,
                          (200, 202, 409, *OVERLOAD), headers=headers)
        if answer.status in (200, 202):
            self.world.job(answer.json()["id"])

    def backtest(self):
        ask = {"horizon": self.random.choice((3, 12)), "windows": self.random.randint(1, 4)}
        answer = self.ask("POST", self.one().path + "/backtest", ask, (200, 202, 409, *OVERLOAD))
        if answer.status in (200, 202):
            self.world.job(answer.json()["id"])

    def cancel(self):
        answer = self.ask("POST", self.one().path + self.random.choice(("/fit", "/backtest")),
                          allowed=(200, 202, 409, *OVERLOAD))
        if answer.status == 202:
            self.ask("DELETE", f"/v1/jobs/{answer.json()['id']}", allowed=(200, 404, 409))

    def job(self):
        for job in self.world.jobs[-3:]:
            self.ask("GET", f"/v1/jobs/{job}", allowed=(200, 404))

    def checkpoints(self):
        path = self.one().path + "/checkpoints"
        kept = self.ask("GET", path).json()["checkpoints"]
        if kept and self.random.random() < 0.5:
            self.ask("POST", f"{path}/{self.random.choice(kept)['version']}/restore", allowed=(200, 404, 409))

    def fleet(self):
        self.ask("GET", "/v1/fleet")
        if self.random.random() < 0.02:
            self.ask("POST", "/v1/fleet/fit", allowed=(200, 202, 409, 422, *OVERLOAD))

    # ---- forecasts ----

    def cached(self):
        answer = self.ask("GET", self.world.plain[0].path + "/forecast?horizon=24")
        self.ask("GET", self.world.plain[0].path + "/forecast?horizon=24", allowed=(200, 304),
                 headers={"If-None-Match": answer.headers["etag"]})

    def cold(self):
        series, pick = self.one(self.world.plain + self.world.mean), self.random
        query = (f"?horizon={pick.randint(1, 96)}&levels={pick.randint(50, 90)},{pick.randint(91, 99)}"
                 f"&quantiles=0.{pick.randint(10, 89)}")
        headers = {"Accept-Encoding": "gzip"} if pick.random() < 0.5 else None
        self.ask("GET", series.path + "/forecast" + query + pick.choice(("", "&trace=1", "&format=csv", "&time=rfc3339")),
                 headers=headers)

    def ahead(self):
        self.ask("GET", self.one().path + "/ahead?ahead=1h,6h&threshold=120&direction=above")

    def said(self):
        path = self.random.choice(("/record", "/anomalies?level=95", "/record?format=csv", "/anomalies?time=rfc3339"))
        self.ask("GET", self.one().path + path)

    def stateless(self):
        request, status = self.random.choice(self.world.examples)
        self.ask(request["method"], request["path"], request.get("body"), (status, *OVERLOAD),
                 headers=request.get("headers"))

    def prometheus(self):
        pick, metric = self.random, "plain_" + str(self.random.randrange(len(self.world.plain)))
        now = (T0 + self.world.plain[0].next * HOUR) / 1000
        queries = (f'{metric}:predicted{{ml_forecast="yhat"}}', f"{metric}:actual", f"{metric}:anomalous",
                   f'max_over_time({metric}:predicted{{ml_forecast="yhat_upper"}}[6h] offset -6h)',
                   f'{metric}:ahead{{ahead="6h"}} * 2', "1 + 1", '{__name__=~"plain_.*:actual"} > 100')
        turn, query = pick.randrange(5), quote(pick.choice(queries))
        if turn == 0:
            self.ask("GET", f"/api/v1/query?query={query}&time={now}")
        elif turn == 1:
            self.ask("POST", "/api/v1/query_range", f"query={query}&start={now - 86400}&end={now + 86400}&step=900",
                     type=FORM)
        elif turn == 2:
            self.ask("GET", f"/api/v1/series?match[]={metric}:actual")
        elif turn == 3:
            self.ask("GET", "/api/v1/label/__name__/values?limit=20")
        else:
            self.ask("GET", pick.choice(("/api/v1/labels", "/api/v1/metadata?limit=5", "/api/v1/status/buildinfo")))

    def read(self):
        series = self.one(self.world.series())
        form = self.random.choice(("", "&format=csv", "&time=rfc3339"))
        self.ask("GET", f"{series.path}/points?start={T0}&limit={self.random.randint(1, 3000)}{form}")

    def lists(self):
        self.ask("GET", self.random.choice((
            "/v1/series?limit=20", "/v1/series?format=csv", "/v1/series?label=site%3Ds1", "/v1/jobs?limit=50",
            "/v1/jobs?format=csv", "/v1/jobs?state=failed", "/metrics", "/v1/admin/stats", "/openapi.json", "/readyz")),
                 headers={"Accept-Encoding": "gzip"} if self.random.random() < 0.3 else None)

    # ---- what goes wrong ----

    def bad(self):
        path = self.one().path
        method, target, content, media, status = self.random.choice((
            ("POST", path + "/points", '{"points":[[1,', "application/json", 400),
            ("POST", path + "/points", '{"points":[[5,1]]}', "application/json", 422),
            ("POST", path + "/points", "a,b\n", CSV, 400),
            ("POST", path + "/points", "x" * 3000, NDJSON, 400),
            ("POST", path + "/points", "x", "image/png", 415),
            ("PUT", path, '{"season":[0]}', "application/json", 422),
            ("PUT", path, '{"colour":1}', "application/json", 422),
            ("PUT", "/v1/series/%00", "{}", "application/json", 400),
            ("GET", path + "/forecast?horizon=0", None, None, 400),
            ("GET", path + "/forecast?unknown=1", None, None, 400),
            ("GET", "/v1/series/never.there/forecast", None, None, 404),
            ("GET", "/nothing", None, None, 404),
            ("PATCH", path, "{}", "application/json", 405),
            ("POST", "/api/v1/write", "not snappy", "application/x-protobuf", 400),
            ("POST", "/write?db=a", "no line\n", "text/plain", 400),
            ("GET", "/api/v1/query?query=sum(a)by(b)", None, None, 422),
            ("POST", "/v2/forecast", '{"series":{}}', "application/json", 422),
            ("POST", "/v1/forecast", "[" * 3000, "application/json", 400),
            ("GET", "/" + "a" * 9000, None, None, 414)))
        self.ask(method, target, content, (status, 400, 415, 422), type=media)

    def raw(self, text):
        connection = self.world.daemon.socket()
        connection.sendall(text)
        return connection

    def reset(self, connection):
        """Closes so that the other side is told by a reset."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def abort(self):
        """A client that leaves in the middle of something."""
        path = self.one().path.encode()
        texts = (b"GET " + path + b"/forecast HTTP/1.1\r\nHo", b"POST " + path + b"/points HTTP/1.1\r\nHost: a\r\n"
                 b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"points\":[",
                 b"GET " + path + b"/forecast?horizon=90&trace=1 HTTP/1.1\r\nHost: a\r\n\r\n",
                 b"POST " + path + b"/fit HTTP/1.1\r\nHost: a\r\nPrefer: wait=10\r\nContent-Length: 0\r\n\r\n",
                 b"POST /v1/points HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                 b"Content-Length: 900000000\r\n\r\n{", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 3000)
        connection = self.raw(self.random.choice(texts))
        self.world.stop.wait(self.random.choice((0, 0.01, 0.1)))
        if self.random.random() < 0.5:
            self.reset(connection)
        else:
            connection.close()
        self.world.tally.count(self.kind, "left")

    def idle(self):
        """Some forty connections that ask nothing, the oldest of which leaves when a new one comes."""
        with self.world.lock:
            self.world.idle.append(self.world.daemon.socket())
            old = self.world.idle.pop(0) if len(self.world.idle) > 40 else None
        if old:
            old.close()
        self.world.tally.count(self.kind, "held")

    def follow(self):
        """Server-sent events: read to the end, never read, or left."""
        answer = self.ask("POST", self.one().path + "/backtest", {"horizon": 6, "windows": 3}, (200, 202, 409, *OVERLOAD))
        if answer.status != 202:
            return
        stream = self.raw(f"GET /v1/jobs/{answer.json()['id']}/events HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        turn = self.random.randrange(3)
        if turn == 0:
            with stream, stream.makefile("rb") as file:
                while file.readline() not in (b"0\r\n", b""):
                    pass
        elif turn == 1:
            self.reset(stream)
        else:
            with self.world.lock:
                self.world.streams.append(stream)
                old = self.world.streams.pop(0) if len(self.world.streams) > 10 else None
            if old:
                old.close()
        self.world.tally.count(self.kind, "followed")

    # ---- the operator ----

    def backup(self):
        name = f"soak-{self.world.number()}.db"
        self.ask("POST", "/v1/admin/backup", {"name": name}, (201, 409, *OVERLOAD))
        path = os.path.join(self.world.backups, name)
        if os.path.exists(path):
            os.unlink(path)

    def reload(self):
        if self.random.random() < 0.5:
            self.ask("POST", "/-/reload")
        else:
            self.world.daemon.signal(1)
            self.world.tally.count(self.kind, "signal")

    def mixture(self):
        """Each kind and how often it comes."""
        return ((self.write_one, 12), (self.write_forms, 6), (self.replace, 5), (self.late, 2), (self.aggregated, 4),
                (self.batch, 5), (self.remote, 5), (self.line_protocol, 4), (self.churn, 2), (self.settings, 2),
                (self.fit, 2), (self.backtest, 0.6), (self.cancel, 1), (self.job, 2), (self.checkpoints, 2),
                (self.fleet, 0.5), (self.cached, 10), (self.cold, 6), (self.ahead, 1), (self.said, 2),
                (self.stateless, 4), (self.prometheus, 5), (self.read, 2), (self.lists, 2), (self.bad, 4),
                (self.abort, 3), (self.idle, 2), (self.follow, 0.6), (self.backup, 0.1), (self.reload, 0.2))


def prepare(world, points_n):
    """The series, each with a history that retention has already cut."""
    asker = Asker(world, 0, 1)
    asker.kind = "prepare"
    for series in world.plain + world.mean:
        asker.ask("PUT", series.path, series.settings, (201,))
        points = series.fresh(points_n)
        asker.ask("POST", series.path + "/points", "".join(f"{t},{v}\n" for t, v in points), type=CSV)
        series.acknowledged(points)
    for kind, act in ((world.remote, asker.remote), (world.influx, asker.line_protocol)):
        while any(not series.points for series in kind):
            act()
        for series in kind:
            asker.ask("PUT", series.path, {"retention_points": RETENTION})
    asker.client.close()


def missing(world):
    """Acknowledged points that are not there, or with another value; how many were looked for, and which are missing."""
    client, looked, lost = world.daemon.client(), 0, []
    for series in world.series():
        wanted = series.newest()
        found = {}
        start = wanted[0][0] if wanted else None
        while start is not None:
            page = client.get(f"{series.path}/points?start={start}&limit=10000").json()
            found.update((t, v) for t, v in page["points"])
            start = page["next"]
        looked += len(wanted)
        lost += [f"{series.name} {t} {v}, found {found.get(t)}" for t, v in wanted if found.get(t, math.inf) != v]
    client.close()
    return looked, lost
