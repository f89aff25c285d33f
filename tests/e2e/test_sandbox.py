"""deploy/systemd/tstrmd.service: what it allows is enough for a whole life of the daemon, and little else.

The unit's list of system calls and its address families are laid on the daemon here as systemd would lay them (by
seccomp), except that a call beside the list ends the process instead of failing: so that one is seen.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from case import BINARY, HOUR, T0, Daemon, body, daily_wave, main

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
UNIT = os.path.join(ROOT, "deploy", "systemd", "tstrmd.service")
CONFINE = os.path.join(ROOT, "tests", "lib", "confine.py")
GROUPS = os.path.join(ROOT, "tests", "data", "systemd_groups.txt")
ANALYZE = shutil.which("systemd-analyze")
EXPOSURE_MAX = 1.5  # systemd's own measure, 0 to 10
FAMILIES = {"AF_INET": "2", "AF_INET6": "10"}


def settings(name):
    with open(UNIT, encoding="utf-8") as file:
        return re.findall(rf"^{name}=(.*)$", file.read(), re.MULTILINE)


def group(name):
    """The calls of one of systemd's groups, and of those that it names; without systemd, as version 252 has them."""
    if ANALYZE is None:
        with open(GROUPS, encoding="utf-8") as file:
            return next(set(line.split()[1:]) for line in file if line.split()[0] == name)
    shown = subprocess.run([ANALYZE, "syscall-filter", name], capture_output=True, text=True, check=True).stdout
    words = [line.strip() for line in shown.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(group(word) if word.startswith("@") else {word} for word in words))


def allowed():
    """The unit's lines in their order, as systemd.exec(5) reads them."""
    calls = set()
    for line in settings("SystemCallFilter"):
        named = set().union(*(group(word) if word.startswith("@") else {word} for word in line.lstrip("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


class Sandbox(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.calls = allowed()

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tstrm-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def confined(self, calls, listen="127.0.0.1:0"):
        families = ",".join(FAMILIES[name] for name in settings("RestrictAddressFamilies")[0].split())
        return Daemon(BINARY, os.path.join(self.folder, "store.db"), ("--backup-dir", self.folder), listen=listen,
                      wrapper=(sys.executable, CONFINE, "--families", families, ",".join(sorted(calls)), "--"))

    def ok(self, answer):
        self.assertIn(answer.status, (200, 201, 202, 204), answer)
        return answer

    def live(self, daemon):
        """A little of everything."""
        client = daemon.client()
        for name, kind in (("a", "trm"), ("b", "literal")):
            self.ok(client.put(f"/v1/series/{name}", {"frequency": "1h", "season": [24], "model": kind, "timezone": "UTC"}))
            self.ok(client.post(f"/v1/series/{name}/points", body(daily_wave(400))))
            self.ok(client.post(f"/v1/series/{name}/fit", headers={"Prefer": "wait=60"}))
            self.ok(client.get(f"/v1/series/{name}/forecast?horizon=24&trace=1", headers={"Accept-Encoding": "gzip"}))
        job = self.ok(client.post("/v1/series/a/backtest", {"windows": 2}, headers={"Prefer": "wait=60"})).json()
        self.ok(client.get(f"/v1/jobs/{job['id']}/events"))
        self.ok(client.post("/v1/series/line/points", "timestamp,value\n" + "".join(
            f"{T0 + i * HOUR},{i}\n" for i in range(3000)), type="text/csv"))
        self.ok(client.post("/v1/forecast", {"horizon": 3, "series": [{"frequency": "1h", "values": list(range(20))}]}))
        self.ok(client.get("/api/v1/query?query=a:predicted"))
        self.ok(client.post("/v1/admin/backup", {}))
        self.ok(client.post("/-/reload"))
        daemon.process.send_signal(signal.SIGHUP)
        for path in ("/metrics", "/v1/admin/stats", "/v1/series", "/v1/jobs", "/v1/series/a/record", "/readyz"):
            self.ok(client.get(path))
        self.ok(client.delete("/v1/series/line"))
        client.close()

    def test_the_units_list_is_enough_for_a_whole_life_and_for_the_next_one(self):
        for _ in range(2):
            daemon = self.confined(self.calls).start()
            with open(f"/proc/{daemon.process.pid}/status", encoding="utf-8") as file:
                self.assertRegex(file.read(), r"NoNewPrivs:\s*1\nSeccomp:\s*2")
            client = daemon.client()
            if client.get("/v1/series/a").status == 404:
                self.live(daemon)
            else:
                self.ok(client.get("/v1/series/a/forecast"))
            client.close()
            daemon.stop()

    def test_a_call_that_is_not_on_the_list_ends_the_daemon(self):
        daemon = self.confined(self.calls - {"pwrite64"})
        with self.assertRaises(AssertionError):
            daemon.start()
        self.assertEqual(daemon.process.returncode, -signal.SIGSYS)

    def test_what_an_intruder_would_want_is_not_on_the_list(self):
        wanted = {"connect", "ptrace", "mount", "bpf", "init_module", "kexec_load", "setns", "unshare", "perf_event_open",
                  "process_vm_readv", "pivot_root", "reboot", "swapon", "settimeofday", "userfaultfd", "setrlimit"}
        self.assertEqual(wanted & self.calls, set())

    @unittest.skipUnless(ANALYZE, "systemd-analyze is not here")
    def test_systemd_reads_the_unit_and_finds_little_exposed(self):
        with open(UNIT, encoding="utf-8") as file:
            text = file.read().replace("/usr/local/bin/tstrmd", os.path.abspath(BINARY))
        path = os.path.join(self.folder, "tstrmd.service")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        said = subprocess.run([ANALYZE, "verify", path], capture_output=True, text=True)
        self.assertEqual([line for line in said.stderr.splitlines() if "tstrmd.service" in line], [])
        said = subprocess.run([ANALYZE, "security", "--offline=yes", "--no-pager", path], capture_output=True, text=True)
        level = re.search(r"exposure level for tstrmd.service: ([0-9.]+)", said.stdout)
        self.assertIsNotNone(level, said)
        self.assertLessEqual(float(level.group(1)), EXPOSURE_MAX)

    def test_the_command_of_the_unit_is_one_that_the_daemon_takes(self):
        command = settings("ExecStart")[0].replace("${STATE_DIRECTORY}", self.folder).split()
        said = subprocess.run([BINARY, *command[1:], "--check-config"], capture_output=True, text=True)
        self.assertEqual(said.returncode, 0, said)


if __name__ == "__main__":
    main()
