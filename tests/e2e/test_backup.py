"""A backup that is made while clients write: its checksum, what is in it, and a daemon that is started on it; what a
killed one leaves behind; and the check of a store that nobody serves.

Knows that each writer's requests come one after another, so that a state the store was really in has a first part of
each writer's requests and no others.
"""
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import threading

from case import BINARY, HOUR, T0, Case, Client, daily_wave, main
from tstrmd import Daemon

WRITERS, BACKUPS = 4, 3
PER_REQUEST = 20


class Writer(threading.Thread):
    """Writes to two series in turns: request i goes to series i % 2, with values that tell it."""

    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.client, self.number = Client(port), number
        self.sent = self.acknowledged = 0
        self.stop, self.wrong = False, None

    def name(self, i):
        return f"writer.{self.number}.{i % 2}"

    @staticmethod
    def points(i):
        return [[T0 + (i // 2 * PER_REQUEST + k) * HOUR, i] for k in range(PER_REQUEST)]

    def run(self):
        try:
            while not self.stop:
                self.sent += 1
                answer = self.client.post(f"/v1/series/{self.name(self.acknowledged)}/points",
                                          {"points": self.points(self.acknowledged)})
                if answer.status not in (200, 201):
                    raise AssertionError(answer)
                self.acknowledged += 1
        except BaseException as failure:
            self.wrong = failure
        finally:
            self.client.close()

    def requests_in(self, client):
        """How many of its requests a daemon has; raises where they are no first part, or one of them is not whole."""
        stored = []
        for k in (0, 1):
            answer = client.get(f"/v1/series/{self.name(k)}/points?limit=100000")
            stored.append(answer.json()["points"] if answer.status == 200 else [])
        n = sum(len(points) for points in stored) // PER_REQUEST
        for k in (0, 1):
            wanted = [point for i in range(k, n, 2) for point in self.points(i)]
            if stored[k] != wanted:
                raise AssertionError(f"{self.name(k)} has {len(stored[k])} points, not the {len(wanted)} of {n} requests")
        return n


class Backup(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = os.path.join(os.path.dirname(cls.store), "backups")
        os.mkdir(cls.folder)
        cls.arguments = ("--backup-dir", cls.folder, "--fleet", "off")
        cls.daemon.stop()
        cls.daemon = cls.new_daemon().start()

    def back_up(self, name):
        made = self.ok(self.client.post("/v1/admin/backup", {"name": name}), 200, 201).json()
        path = os.path.join(self.folder, name)
        with open(path, "rb") as file:
            content = file.read()
        self.assertEqual((made["bytes"], made["sha256"]), (len(content), hashlib.sha256(content).hexdigest()))
        return path

    def check_store(self, path, code, *words):
        with open(path, "rb") as file:
            before = file.read()
        beside = set(os.listdir(os.path.dirname(path)))
        ended = subprocess.run([BINARY, "--check-store", "--store", path], capture_output=True, text=True, timeout=60,
                               check=False)
        self.assertEqual(ended.returncode, code, ended)
        for word in words:
            self.assertIn(word, ended.stdout + ended.stderr)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(set(os.listdir(os.path.dirname(path))), beside)
        return ended.stdout

    def test_a_backup_under_load_is_a_state_that_the_store_was_in_and_can_be_started_on(self):
        self.has_series("quiet", daily_wave(200), season=[24], fit="off")
        self.ok(self.client.post("/v1/series/quiet/fit", headers={"Prefer": "wait=60"}))
        quiet = self.ok(self.client.get("/v1/series/quiet/forecast"))
        writers = [Writer(self.daemon.port, number) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        made = []
        for number in range(BACKUPS):
            before = [writer.acknowledged for writer in writers]
            path = self.back_up(f"load.{number}.db")
            made.append((path, before, [writer.sent for writer in writers]))
        for writer in writers:
            writer.stop = True
            writer.join()
            self.assertIsNone(writer.wrong)
        for path, before, after in made:
            self.check_store(path, 0, "whole")
            second = Daemon(BINARY, path, ("--fleet", "off")).start()
            client = second.client()
            for writer, least, most in zip(writers, before, after):
                self.assertTrue(least <= writer.requests_in(client) <= most, (least, most))
            again = self.ok(client.get("/v1/series/quiet/forecast"))
            self.assertEqual((again.headers["etag"], again.body), (quiet.headers["etag"], quiet.body))
            client.close()
            second.stop()

    def test_what_killed_backups_left_goes_at_the_next_start_and_nothing_else(self):
        for name in (".monday.db.4711.partial", ".x.db.1.partial", ".busy.db.5.partial", ".x.db.partial", ".x.txt.7.partial",
                     "x.db.7.partial", ".x.db.7.partial.db", ".db.7.partial"):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write("half")
        os.symlink(os.path.join(self.folder, "x.db.7.partial"), os.path.join(self.folder, ".link.db.7.partial"))
        os.mkdir(os.path.join(self.folder, ".folder.db.7.partial"))
        kept = {name for name in os.listdir(self.folder) if name not in (".monday.db.4711.partial", ".x.db.1.partial")}
        with open(os.path.join(self.folder, ".busy.db.5.partial")) as busy:
            fcntl.flock(busy, fcntl.LOCK_EX)  # as a daemon that works on it
            self.daemon.stop()
            type(self).daemon = self.new_daemon().start()
            self.assertEqual(set(os.listdir(self.folder)), kept)
        self.assertIn("removed what a killed backup left", self.daemon.log())

    def test_a_store_that_nobody_serves_is_checked_from_end_to_end(self):
        self.has_series("checked", daily_wave(2000), season=[24], fit="off")
        self.ok(self.client.post("/v1/series/checked/fit", headers={"Prefer": "wait=60"}))
        self.has_series("logged", [1])
        path = self.back_up("check.db")
        told = self.check_store(path, 0, "schema version", "points in", "whole")
        self.assertNotIn("damaged", told)
        for sql, words in (("UPDATE checkpoint SET bytes = zeroblob(length(bytes))", 'series "checked": model version 1 has'),
                           ("UPDATE chunk SET blob = substr(blob, 1, length(blob) - 1)", 'series "checked": the points from'),
                           ("UPDATE series SET point_n = point_n + 1 WHERE id = 'checked'", "points in chunks, and"),
                           ("UPDATE tail SET v = coalesce(v, 0) + 1", "of the log has another checksum"),
                           ("INSERT INTO damaged(kind, series, n) VALUES('points', 1, 9)", "kept aside"),
                           ("PRAGMA foreign_keys = OFF; DELETE FROM series WHERE id = 'checked'", "belongs to no series")):
            broken = os.path.join(self.folder, "broken.db")
            shutil.copy(path, broken)
            db = sqlite3.connect(broken)
            db.executescript(sql)
            db.close()
            self.check_store(broken, 1, "damaged: ", words, "is damaged in")
        with open(broken, "r+b") as file:
            file.seek(4096)
            file.write(b"\x5a" * 4096)
        self.check_store(broken, 1, "damaged")
        os.unlink(broken)

    def test_what_cannot_be_checked_is_told(self):
        self.check_store(self.store, 1, "in use by a tstrmd: make a backup")
        for name, content, words in (("empty.db", b"", "is empty"), ("text.db", b"x" * 4096, "not a database")):
            path = os.path.join(self.folder, name)
            with open(path, "wb") as file:
                file.write(content)
            self.check_store(path, 1, words)
        ended = subprocess.run([BINARY, "--check-store", "--store", os.path.join(self.folder, "none.db")],
                               capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(ended.returncode, 1, ended)
        self.assertIn("none.db", ended.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "none.db")))

    def test_a_killed_daemons_log_is_read_too(self):
        self.has_series("killed", daily_wave(30), fit="off")
        self.daemon.kill()
        ended = subprocess.run([BINARY, "--check-store", "--store", self.store], capture_output=True, text=True, timeout=60,
                               check=False)
        self.assertEqual((ended.returncode, "whole" in ended.stdout), (0, True), ended)
        type(self).daemon = self.new_daemon().start()
        client = self.daemon.client()
        self.assertEqual(self.ok(client.get("/v1/series/killed")).json()["points"], 30)
        client.close()

    def test_stores_of_older_versions_are_checked_as_they_are(self):
        data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
        for name in sorted(name for name in os.listdir(data) if name.startswith("schema_") and name.endswith(".sql")):
            path = os.path.join(self.folder, name + ".db")
            with open(os.path.join(data, name), encoding="utf-8") as file, sqlite3.connect(path) as db:
                db.executescript(file.read())
            db.close()
            with open(os.path.join(data, name[:-4] + ".json"), encoding="utf-8") as file:
                series = len(json.load(file))
            self.check_store(path, 0, f"schema version {name[7:-4]}", f"{series} series", "whole")
            os.unlink(path)


if __name__ == "__main__":
    main()
