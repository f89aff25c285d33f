"""Stores of every schema version there was, brought up to date: content, forecasts, kills and failures on the way; and
stores of versions to come, left alone.

The files were written by the daemons of then (tests/data/make_store.py) and never change. Surprising: forecasts are held
against those of a new series with the same points, not against those of then, which other weights made.
"""
import contextlib
import json
import os
import random
import re
import sqlite3
import subprocess
import tempfile
import time

from case import BINARY, Case, main
from tstrmd import Daemon

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DATA = os.path.join(ROOT, "tests", "data")
MIGRATIONS = sorted(int(name[:4]) for name in os.listdir(os.path.join(ROOT, "schemas", "sql")))
NEWEST = MIGRATIONS[-1]
VERSIONS = sorted(int(name[7:-4]) for name in os.listdir(DATA) if re.fullmatch(r"schema_\d+\.sql", name))
KILLS = 8


def text_of(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as file:
        return file.read()


def query(store, sql):
    with contextlib.closing(sqlite3.connect(store)) as db:
        return db.execute(sql).fetchone()[0]


class Migrations(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tstrm-")
        self.addCleanup(folder.cleanup)
        self.old = os.path.join(folder.name, "old.db")

    def make(self, version, more=""):
        with sqlite3.connect(self.old) as db:
            db.executescript(text_of(f"schema_{version}.sql") + more)
        db.close()
        self.told = json.loads(text_of(f"schema_{version}.json"))

    def new_one(self, **more):
        return Daemon(BINARY, self.old, ("--workers", "1", "--fleet", "off"), **more)

    def refused(self, *words):
        """The daemon says the words and ends with status 1."""
        ended = subprocess.run(self.new_one().command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                               check=False)
        self.assertEqual(ended.returncode, 1, ended)
        for word in words:
            self.assertIn(word, ended.stdout + ended.stderr)

    def everything_is_there(self, client, version):
        for name, told in self.told.items():
            seen = self.ok(client.get(f"/v1/series/{name}")).json()
            self.assertEqual({key: seen[key] for key in told["settings"]}, told["settings"], (version, name))
            self.assertEqual(seen["revision"], told["revision"], (version, name))
            points = self.ok(client.get(f"/v1/series/{name}/points?limit=10000")).json()["points"]
            self.assertEqual(points, told["points"], (version, name))
            listed = self.ok(client.get(f"/v1/series/{name}/checkpoints")).json()["checkpoints"]
            self.assertEqual(max((entry["version"] for entry in listed), default=0), told["model_version"], (version, name))
        self.assertProblem(client.get("/v1/series/gone"), 404)
        self.assertGreater(len(self.ok(client.get("/v1/jobs")).json()["jobs"]), 0)

    def forecasts_are_those_of_a_new_series(self, client, version):
        for name, told in self.told.items():
            if told["model_version"]:
                continue    # what a model makes of it is the next test's
            settings = {key: value for key, value in told["settings"].items() if value not in (None, [])}
            self.ok(client.put(f"/v1/series/{name}.new", settings), 201)
            self.ok(client.post(f"/v1/series/{name}.new/points", {"points": told["points"]}))
            old, new = (self.ok(client.get(f"/v1/series/{series}/forecast?horizon=6")).json() for series in (name, name + ".new"))
            for key in ("timestamps", "median", "intervals", "method"):
                self.assertEqual(old[key], new[key], (version, name))

    def the_model_answers_or_says_why_not(self, client, version):
        said = self.ok(client.get("/v1/series/wave/forecast?horizon=6")).json()
        self.assertEqual(len(said["median"]), 6)
        if said["model"]["version"] != self.told["wave"]["model_version"]:
            self.assertIn("were changed after the last fit", said["method"]["why"], version)
        job = self.ok(client.post("/v1/series/wave/fit", headers={"Prefer": "wait=60"})).json()
        self.assertEqual((job["state"], job["result"]["version"]), ("succeeded", self.told["wave"]["model_version"] + 1))

    def test_every_version_is_read_and_brought_up_to_date(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                self.make(version)
                daemon = self.new_one().start()
                client = daemon.client()
                self.everything_is_there(client, version)
                before = self.ok(client.get("/v1/series/wave/forecast"))
                client.close()
                daemon.stop()
                self.assertEqual(query(self.old, "PRAGMA user_version"), NEWEST)
                daemon = self.new_one().start()
                client = daemon.client()
                after = self.ok(client.get("/v1/series/wave/forecast"))
                self.assertEqual((before.body, before.headers["etag"]), (after.body, after.headers["etag"]))
                self.forecasts_are_those_of_a_new_series(client, version)
                self.the_model_answers_or_says_why_not(client, version)
                client.close()
                daemon.stop()
                os.unlink(self.old)

    def test_there_is_a_store_of_every_version_before_a_migration(self):
        self.assertEqual(MIGRATIONS, list(range(1, NEWEST + 1)))
        missing = [n - 1 for n in MIGRATIONS if n > 1 and n - 1 not in VERSIONS]
        self.assertEqual(missing, [], "deploy/HACKING.md says how to make them")
        for version in VERSIONS:
            self.make(version)
            self.assertEqual(query(self.old, "PRAGMA user_version"), version)
            os.unlink(self.old)

    def test_a_kill_at_any_instant_of_a_migration_leaves_a_whole_version(self):
        chance, seen = random.Random(20261124), set()
        for number in range(KILLS):
            self.make(1)
            process = subprocess.Popen(self.new_one().command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, 0.02))
            while number == 0 and not os.path.exists(self.old + "-wal"):
                time.sleep(0.0001)  # the first one while it migrates
            process.kill()
            process.wait()
            seen.add(query(self.old, "PRAGMA user_version"))
            self.assertEqual(query(self.old, "PRAGMA integrity_check"), "ok")
            daemon = self.new_one().start()
            client = daemon.client()
            self.everything_is_there(client, 1)
            client.close()
            daemon.stop()
            os.unlink(self.old)
        self.assertLessEqual(seen, set(range(1, NEWEST + 1)))

    def test_a_migration_that_fails_half_way_leaves_the_version_before_it_whole(self):
        """Version 2 becomes 3, and the file has in its way what version 4 makes last."""
        self.make(2, "CREATE TABLE said(x);")
        before = query(self.old, "SELECT group_concat(name || sql) FROM sqlite_schema WHERE name = 'series'")
        self.refused("migration 0004")
        self.assertEqual(query(self.old, "PRAGMA user_version"), 3)
        now = query(self.old, "SELECT group_concat(name || sql) FROM sqlite_schema WHERE name = 'series'")
        self.assertEqual(now, before)
        with sqlite3.connect(self.old) as db:
            db.execute("DROP TABLE said")
        db.close()
        daemon = self.new_one().start()
        client = daemon.client()
        self.everything_is_there(client, 2)
        client.close()
        daemon.stop()

    def test_a_newer_version_is_refused_untouched(self):
        self.make(VERSIONS[-1], f"PRAGMA user_version={NEWEST + 1};")
        with open(self.old, "rb") as file:
            before = file.read()
        self.refused(f"schema version {NEWEST + 1}", f"this program's {NEWEST}", "start the program that wrote it")
        with open(self.old, "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(sorted(os.listdir(os.path.dirname(self.old))), ["old.db", "old.db.lock"])


if __name__ == "__main__":
    main()
