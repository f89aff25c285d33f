"""The soak's mixture for some seconds: every answer is one of those expected, every acknowledged point is there, and
what the load had opened is closed again. Whether memory is flat takes longer: tests/bench/soak.py."""
import os
import sys
import tempfile
import unittest

from case import BINARY, main

from tstrmd import sanitized

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import soak  # noqa: E402

SLOW = BINARY and sanitized(BINARY)
REQUESTS_MIN = 100


class Soak(unittest.TestCase):
    def test_all_is_there_and_nothing_is_left_open(self):
        if not BINARY:
            self.skipTest("the environment variable TSTRMD names no daemon")
        with tempfile.TemporaryDirectory(prefix="tstrm-") as folder:
            options = soak.parse(["--binary", BINARY, "--minutes", "0.1" if SLOW else "0.13", "--series", "9",
                                  "--rate", "25" if SLOW else "120", "--askers", "4", "--interval", "0.5",
                                  "--quiet", "--points", "600", "--folder", folder, "--out", os.path.join(folder, "soak.jsonl")])
            result = soak.run(options)
        self.assertGreater(result.tally.requests(), REQUESTS_MIN)
        for name, holds, figures in result.verdict:
            with self.subTest(name):
                self.assertTrue(holds, f"{name}: {figures}")


if __name__ == "__main__":
    main()
