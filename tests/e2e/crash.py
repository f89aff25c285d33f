"""Clients of a daemon that is killed under them, and a model of all that it has acknowledged to each.

Knows what has to be there after a kill: what was acknowledged, exactly; of the one request that each client may have had
on its way, for each series all or nothing; and what was shown before, where nothing has changed since, to the byte.
Refuses to know when the daemon is killed. Surprising: each series belongs to one client, so that there is never more
than one request about it on its way and the model is exact.
"""
import copy
import http.client
import random
import re
import threading
import urllib.parse

from case import HOUR, T0, Client
from remote_write import HEADERS_1, message_1, snappy

MINUTE = 60_000
ENDED = ("succeeded", "failed", "cancelled")
CHECKPOINTS_KEPT = 4
RETENTION = 2048
JOBS_WATCHED = 40       # of a series; the daemon itself remembers 1,000
ANSWERS_WATCHED = 30
PATHS = ("forecast", "forecast?horizon=5&levels=80", "forecast?horizon=30&trace=1")
FOLDING = ("mean", "agent", "line")
KINDS = ("plain", "plain", "mean", "kept", "agent", "line")


class Life:
    """What is known of a series from its creation to its deletion."""

    def __init__(self, settings=None):
        self.points = {}        # time -> value or None
        self.revision = 0
        self.settings = settings or {}
        self.versions = set()   # of models that were shown or acknowledged
        self.jobs = {}          # id -> the job as it was shown last
        self.answers = {}       # (path, ETag) -> body
        self.last = {}          # path -> (ETag, body), as long as nothing was changed since
        self.record = None      # likewise

    def changed(self):
        """Another one, to be changed: a request about the series is on its way."""
        other = copy.copy(self)
        other.points, other.last, other.record = dict(self.points), {}, None
        return other

    def take(self, points):
        for t, value in points.items():
            self.revision += t not in self.points or self.points[t] != value
            self.points[t] = value

    def observed(self):
        return sum(value is not None for value in self.points.values())



class Gone(Exception):
    """The daemon was killed, or takes no more."""


