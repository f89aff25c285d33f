"""Nothing acknowledged is lost: the daemon is killed again and again, at any instant and at chosen ones, under clients
that write, change settings, fit, backtest, restore, poll and delete, while backups are made.

Knows when to kill; what has to be there afterwards is known to crash.py. Surprising: rounds build on one another, on
one store, so that what an early kill broke would show late. CRASH_ROUNDS=200 CRASH_SEED=7 for a long run of another
kind; the figures come on standard error.
"""
import collections
import hashlib
import os
import random
import statistics
import subprocess
import sys
import threading
import time

from case import BINARY, Case, Client, main
from crash import ENDED, Crasher, Gone

from tstrmd import sanitized

CLIENTS = 4
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "6" if sanitized(BINARY) else "20"))
SEED = int(os.environ.get("CRASH_SEED", "20261124"))
SIGN_SECONDS = 2    # how long an aimed kill waits for what it is aimed at
END_SECONDS = 120
KILLS = ("any", "any", "any", "fit", "backtest", "refold", "retention", "backup", "boot", "drain", "twice")


class Crash(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backups = os.path.join(os.path.dirname(cls.store), "backups")
        os.mkdir(cls.backups)
        cls.arguments = ("--workers", "2", "--fleet", "off", "--backup-dir", cls.backups, "--ingest-series-max", "100")
        cls.environment = {"TSTRM_DRAIN_DELAY": "20ms"}
        cls.daemon.stop()
        cls.daemon = cls.new_daemon().start()

    def setUp(self):
        super().setUp()
        self.client.close()
        self.random = random.Random(SEED)
        self.counts, self.kinds = collections.Counter(), collections.Counter()
        self.signs = collections.defaultdict(threading.Event)
        self.unready, self.boot_seconds, self.sums = [], 0.05, {}

    # ---- one life of the daemon ----

    def begin(self):
        """A new daemon, and how long there was none."""
        killed = time.monotonic()
        type(self).daemon = self.new_daemon().start()
        client = self.daemon.client()
        while client.get("/readyz").status != 200:
            time.sleep(0.001)
        client.close()
        self.unready.append(time.monotonic() - killed)
        self.boot_seconds = self.unready[-1]

    def back_up(self):
        """Asks for a backup; what is acknowledged has to be on the disk at the end."""
        def post():
            client = Client(self.daemon.port)
            try:
                answer = client.post("/v1/admin/backup", {"name": f"{len(self.unready)}.db"})
                if answer.status in (200, 201):
                    self.sums[answer.json()["name"]] = answer.json()["sha256"]
                    self.counts["backups"] += 1
            except Exception:
                pass    # killed meanwhile
            finally:
                client.close()

        thread = threading.Thread(target=post)
        thread.start()
        return thread

    def kill_at_boot(self):
        """Before it is there, as often as it tries."""
        for _ in range(self.random.randint(1, 3)):
            process = subprocess.Popen(self.daemon.command, env=self.daemon.environment, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(self.random.uniform(0, self.boot_seconds))
            process.kill()
            process.wait()
            self.kinds["at boot"] += 1

    def kill(self, kind):
        """Waits for the instant and kills it."""
        for sign in list(self.signs):
            self.signs[sign].clear()
        early = self.back_up() if self.random.random() < 0.15 else None
        time.sleep(self.random.uniform(0.02, 0.4))
        thread = self.back_up() if kind == "backup" and not early else early
        if kind in ("fit", "backtest", "refold", "retention"):
            self.signs[kind].wait(SIGN_SECONDS)
        if kind == "backup":
            time.sleep(self.random.uniform(0, 0.03))
        elif kind == "drain":
            self.daemon.process.terminate()
            time.sleep(self.random.uniform(0, 0.06))
        elif kind != "any":
            time.sleep(self.random.choice((0, 0, self.random.uniform(0, 0.01))))
        self.daemon.kill()
        self.kinds[kind] += 1
        if thread:
            thread.join()

    # ---- rounds ----

    def round(self, number, crashers):
        kind = KILLS[number % len(KILLS)] if number < 2 * len(KILLS) else self.random.choice(KILLS)
        for crasher in crashers:
            crasher.connect(self.daemon.port)
            crasher.start()
        self.kill(kind)
        for crasher in crashers:
            crasher.join()
        self.nothing_wrong(number, kind, crashers)
        if kind == "boot":
            self.kill_at_boot()
        self.begin()
        if kind == "twice":
            time.sleep(self.random.uniform(0, 0.02))
            self.daemon.kill()
            self.begin()
        for crasher in crashers:
            self.checked(number, kind, crasher)

    def nothing_wrong(self, number, kind, crashers):
        for crasher in crashers:
            if crasher.wrong is not None:
                raise AssertionError(f"seed {SEED}, round {number}, before the kill ({kind})") from crasher.wrong

    def checked(self, number, kind, crasher):
        try:
            crasher.check(self.daemon.port)
        except (AssertionError, Gone) as wrong:
            raise AssertionError(f"seed {SEED}, round {number}, after the kill ({kind})\n" + self.daemon.log()[-3000:]) from wrong

    def test_whatever_was_acknowledged_is_there_after_a_kill_at_any_instant(self):
        crashers = [Crasher(SEED, number, self.counts, self.signs) for number in range(CLIENTS)]
        begun = time.monotonic()
        for number in range(ROUNDS):
            self.round(number, crashers)
            crashers = [crasher.again() for crasher in crashers]
        self.jobs_end(crashers)
        self.backups_are_whole()
        self.report(time.monotonic() - begun)

    def jobs_end(self, crashers):
        """Those that a kill left unfinished have run again, or do now."""
        until = time.monotonic() + END_SECONDS
        for crasher in crashers:
            crasher.connect(self.daemon.port)
            for name, life in crasher.lives.items():
                while life and any(job["state"] not in ENDED for job in life.jobs.values()):
                    self.assertLess(time.monotonic(), until, life.jobs)
                    crasher.check_known(name)
            crasher.client.close()

    def backups_are_whole(self):
        for name, digest in self.sums.items():
            with open(os.path.join(self.backups, name), "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), digest, name)

    def report(self, seconds):
        ms = sorted(1000 * s for s in self.unready)
        kinds = ", ".join(f"{name} {n}" for name, n in sorted(self.kinds.items()))
        counts = ", ".join(f"{n} {name}" for name, n in self.counts.items())
        sys.stderr.write(f"seed {SEED}: {ROUNDS} rounds in {seconds:.0f} s, kills: {kinds}\nacknowledged or compared: {counts}; "
                         f"lost 0\nunready {statistics.median(ms):.0f} ms (median), {ms[-1]:.0f} ms (most)\n")
        self.assertGreater(self.counts["points"], 0)
        self.assertGreater(self.counts["same answers"], 0)


if __name__ == "__main__":
    main()
