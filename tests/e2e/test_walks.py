"""Random walks through the life of series, from several threads at once, each answer held against a plain model.

Knows what one walker may expect of the series that it alone changes (everything, exactly) and of one that all change
(little, but never nonsense); refuses to know how the daemon does it. Surprising: after the walks the daemon is killed,
not stopped, and has to know all that it had acknowledged.
"""
import os
import random
import re
import sys
import threading
import time

from case import BINARY, HOUR, T0, Case, main

from tstrmd import sanitized

WALKERS = 4
WALKS = 200 if sanitized(BINARY) else 2000
SEED = int(os.environ.get("WALK_SEED", "20261124"))
HOURS = 300
OBSERVED_MIN = 3
SHARED = "shared"


class Life:
    """What is known of a series from its creation to its deletion."""

    def __init__(self):
        self.points = {}
        self.revision = 0
        self.version = 0
        self.fitted = False
        self.jobs = {}

    def observed(self):
        return sum(value is not None for value in self.points.values())


class Walker:
    """One thread with a connection and a few series of its own. check.* raise what is wrong."""

    def __init__(self, check, client, number):
        self.check, self.client, self.number = check, client, number
        self.random = random.Random(SEED * 1000 + number)
        self.lives = {f"own{number}.{i}": None for i in range(3)}
        self.written = 0
        self.requests = 0
        self.said = []

    def ask(self, method, path, content=None, headers=None, allowed=(200,)):
        self.requests += 1
        answer = self.client.request(method, path, content, headers)
        self.said = [*self.said[-30:], f"{method} {path} {str(content)[:120]} -> {answer.status} {answer.body[:200]!r}"]
        self.check.assertIn(answer.status, allowed, "\n".join(self.said))
        return answer

    def same(self, seen, wanted):
        self.check.assertEqual(seen, wanted, "\n".join(self.said))

    def walk(self):
        series = self.random.choice(list(self.lives))
        steps = (self.put, self.points, self.points, self.read, self.show, self.forecast, self.fit, self.job, self.cancel,
                 self.restore, self.list, self.delete, self.jostle)
        for _ in range(self.random.randint(4, 10)):
            self.random.choice(steps)(series)

    # ---- series of its own ----

    def put(self, series):
        life = self.lives[series]
        settings = {"frequency": "1h", "fit": "off", "labels": {"walker": str(self.number)}}
        shown = self.ask("PUT", f"/v1/series/{series}", settings, allowed=(200 if life else 201,)).json()
        if life is None:
            life = self.lives[series] = Life()
        self.known(series, shown)

    def known(self, series, shown):
        """The series as shown against what it has to be."""
        life = self.lives[series]
        observed = [t for t, value in life.points.items() if value is not None]
        last = max(observed or life.points, default=None)
        self.same(shown["id"], series)
        self.same(shown["points"], len(life.points))
        self.same(shown["revision"], life.revision)
        self.same(shown["last_point"], None if last is None else [last, life.points[last]])
        self.check.assertGreaterEqual(shown["model_version"], life.version, self.said)
        life.version = shown["model_version"]
        if not life.fitted:
            self.same(shown["model_version"], 0)

    def some_points(self):
        first = self.random.randrange(HOURS)
        hours = range(first, min(HOURS, first + self.random.choice((1, 3, 30))))
        self.written += 1
        return {T0 + hour * HOUR: None if self.random.random() < 0.1 else 100 * self.number + self.written % 50 + hour % 24
                for hour in hours}

    def points(self, series):
        life, points = self.lives[series], self.some_points()
        answer = self.ask("POST", f"/v1/series/{series}/points?create=false",
                          {"points": [[t, value] for t, value in points.items()]}, allowed=(200 if life else 404,))
        if life is None:
            return
        there = {t: life.points[t] for t in points if t in life.points}
        unchanged = sum(points[t] == value for t, value in there.items())
        taken = answer.json()
        self.same([taken[key] for key in ("accepted", "updated", "unchanged")],
                  [len(points), len(there) - unchanged, unchanged])
        changed = len(points) > unchanged
        self.check.assertTrue(taken["revision"] > life.revision if changed else taken["revision"] == life.revision,
                              self.said)
        life.points.update(points)
        life.revision = taken["revision"]

    def read(self, series):
        life = self.lives[series]
        answer = self.ask("GET", f"/v1/series/{series}/points", allowed=(200 if life else 404,))
        if life is not None:
            self.same(answer.json()["points"], [[t, life.points[t]] for t in sorted(life.points)])

    def show(self, series):
        answer = self.ask("GET", f"/v1/series/{series}", allowed=(200 if self.lives[series] else 404,))
        if self.lives[series] is not None:
            self.known(series, answer.json())

    def forecast(self, series):
        life, horizon = self.lives[series], self.random.randint(1, 30)
        enough = life is not None and life.observed() >= OBSERVED_MIN
        answer = self.ask("GET", f"/v1/series/{series}/forecast?horizon={horizon}",
                          allowed=(200 if enough else 404 if life is None else 422,))
        if not enough:
            return
        said, last = answer.json(), max(life.points)
        self.same(said["issued_at"], last)
        self.same(said["timestamps"], [last + (k + 1) * HOUR for k in range(horizon)])
        again = self.ask("GET", f"/v1/series/{series}/forecast?horizon={horizon}", None,
                         {"If-None-Match": answer.headers["etag"]}, allowed=(200, 304))
        self.check.assertTrue(again.status == 304 or life.fitted, self.said)

    def fit(self, series):
        life = self.lives[series]
        enough = life is not None and life.observed() >= OBSERVED_MIN
        headers = {"Prefer": "wait=5"} if self.random.random() < 0.3 else None
        answer = self.ask("POST", f"/v1/series/{series}/fit", None, headers,
                          allowed=(200, 202) if enough else (404 if life is None else 422,))
        if enough:
            life.fitted = True
            job = answer.json()
            self.same(job["series"], series)
            life.jobs[job["id"]] = job["state"]

    def some_job(self, series):
        """One of a series that is, or None."""
        life = self.lives[series]
        return self.random.choice(list(life.jobs)) if life is not None and life.jobs else None

    def job(self, series, method="GET"):
        job = self.some_job(series)
        if job is None:
            return
        answer = self.ask(method, f"/v1/jobs/{job}", allowed=(200, 404) if method == "GET" else (200, 404, 409))
        ended = ("succeeded", "failed", "cancelled")
        if answer.status == 404:
            self.check.assertIn(self.lives[series].jobs[job], ended, self.said)  # old ones are forgotten
        elif answer.status == 200:
            before, now = self.lives[series].jobs[job], answer.json()["state"]
            if before in ended:
                self.same(now, before)
            self.lives[series].jobs[job] = now

    def cancel(self, series):
        self.job(series, "DELETE")

    def restore(self, series):
        life = self.lives[series]
        answer = self.ask("GET", f"/v1/series/{series}/checkpoints", allowed=(200 if life else 404,))
        if life is None:
            return
        versions = [entry["version"] for entry in answer.json()["checkpoints"]]
        self.same(versions, sorted(set(versions), reverse=True))
        self.check.assertTrue(life.fitted or not versions, self.said)
        version = self.random.choice(versions or [1])
        answer = self.ask("POST", f"/v1/series/{series}/checkpoints/{version}/restore", allowed=(200, 404, 409))
        if answer.status == 200:
            self.check.assertGreater(answer.json()["model_version"], version, self.said)
            self.known(series, answer.json())

    def list(self, series):
        page = self.ask("GET", f"/v1/series?prefix=own{self.number}.&label=walker%3D{self.number}").json()
        self.same([entry["id"] for entry in page["series"]], sorted(name for name, life in self.lives.items() if life))

    def delete(self, series):
        life = self.lives[series]
        self.ask("DELETE", f"/v1/series/{series}", allowed=(204 if life else 404,))
        self.lives[series] = None
        for path in (f"/v1/series/{series}", f"/v1/series/{series}/forecast", f"/v1/series/{series}/checkpoints",
                     *(f"/v1/jobs/{job}" for job in list(life.jobs if life else ())[-2:])):
            self.ask("GET", path, allowed=(404,))

    # ---- the one that all change ----

    def jostle(self, series):
        path, points = f"/v1/series/{SHARED}", self.some_points()
        turn = self.random.randrange(7)
        if turn == 0:
            self.ask("PUT", path, {"frequency": "1h"}, allowed=(200, 201))
        elif turn <= 2:
            taken = self.ask("POST", path + "/points?create=false", {"points": [[t, v] for t, v in points.items()]},
                             allowed=(200, 404))
            if taken.status == 200:
                taken = taken.json()
                self.same(taken["accepted"], len(points))
                self.check.assertLessEqual(taken["updated"] + taken["unchanged"], len(points), self.said)
        elif turn == 3:
            self.sensible(self.ask("GET", path + "/points", allowed=(200, 404)))
        elif turn == 4:
            self.ask("GET", path + "/forecast?horizon=3", allowed=(200, 404, 422))
        elif turn == 5:
            self.ask("POST", path + "/fit", allowed=(200, 202, 404, 422))
        elif self.random.random() < 0.3:
            self.ask("DELETE", path, allowed=(204, 404))

    def sensible(self, answer):
        """Points of the shared series: in order, on the grid, with values that somebody writes."""
        points = answer.json()["points"] if answer.status == 200 else []
        times = [t for t, _ in points]
        self.same(times, sorted(set(times)))
        for t, value in points:
            self.check.assertEqual((t - T0) % HOUR, 0, self.said)
            self.check.assertTrue(value is None or 0 <= value % 100 < 75 and value < 100 * WALKERS, self.said)


