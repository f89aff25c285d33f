"""The daemon on a disk that fills up, fails, is read-only, or loses its files: it says what is wrong, refuses writes,
serves what it has, recovers by itself, and loses nothing that it acknowledged."""
import os
import random
import resource
import shutil
import subprocess
import tempfile
import time
import unittest

from case import BINARY, HOUR, T0, Daemon, daily_wave, main, pairs
from tstrmd import sanitized

FAULTS = os.environ.get("FAULT_DISK", "")
ROUNDS = int(os.environ.get("DISK_ROUNDS", "4"))
RECOVER_SECONDS = 60


def until(condition, what):
    """Waits for what must come by itself; how long it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > RECOVER_SECONDS:
            raise AssertionError(f"not within {RECOVER_SECONDS} s: {what}")
        time.sleep(0.01)
    return time.monotonic() - began


class Disk(unittest.TestCase):
    """A daemon on a store in a folder of its own, and what it has acknowledged."""

    def setUp(self):
        if not BINARY:
            self.skipTest("the environment variable TSTRMD names no daemon")
        self.folder = tempfile.mkdtemp(prefix="tstrm-disk-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.acked = {}
        self.refusals = []
        self.daemon = None
        self.addCleanup(self.end)

    def end(self):
        if self.daemon and self.daemon.process and self.daemon.process.poll() is None:
            self.daemon.kill()

    def start(self, folder=None, **more):
        self.store = os.path.join(folder or self.folder, "store.db")
        self.daemon = Daemon(BINARY, self.store, ("--record-percent", "0", "--fleet", "off"), **more).start()
        self.client = self.daemon.client()
        self.addCleanup(self.client.close)

    def write(self, n=1, at=None):
        """One request of n points, behind the newest unless `at` says from where. Whether it was acknowledged."""
        at = len(self.acked) if at is None else at
        points = [[T0 + (at + i) * HOUR, random.random()] for i in range(n)]
        answer = self.client.post("/v1/series/a/points", {"points": points})
        if answer.status in (200, 201):
            self.acked.update((t, v) for t, v in points)
            return True
        self.refusals.append(answer)
        self.assertIn(answer.status, (503, 507), answer)
        self.assertEqual(answer.type, "application/problem+json")
        self.assertGreater(int(answer.headers["retry-after"]), 0)
        return False

    def stored(self):
        got, start = {}, 0
        while start is not None:
            page = self.client.get(f"/v1/series/a/points?start={start}&limit=100000").json()
            self.assertNotIn("damaged", page)
            got.update((t, v) for t, v in page["points"])
            start = page["next"]
        return got

    def check_nothing_is_lost(self):
        self.assertEqual(self.stored(), self.acked)

    def ready(self):
        return self.client.get("/readyz").status == 200

    def unready(self, *words):
        answer = self.client.get("/readyz")
        self.assertEqual(answer.status, 503, answer)
        for word in words:
            self.assertIn(word, answer.json()["detail"])

    def restart_and_check(self):
        self.daemon.kill()
        self.start(os.path.dirname(self.store))
        self.check_nothing_is_lost()
        self.assertTrue(self.ready())

    def begin(self):
        self.client.put("/v1/series/a", {"frequency": "1h", "season": [24], "fit": "off"})
        self.assertTrue(self.write(200))

    def forecast(self):
        answer = self.client.get("/v1/series/a/forecast?horizon=4")
        self.assertEqual(answer.status, 200, answer)

    def told(self, figures):
        print("# " + figures, flush=True)


class Full(Disk):
    """A small file system of its own, filled up and emptied."""

    def setUp(self):
        super().setUp()
        self.mount = os.path.join(self.folder, "small")
        os.mkdir(self.mount)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", self.mount], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"no file system of one's own can be mounted: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.mount], check=False)

    def fill(self):
        with open(os.path.join(self.mount, "filler"), "ab", buffering=0) as filler:
            for size in (65536, 4096, 512):
                try:
                    while filler.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass

    def empty(self):
        os.unlink(os.path.join(self.mount, "filler"))

    def write_until_refused(self):
        for _ in range(4000):
            if not self.write(random.choice((1, 5, 700))):
                return
        self.fail("the disk did not fill up")

    def test_a_full_disk_is_told_survived_and_recovered_from(self):
        self.start(self.mount)
        self.begin()
        waits = []
        for _ in range(ROUNDS):
            self.fill()
            self.write_until_refused()
            self.assertEqual(self.refusals[-1].status, 507)
            self.assertIn("the disk is full", self.refusals[-1].json()["detail"])
            self.unready("the disk is full")
            self.assertIn("tstrm_store_writable 0", self.client.get("/metrics").body.decode())
            self.forecast()
            self.check_nothing_is_lost()
            self.empty()
            waits.append(until(self.ready, "ready again"))
            self.assertTrue(self.write())
            self.check_nothing_is_lost()
        until(lambda: "ready again" in self.daemon.log(), "the log says so")
        self.assertIn("not ready", self.daemon.log())
        self.restart_and_check()
        self.told(f"full disk: {ROUNDS} times, {len(self.acked)} points acknowledged, {len(self.refusals)} refused, "
                  f"0 lost, ready again after at most {max(waits):.2f} s")

    def test_it_is_killed_while_the_disk_is_full(self):
        self.start(self.mount)
        self.begin()
        self.fill()
        self.write_until_refused()
        self.daemon.kill()
        self.empty()
        self.start(self.mount)
        self.check_nothing_is_lost()
        self.assertTrue(self.write())

    def test_a_fit_that_cannot_be_stored_fails_and_the_last_model_stays(self):
        self.start(self.mount)
        self.client.put("/v1/series/b", {"frequency": "1h", "season": [24], "fit": "off"})
        self.client.post("/v1/series/b/points", {"points": pairs(daily_wave(300))})
        self.assertEqual(self.client.post("/v1/series/b/fit", headers={"Prefer": "wait=60"}).status, 200)
        before = self.client.get("/v1/series/b/forecast?horizon=4").json()
        self.begin()
        self.fill()
        self.write_until_refused()
        answer = self.client.post("/v1/series/b/fit", headers={"Prefer": "wait=60"})
        if answer.status == 200:  # there was room for the job, not for the model
            self.assertEqual(answer.json()["state"], "failed", answer)
            self.assertIn("full", answer.json()["error"])
        else:
            self.assertEqual(answer.status, 507, answer)
        after = self.client.get("/v1/series/b/forecast?horizon=4").json()
        self.assertEqual(after["median"], before["median"])
        self.assertEqual(after["model"]["version"], 1)
        self.empty()
        until(self.ready, "ready again")
        self.assertEqual(self.client.post("/v1/series/b/fit", headers={"Prefer": "wait=60"}).json()["state"],
                         "succeeded")

    def test_a_read_only_file_system_at_the_start_is_named(self):
        self.start(self.mount)
        self.begin()
        self.daemon.stop()
        subprocess.run(["mount", "-o", "remount,ro", self.mount], check=True)
        done = subprocess.run([BINARY, "--listen", "127.0.0.1:0", "--store", self.store], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stdout + done.stderr, r"cannot start.*(read-only|Read-only)")
        subprocess.run(["mount", "-o", "remount,rw", self.mount], check=True)
        self.start(self.mount)
        self.check_nothing_is_lost()


class Limit(Disk):
    """A limit of the size of files, another kind of full."""

    def limit(self, size):
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def test_files_that_may_not_grow_are_a_full_disk(self):
        self.start()
        self.begin()
        for _ in range(ROUNDS):
            self.limit(os.path.getsize(self.store + "-wal") + 20000)
            while self.write(random.choice((1, 300))):
                pass
            self.assertEqual(self.refusals[-1].status, 507)
            self.unready("the disk is full")
            self.forecast()
            self.limit(resource.RLIM_INFINITY)
            until(self.ready, "ready again")
            self.assertTrue(self.write())
        self.restart_and_check()


class Moved(Disk):
    """Files that are taken away under the running daemon."""

    def taken_away_and_put_back(self, ending, replace):
        self.start()
        self.begin()
        path = self.store + ending
        os.rename(path, path + ".away")
        if replace:
            with open(path, "wb"):
                pass
        self.assertFalse(self.write())
        self.assertEqual(self.refusals[-1].status, 503)
        self.assertIn("replaced" if replace else "removed", self.refusals[-1].json()["detail"])
        self.unready("under the running daemon")
        self.forecast()
        self.check_nothing_is_lost()
        os.rename(path + ".away", path)
        until(self.ready, "ready again")
        self.assertTrue(self.write())
        self.restart_and_check()

    def test_the_database_removed(self):
        self.taken_away_and_put_back("", False)

    def test_the_database_replaced(self):
        self.taken_away_and_put_back("", True)

    def test_the_log_removed(self):
        self.taken_away_and_put_back("-wal", False)

    def test_the_lock_removed(self):
        self.taken_away_and_put_back(".lock", False)

    def test_without_a_write_it_is_noticed_too(self):
        self.start()
        self.begin()
        os.rename(self.store, self.store + ".away")
        until(lambda: not self.ready(), "not ready")
        os.rename(self.store + ".away", self.store)
        until(self.ready, "ready again")

    def test_what_the_daemon_still_holds_can_be_saved_by_a_backup(self):
        backups = os.path.join(self.folder, "backups")
        os.mkdir(backups)
        self.start(environment={"TSTRM_BACKUP_DIR": backups})
        self.begin()
        os.unlink(self.store)
        self.assertFalse(self.write())
        answer = self.client.post("/v1/admin/backup", {"name": "saved.db"})
        self.assertEqual(answer.status, 201, answer)
        self.daemon.kill()
        rescued = os.path.join(self.folder, "rescued")
        os.mkdir(rescued)
        shutil.copy(os.path.join(backups, "saved.db"), os.path.join(rescued, "store.db"))
        self.start(rescued)
        self.check_nothing_is_lost()


class Failing(Disk):
    """Calls that fail inside the daemon, as a bad disk makes them."""

    def setUp(self):
        super().setUp()
        if not FAULTS or not os.path.exists(FAULTS):
            self.skipTest("the environment variable FAULT_DISK names no shared object")
        if sanitized(BINARY):
            self.skipTest("a sanitizer's runtime has to be loaded before all others")

    def life(self, fault, more=None):
        """Traffic over a daemon whose nth call fails; what it refused."""
        self.acked, self.refusals = {}, []
        folder = tempfile.mkdtemp(dir=self.folder)
        self.start(folder, environment={"LD_PRELOAD": FAULTS, "FAULT_DISK_CALL": fault, **(more or {})})
        self.client.put("/v1/series/a", {"frequency": "1h", "season": [24], "fit": "off"})
        for i in range(30):
            self.write(1 + i % 3 if i % 10 else 400)
        until(self.ready, "ready again")
        self.assertTrue(self.write())
        if self.acked:
            self.check_nothing_is_lost()
        self.restart_and_check()
        self.daemon.kill()
        return len(self.refusals)

    def test_a_call_that_fails_once_loses_nothing(self):
        refused = acked = lives = 0
        for call, numbers in (("pwrite", (60, 75, 90, 110, 130, 150)), ("fsync", (8, 10, 13, 16, 20, 25)),
                              ("pread", (30, 34, 38))):
            for nth in numbers[:max(2, ROUNDS)]:
                refused += self.life(f"{call}:{nth}:1:5")
                acked += len(self.acked)
                lives += 1
        self.assertGreater(refused, 0)
        self.told(f"I/O errors: {lives} lives, {acked} points acknowledged, {refused} writes refused, 0 lost")

    def test_a_disk_that_fails_for_a_while_is_told_and_recovers(self):
        waits = []
        for call, number, words in (("pwrite", 5, "Input/output error"), ("fsync", 5, "Input/output error"),
                                    ("pwrite", 30, "Read-only file system")):
            self.acked, self.refusals = {}, []
            switch = os.path.join(self.folder, f"failing-{call}-{number}")
            self.start(tempfile.mkdtemp(dir=self.folder), environment={
                "LD_PRELOAD": FAULTS, "FAULT_DISK_CALL": f"{call}:1:0:{number}", "FAULT_DISK_WHILE": switch})
            self.begin()
            with open(switch, "wb"):
                pass
            for _ in range(5):
                self.assertFalse(self.write())
            self.assertEqual(self.refusals[-1].status, 503)
            self.assertIn(words, self.refusals[-1].json()["detail"])
            self.unready(words)
            self.forecast()
            self.check_nothing_is_lost()
            os.unlink(switch)
            waits.append(until(self.ready, "ready again"))
            self.assertTrue(self.write())
            self.restart_and_check()
            self.daemon.kill()
        self.told(f"I/O errors for a while: ready again after at most {max(waits):.2f} s")


class Damaged(Disk):
    """A store with a damaged chunk and a damaged row of the log."""

    def test_what_is_damaged_is_named_and_left_out(self):
        import sqlite3
        self.start()
        self.begin()
        self.assertTrue(self.write(2000))
        for _ in range(3):
            self.assertTrue(self.write())
        self.daemon.stop()
        database = sqlite3.connect(self.store)
        first, last, n = database.execute("SELECT t0, t1, n FROM chunk ORDER BY t0 LIMIT 1 OFFSET 1").fetchone()
        database.execute("UPDATE chunk SET blob = zeroblob(length(blob)) WHERE t0 = ?", (first,))
        database.execute("UPDATE tail SET v = v + 1 WHERE id = (SELECT max(id) FROM tail)")
        database.commit()
        database.close()
        self.start()
        lost = [t for t in self.acked if first <= t <= last] + [max(self.acked)]
        for t in lost:
            del self.acked[t]
        page = self.client.get("/v1/series/a/points?start=0&limit=100000").json()
        self.assertEqual({t: v for t, v in page["points"]}, self.acked)
        self.assertEqual(page["damaged"], [{"first": first, "last": last, "points": n}])
        csv = self.client.get("/v1/series/a/points?start=0&limit=100000", headers={"Accept": "text/csv"})
        self.assertIn(f"{n} points are damaged", csv.headers["warning"])
        series = self.client.get("/v1/series/a").json()
        self.assertEqual(series["points_damaged"], n + 1)
        self.assertEqual(series["state"], f"ready, {n + 1} points damaged")
        damage = self.client.get("/v1/admin/stats").json()["damage"]
        self.assertEqual((damage["points"], damage["log"]), (1, 1))
        self.assertEqual({row["kind"] for row in damage["found"]}, {"points", "log"})
        self.assertIn('tstrm_store_damaged{kind="points"} 1', self.client.get("/metrics").body.decode())
        self.assertIn("damaged in the store", self.daemon.log())
        self.forecast()
        self.assertTrue(self.ready())
        self.client.post("/v1/series/a/points", {"points": [[t, 1] for t in sorted(lost)]})
        self.acked.update((t, 1) for t in lost)
        self.assertEqual({t: v for t, v in self.client.get(
            "/v1/series/a/points?start=0&limit=100000").json()["points"]}, self.acked)

    def test_a_file_that_cannot_be_used_is_refused_with_what_can_be_done(self):
        self.start()
        self.begin()
        self.daemon.stop()
        with open(self.store, "r+b") as file:
            file.seek(4096 * 2)
            file.write(os.urandom(8192))
        done = subprocess.run([BINARY, "--listen", "127.0.0.1:0", "--store", self.store], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1, done)
        for words in (self.store, "damaged", "backup", ".recover"):
            self.assertIn(words, done.stdout + done.stderr)


if __name__ == "__main__":
    main()