class Crasher(threading.Thread):
    """One client. wrong: what it saw and should not have, or None."""

    def __init__(self, seed, number, counts, signs):
        super().__init__(daemon=True)
        self.random = random.Random(f"{seed}.{number}")
        self.number, self.counts, self.signs = number, counts, signs
        self.kinds = {self.name_of(kind, i): kind for i, kind in enumerate(KINDS)}
        self.lives = dict.fromkeys(self.kinds)
        self.pending = {}       # name -> Life or None, as it will be once the request on its way is acknowledged
        self.dead_jobs = []
        self.value = 0
        self.wrong = None
        self.said = []

    def again(self):
        """The same client with a thread that has not run."""
        other = Crasher("", self.number, self.counts, self.signs)
        other.random, other.lives, other.dead_jobs, other.value = self.random, self.lives, self.dead_jobs, self.value
        return other

    def name_of(self, kind, i):
        if kind == "agent":
            return f'crash_rw{{client="{self.number}"}}'
        if kind == "line":
            return f'crash_line_value{{client="{self.number}"}}'
        return f"{kind}.{self.number}.{i}"

    # ---- talking ----

    def connect(self, port):
        self.client = Client(port, timeout=60)

    def run(self):
        self.quiet = self.random.choice(list(self.lives))
        try:
            while True:
                self.step()
        except Gone:
            pass
        except BaseException as failure:
            self.wrong = failure
        finally:
            self.client.close()

    def expect(self, true, *what):
        if not true:
            raise AssertionError("\n".join([*(str(part)[:1000] for part in what), "said before:", *self.said]))

    def ask(self, method, path, content=None, headers=None, allowed=(200,), sign=None):
        if sign:
            self.signs[sign].set()
        try:
            answer = self.client.request(method, path, content, headers)
        except (OSError, http.client.HTTPException) as failure:
            raise Gone from failure
        self.said = [*self.said[-12:], f"{method} {path} {str(content)[:100]} -> {answer.status} {answer.body[:160]!r}"]
        if answer.status == 503:
            self.pending = {}   # refused is refused
            raise Gone
        self.expect(answer.status in allowed, "expected", allowed)
        return answer

    def change(self, lives, *request, **more):
        """A request that changes series: what they will be is pending until the answer has come."""
        self.pending = lives
        answer = self.ask(*request, **more)
        if answer.status < 300:
            self.lives.update(lives)
        self.pending = {}
        return answer

    @staticmethod
    def path(name, more=""):
        return f"/v1/series/{urllib.parse.quote(name, safe='')}{more}"

    # ---- steps ----

    def step(self):
        """One of the series is only looked at until the next kill, so that something has to be the same after it."""
        name = self.random.choice(list(self.lives))
        steps = (self.write, self.write, self.write, self.write_many, self.poll, self.poll, self.fit, self.backtest,
                 self.job, self.restore, self.put, self.see_record, self.show, self.delete)
        if self.lives[name] is None:
            self.create(name)
        elif name == self.quiet:
            self.random.choice((self.poll, self.see_record, self.job))(name)
        else:
            self.random.choice(steps)(name)

    def create(self, name):
        if self.kinds[name] in ("agent", "line"):
            self.write(name)
        else:
            self.put(name)

    def settings_for(self, kind):
        settings = {"frequency": "1h", "fit": self.random.choice(("off", "off", "auto")), "horizon": self.random.randint(3, 48),
                    "season": [24], "min": self.random.choice((None, -1000)),
                    "labels": {"client": str(self.number), "turn": str(self.random.randrange(1000))}}
        if kind == "mean":
            settings["aggregate"] = self.random.choice(("mean", "sum", "last", "max"))
        if kind == "kept":
            settings["retention_points"] = RETENTION
        return settings

    def put(self, name):
        kind, before = self.kinds[name], self.lives[name]
        if kind in ("agent", "line"):
            return self.poll(name)
        settings = self.settings_for(kind)
        after = before.changed() if before else Life()
        after.settings = settings
        refolds = before and before.points and before.settings.get("aggregate") != settings.get("aggregate")
        self.change({name: after}, "PUT", self.path(name), settings, allowed=(200 if before else 201,),
                    sign="refold" if refolds else None)
        self.counts["settings"] += 1

    def fresh(self):
        """A value that was never sent before, or none."""
        self.value += 1
        if self.random.random() < 0.05:
            return None
        return round(100 + 20 * ((self.value % 24) / 24) + self.value / 65536, 6)

    def some_points(self, name):
        kind, life = self.kinds[name], self.lives[name]
        if kind == "kept":
            first = max(life.points, default=T0 - HOUR) + HOUR
            return {first + i * HOUR: self.fresh() for i in range(self.random.choice((1, 100, 700)))}
        step = {"mean": 7 * MINUTE, "agent": 20_000, "line": 20_000}.get(kind, HOUR)
        near = max((t - T0) // step for t in life.points) if life and life.points and self.random.random() < 0.7 else 0
        first = near + 1 if near else self.random.randrange(200)
        return {T0 + (first + i) * step: self.fresh() for i in range(self.random.choice((1, 1, 5, 60)))}

    def write(self, name):
        kind, life, points = self.kinds[name], self.lives[name], self.some_points(name)
        if kind in ("agent", "line"):
            points = {t: v for t, v in points.items() if v is not None} or {T0: 1.0}
        after = life.changed() if life else Life()
        after.take(points)
        if kind == "agent":
            labels = [("__name__", "crash_rw"), ("client", str(self.number))]
            body = snappy(message_1((labels, list(points.items()))))
            self.change({name: after}, "POST", "/api/v1/write", body, HEADERS_1, allowed=(204,))
        elif kind == "line":
            body = "\n".join(f"crash_line,client={self.number} value={v} {t}" for t, v in points.items()).encode()
            self.change({name: after}, "POST", "/write?db=x&precision=ms", body, allowed=(204,))
        else:
            full = kind == "kept" and len(after.points) > RETENTION + 1000
            body = "".join(f"{t},{'' if v is None else v}\n" for t, v in points.items()).encode()
            self.change({name: after}, "POST", self.path(name, "/points"), body, {"Content-Type": "text/csv"},
                        sign="retention" if full else None)
        self.count(points)

    def count(self, points):
        self.counts["points"] += len(points)
        self.counts["batches"] += 1

    def write_many(self, name):
        """Some series in one body: each of them wholly or not at all."""
        names = [n for n, life in self.lives.items() if life and self.kinds[n] in ("plain", "mean", "kept") and n != self.quiet]
        points = {n: self.some_points(n) for n in self.random.sample(names, min(3, len(names)))}
        after = {n: self.lives[n].changed() for n in points}
        for n, life in after.items():
            life.take(points[n])
        if not points:
            return
        content = {"series": [{"id": n, "points": [[t, v] for t, v in p.items()]} for n, p in points.items()]}
        self.change(after, "POST", "/v1/points", content)
        for n in points:
            self.count(points[n])

    def settled(self, name):
        """Whether nothing changes by itself: no policy fits the series, and no job of it, known to us or not, goes on."""
        if self.lives[name].settings.get("fit") != "off":
            return False
        jobs = self.ask("GET", f"/v1/jobs?series={urllib.parse.quote(name, safe='')}").json()["jobs"]
        return all(job["state"] in ENDED for job in jobs)

    def poll(self, name):
        life, path = self.lives[name], self.random.choice(PATHS)
        settled = self.settled(name)
        answer = self.ask("GET", self.path(name, "/" + path), allowed=(200, 422))
        if answer.status == 422:
            return
        tag, body = tagged(answer)
        self.same_answer(name, life, path, tag, body)
        life.answers[(path, tag)] = body
        while len(life.answers) > ANSWERS_WATCHED:
            life.answers.pop(next(iter(life.answers)))
        if settled and not unsettled(tag):
            life.last[path] = (tag, body)
        again = self.ask("GET", self.path(name, "/" + path), None, {"If-None-Match": tag}, allowed=(200, 304))
        self.counts["polls"] += 1 + (again.status == 304)

    def same_answer(self, name, life, path, tag, body):
        """The same ETag means the same bytes, whoever has been killed in between."""
        before = life.answers.get((path, tag), body)
        if not unsettled(tag):
            self.expect(before == body, name, path, tag, difference(before, body))

    def see_record(self, name):
        life = self.lives[name]
        settled, rows = self.settled(name), self.said_of(name)
        if settled:
            life.record = [row for row in rows if row["value"] is not None]

    def said_of(self, name):
        return self.ask("GET", self.path(name, "/record?limit=1000")).json()["record"]

    def started(self, name, answer, sign):
        if answer.status in (200, 202):
            job = answer.json()
            self.lives[name].jobs[job["id"]] = job
            self.shown(name, job)
            self.counts["jobs"] += 1
            self.signs[sign].set()

    def fit(self, name):
        self.lives[name] = self.lives[name].changed()
        headers = {"Prefer": "wait=5"} if self.random.random() < 0.3 else None
        answer = self.ask("POST", self.path(name, "/fit"), None, headers, allowed=(200, 202, 422))
        self.started(name, answer, "fit")

    def backtest(self, name):
        if self.lives[name].observed() > 60 and self.random.random() < 0.3:
            answer = self.ask("POST", self.path(name, "/backtest"), {"horizon": 6, "windows": 2, "methods": ["theta"]},
                              allowed=(200, 202, 422, 429))
            self.started(name, answer, "backtest")

    def job(self, name):
        life = self.lives[name]
        for job in list(life.jobs)[-3:]:
            self.shown(name, self.ask("GET", f"/v1/jobs/{job}").json())
        while len(life.jobs) > JOBS_WATCHED:
            life.jobs.pop(next(iter(life.jobs)))

    def shown(self, name, job):
        """A job as the daemon shows it: an end is for good, and a model that it published is there."""
        life = self.lives[name]
        before = life.jobs.get(job["id"], job)
        if before["state"] in ENDED:
            self.expect((job["state"], job["result"], job["error"]) ==
                        (before["state"], before["result"], before["error"]), "was", before, "is", job)
        if job["kind"] == "fit" and job["state"] == "succeeded":
            life.versions.add(job["result"]["version"])
        self.expect(job["series"] == name, name, job)
        life.jobs[job["id"]] = job

    def listed(self, name):
        answer = self.ask("GET", self.path(name, "/checkpoints"))
        return [entry["version"] for entry in answer.json()["checkpoints"]]

    def restore(self, name):
        life, versions = self.lives[name], self.listed(name)
        life.versions.update(versions)
        if versions and self.settled(name):
            self.lives[name] = life = life.changed()
            path = self.path(name, f"/checkpoints/{self.random.choice(versions)}/restore")
            answer = self.ask("POST", path, allowed=(200, 404, 409))
            if answer.status == 200:
                life.versions.add(answer.json()["model_version"])
                self.counts["restores"] += 1

    def show(self, name):
        life = self.lives[name]
        version = self.ask("GET", self.path(name)).json()["model_version"]
        if version:
            life.versions.add(version)

    def delete(self, name):
        if self.random.random() < 0.15:
            jobs = list(self.lives[name].jobs)[-2:]
            self.change({name: None}, "DELETE", self.path(name), allowed=(204,))
            self.dead_jobs = [*self.dead_jobs[-6:], *jobs]
            self.counts["deletions"] += 1

    # ---- after a kill ----

    def check(self, port):
        """All that was acknowledged is there. Raises what is not."""
        self.connect(port)
        try:
            for name in self.lives:
                self.check_series(name)
            for job in self.dead_jobs:
                self.ask("GET", f"/v1/jobs/{job}", allowed=(404,))
        finally:
            self.pending = {}
            self.client.close()

    def check_series(self, name):
        before, seen = self.lives[name], self.seen(name)
        why = differs(before, seen)
        if why and name in self.pending:
            after = self.pending[name]
            other = differs(after, seen)
            self.expect(not other, name, "neither as before the request on its way:", why, "nor as after it:", other)
            self.lives[name] = after
            self.dead_jobs += list(before.jobs)[-2:] if before and not after else []
        else:
            self.expect(not why, name, why)
        if self.lives[name]:
            self.check_known(name)

    def seen(self, name):
        """The series and its points as they are, or None."""
        answer = self.ask("GET", self.path(name), allowed=(200, 404))
        if answer.status == 404:
            return None
        shown = answer.json()
        shown["stored"] = dict(self.ask("GET", self.path(name, "/points?limit=100000")).json()["points"])
        return shown

    def check_known(self, name):
        life = self.lives[name]
        listed = self.listed(name)
        for version in life.versions:
            newer = sum(v > version for v in listed)
            self.expect(version in listed or newer >= CHECKPOINTS_KEPT, name, version, "is not among", listed)
        for job in list(life.jobs):
            self.shown(name, self.ask("GET", f"/v1/jobs/{job}").json())
        self.counts["checked jobs"] += len(life.jobs)
        self.counts["checked models"] += len(life.versions)
        self.check_answers(name, life)

    def check_answers(self, name, life):
        for path in PATHS:
            answer = self.ask("GET", self.path(name, "/" + path), allowed=(200, 422))
            if answer.status == 422:
                continue
            tag, body = tagged(answer)
            if path in life.last:
                was, before = life.last[path]
                same = was == tag or self.kinds[name] in FOLDING and but_revision(was) == but_revision(tag)
                self.expect(same and before == body, name, path, was, tag, difference(before, body))
                self.counts["same answers"] += 1
            self.same_answer(name, life, path, tag, body)
        if life.record is not None:
            self.check_record(name, life, {row["time"]: row for row in self.said_of(name)})
            self.counts["same records"] += 1

    def check_record(self, name, life, rows):
        """What was said is there as it was said. Forecasts that were under way may have come to it since, stand before
        older ones of their steps, and take the place of the oldest of all."""
        self.expect(rows or not life.record, name, "nothing is left of", len(life.record))
        for row in life.record:
            if row["time"] < min(rows):
                continue
            now = rows.get(row["time"])
            self.expect(now and (now == row or now["issued_at"] > row["issued_at"]), name, "record was", row, "is", now)


def unsettled(tag):
    """Whether values are being read again: the revision in the ETag says so, and such an answer is compared with none."""
    return int(tag.strip('"').split("-")[1], 16) >> 63 == 1


def but_revision(tag):
    """Points of a step that has not ended change nothing yet; after a restart their revision is in the ETag all the same."""
    parts = tag.strip('"').split("-")
    return parts[:1] + parts[2:]


def tagged(answer):
    """Its ETag, and its bytes without the microseconds that each step of a trace took."""
    return answer.headers["etag"], re.sub(rb'"us":\d+', b'"us":0', answer.body)


def difference(before, now):
    """Where two bodies part."""
    at = next((i for i, (a, b) in enumerate(zip(before, now)) if a != b), min(len(before), len(now)))
    return f"at {at}:\nwas {before[max(at - 100, 0):at + 300]!r}\nis  {now[max(at - 100, 0):at + 300]!r}"


def differs(life, seen):
    """Why the series as it is seen is not the one that is known, or an empty text."""
    if life is None or seen is None:
        return "" if life is seen else f"known {life and 'there'}, seen {seen and 'there'}"
    for key, value in life.settings.items():
        if seen[key] != value:
            return f"{key} is {seen[key]}, not {value}"
    if seen["revision"] != life.revision:
        return f"revision is {seen['revision']}, not {life.revision}"
    stored, kept = seen["stored"], life.settings.get("retention_points")
    wanted = life.points
    if kept and kept <= len(stored) < len(wanted):
        wanted = {t: wanted[t] for t in sorted(wanted)[-len(stored):]}
    if stored != wanted:
        lost = {t: v for t, v in wanted.items() if t not in stored or stored[t] != v}
        strange = {t: v for t, v in stored.items() if t not in wanted}
        return f"{len(stored)} points, not {len(wanted)}; lost {list(lost.items())[:5]}, strange {list(strange.items())[:5]}"
    return "" if seen["points"] == len(stored) else f"points is {seen['points']}, of {len(stored)}"
