"""What the end-to-end tests share: a daemon for each class, made-up series, and how a problem looks."""
import math
import os
import random
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402
from tstrmd import Client, Daemon, Response  # noqa: E402, F401

BINARY = os.environ.get("TSTRMD", "")
HOUR = 3600 * 1000
T0 = 1_795_392_000_000  # 2026-11-23T00:00:00Z, a Monday

main = tap.main


def daily_wave(n, seed=1):
    """An hourly series with a daily season, a little noise and no missing value."""
    noise = random.Random(seed)
    return [round(100 + 30 * math.sin(2 * math.pi * i / 24) + noise.gauss(0, 2), 3) for i in range(n)]


def pairs(values, start=T0, step=HOUR):
    return [[start + i * step, v] for i, v in enumerate(values)]


def body(values, start=T0, step=HOUR):
    return {"points": pairs(values, start, step)}


def builtin_weights():
    """The bytes of the weights that the daemon was built with."""
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "schemas", "weights", "base.trmw"), "rb") as file:
        return file.read()


def sealed(weights):
    """A weights file that was changed, with the checksum that it has to have (schemas/weights.md)."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    crc = 0xFFFFFFFF
    for byte in weights[:-4]:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return weights[:-4] + (crc ^ 0xFFFFFFFF).to_bytes(4, "little")


class Case(unittest.TestCase):
    """A class of tests on one daemon with an empty store."""

    arguments = ()
    environment = {}

    @classmethod
    def setUpClass(cls):
        if not BINARY:
            raise unittest.SkipTest("the environment variable TSTRMD names no daemon")
        folder = tempfile.TemporaryDirectory(prefix="tstrm-")
        cls.addClassCleanup(folder.cleanup)
        cls.store = os.path.join(folder.name, "store.db")
        cls.daemon = cls.new_daemon().start()

    @classmethod
    def new_daemon(cls, **more):
        """One on the class's store, not started."""
        return Daemon(BINARY, cls.store, cls.arguments, cls.environment, **more)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def setUp(self):
        self.client = self.daemon.client()
        self.addCleanup(self.client.close)

    def ok(self, response, *statuses):
        """The answer, which has one of the statuses (200 unless others are named)."""
        self.assertIn(response.status, statuses or (200,), response)
        return response

    def has_series(self, series, values, step=HOUR, **settings):
        """A new series with values."""
        self.ok(self.client.put(f"/v1/series/{series}", {"frequency": "1h", **settings}), 201)
        self.ok(self.client.post(f"/v1/series/{series}/points", body(values, step=step)))

    def assertLogged(self, words, seconds=30):
        """The words stand in the daemon's log, or come soon: it is read by a thread."""
        until = time.monotonic() + seconds
        while words not in self.daemon.log() and time.monotonic() < until:
            time.sleep(0.02)
        self.assertIn(words, self.daemon.log())

    def assertProblem(self, response, status, place=None, words=()):
        """problem+json with the status, naming the place, whose detail holds the words."""
        self.assertEqual(response.status, status, response)
        self.assertEqual(response.type, "application/problem+json", response)
        problem = response.json()
        for field in ("type", "title", "detail", "instance"):
            self.assertIsInstance(problem.get(field), str, response)
        self.assertEqual(problem["status"], status, response)
        if place is not None:
            self.assertIn(place, [entry["pointer"] for entry in problem.get("errors", [])], response)
        for word in words:
            self.assertIn(word, problem["detail"], response)
        return problem
