"""The forecaster's bench: what it takes from files, and that it makes no run twice. Its tool is a stand-in."""
import contextlib
import gzip
import io
import json
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import tap  # noqa: E402
import forecaster  # noqa: E402

TOOL = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
while [ "$1" != --json ]; do shift; done
echo '%s' > "$2"
"""
LINE = {"dataset": "a", "n": 3, "lines": 3, "failed": 0, "limit": 0, "truncate": 0, "weights": "00", "weights_name": "w",
        "networks": 2, "parameters": 100, "supervision": 2, "MASE": 0.5, "MASE_naive": 1.0, "MASE_ratio": 0.5,
        "MASE_ratio_90": [0.4, 0.6], "WQL": 0.1, "WQL_naive": 0.2, "WQL_ratio": 0.5, "WQL_ratio_90": [0.4, 0.6], "sQL": 0.3,
        "cov80": 0.8, "cov95": 0.99, "cpu_us": 100, "joules": None, "MASE_by_step": [0.6, 0.5], "WQL_by_step": [0.2, 0.1]}
SUMMARY = """dataset,method,n,mase
a,snaive,3,1.0
a,theta,3,0.7
a,comb3,3,0.3
a,tbats,2 (sample),0.2
"""


class Forecaster(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tstrm-bench-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.mkdir(self.path("series"))
        self.write("summary.csv", SUMMARY)
        self.write("tool", TOOL % json.dumps(LINE))
        os.chmod(self.path("tool"), 0o755)
        with gzip.open(self.path("series/a.jsonl.gz"), "wt") as file:
            file.write("{}\n" * 3)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def run_bench(self, *arguments, code=0):
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            self.assertEqual(forecaster.main(["--data", self.path("series"), "--baselines", self.folder, "--binary",
                                              self.path("tool"), "--output", self.path("out"), *arguments]), code)
        return shown.getvalue()

    def calls(self):
        if not os.path.exists(self.path("calls")):
            return []
        with open(self.path("calls"), encoding="utf-8") as file:
            return file.read().splitlines()

    def test_the_best_classical_method_is_single_and_was_measured_on_the_whole_set(self):
        self.assertEqual(forecaster.best_classical(self.folder), {"a": ("theta", 0.7)})
        self.assertIn("0.700 theta", self.run_bench())

    def test_a_finished_run_is_read_and_not_made_again(self):
        first = self.run_bench()
        self.assertEqual((self.run_bench(), len(self.calls())), (first, 1))
        self.run_bench("--again")
        self.run_bench("--limit", "2")
        self.assertEqual(len(self.calls()), 3)

    def test_another_program_or_other_weights_are_another_run(self):
        self.run_bench()
        self.write("weights", "1")
        self.run_bench("--weights", self.path("weights"))
        self.write("weights", "2")
        self.run_bench("--weights", self.path("weights"))
        self.assertEqual(len(self.calls()), 3)
        self.write("tool", TOOL % json.dumps(LINE) + "\n")
        self.run_bench()
        self.assertEqual(len(self.calls()), 4)

    def test_a_line_that_was_cut_off_is_made_again(self):
        self.run_bench()
        with open(self.path("out"), "r+b") as file:
            file.truncate(20)
        self.run_bench()
        self.assertEqual(len(self.calls()), 2)

    def test_every_table_is_shown(self):
        self.assertIn("| 0.5000 |", self.run_bench("--by-step"))
        self.assertIn("a, last 10 ", self.run_bench("a", "--short"))
        self.write("weights", "1")
        shown = self.run_bench("--ablations", "--also", f"other={self.path('weights')}")
        for row in ("seasonal naive", "network after step 1", "one network of 2", "weights other", "adapted", "literal"):
            self.assertIn(row, shown)
        self.assertTrue(any("--method literal --limit 40" in call for call in self.calls()))

    def test_means_over_the_six_configurations_need_all_of_them_whole(self):
        lines = [{"dataset": name, "limit": 0, "truncate": 0, "MASE": mase / 2, "WQL": wql / 4}
                 for name, (mase, wql) in forecaster.GIFT.items()]
        for seen, wanted in zip(forecaster.gift_ratios(lines), (0.5, 0.25)):
            self.assertAlmostEqual(seen, wanted)
        self.assertEqual(forecaster.gift_ratios(lines[1:]), (None, None))
        lines[0]["limit"] = 10
        self.assertEqual(forecaster.gift_ratios(lines), (None, None))

    def test_the_interval_of_a_mean_narrows_with_the_sets(self):
        one = forecaster.geometric_interval([LINE], "MASE_ratio")
        four = forecaster.geometric_interval([LINE] * 4, "MASE_ratio")
        self.assertAlmostEqual(one[1] / one[0], 1.5)
        self.assertAlmostEqual(four[1] / four[0], 1.5 ** 0.5)

    def test_without_data_it_says_so(self):
        self.assertIn("skipped", self.run_bench("--data", self.path("none")))
        self.assertIn("no such set", self.run_bench("b", code=1))
        self.assertIn("is not there", self.run_bench("--binary", self.path("none"), code=1))


if __name__ == "__main__":
    tap.main()