class Walks(Case):
    arguments = ("--workers", "2", "--fleet", "off")

    def run_walks(self, walkers):
        """All of them at once; the first thing that went wrong is raised here."""
        wrong, left = [], iter(range(WALKS))
        turn = threading.Lock()

        def go(walker):
            try:
                while not wrong:
                    with turn:
                        if next(left, None) is None:
                            return
                    walker.walk()
            except BaseException as failure:
                wrong.append(failure)

        threads = [threading.Thread(target=go, args=(walker,)) for walker in walkers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if wrong:
            raise wrong[0]

    def resident(self):
        text = self.client.get("/metrics").body.decode()
        return int(float(re.search(r"^tstrm_process_resident_memory_bytes (\S+)$", text, re.MULTILINE)[1]))

    def test_walks_agree_with_the_model_and_survive_a_kill(self):
        walkers = [Walker(self, self.daemon.client(), number) for number in range(WALKERS)]
        memory, begun = self.resident(), time.monotonic()
        self.run_walks(walkers)
        self.client.close()
        seconds, requests = time.monotonic() - begun, sum(walker.requests for walker in walkers)
        sys.stderr.write(f"{WALKS} walks, {requests} requests in {seconds:.0f} s, {requests / seconds:.0f} a second; memory "
                         f"{memory >> 10} KiB, then {self.resident() - memory >> 10} KiB more\n")
        for walker in walkers:
            for series in walker.lives:
                walker.show(series)
                walker.read(series)
            walker.client.close()
        self.client.close()
        self.daemon.kill()
        type(self).daemon = self.new_daemon().start()
        self.everything_is_there_and_goes(walkers)

    def everything_is_there_and_goes(self, walkers):
        """What was acknowledged is there after the kill; once it is deleted nothing is left."""
        for walker in walkers:
            walker.client = self.daemon.client()
            for series in walker.lives:
                walker.show(series)
                walker.read(series)
                walker.delete(series)
            walker.client.close()
        client = self.daemon.client()
        client.delete(f"/v1/series/{SHARED}")
        stats = self.ok(client.get("/v1/admin/stats")).json()
        client.close()
        self.assertEqual(stats["series"], {"count": 0, "points": 0, "models": 0})
        self.assertEqual(sum(stats["jobs"].values()), 0, stats)
        self.assertEqual(stats["memory"]["series_bytes"], 0, stats)


if __name__ == "__main__":
    main()
