"""tstrm evaluate: its scores against the benches' scorer on the forecasts it wrote, and what it refuses."""
import gzip
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "bench"))
import tap  # noqa: E402
from scores import Scores  # noqa: E402

TSTRM = os.environ.get("TSTRM", os.path.join(HERE, "..", "..", "build", "server", "tool", "tstrm"))


def values(n, level, season=12, seed=1):
    noise = random.Random(seed)
    return [round(level * (1 + 0.3 * math.sin(2 * math.pi * t / season)) + noise.gauss(0, level / 20), 3)
            for t in range(n)]


def line(name, level, seed, **more):
    seen = values(102, level, seed=seed)
    return {"id": name, "freq": "M", "season": 12, "horizon": 6, "train": seen[:96], "test": seen[96:], **more}


def a_set():
    lines = [line(f"s{i}", 10.0 ** i, i) for i in range(5)]
    lines += [line("scaled", 50, 7, mase_scale=20, gift_scale=5), line("holes", 30, 8)]
    lines[-1]["train"][10] = lines[-1]["test"][2] = None
    lines.append({**line("constant", 1, 9), "train": [4] * 40})
    return lines


class Evaluate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tstrm-tool-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, lines):
        text = "".join(one if isinstance(one, str) else json.dumps(one) + "\n" for one in lines)
        opened = gzip.open if name.endswith(".gz") else open
        with opened(self.path(name), "wt", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return [json.loads(one) for one in file]

    def run_tool(self, *arguments, code=0):
        done = subprocess.run([TSTRM, *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def evaluate(self, path, *options):
        """The JSON line and the forecasts by id."""
        self.run_tool("evaluate", path, "--json", self.path("figures"), "--forecasts", self.path("out"), *options)
        name = os.path.basename(path).split(".")[0]
        forecasts = {one["id"]: one for one in self.read(os.path.join("out", name + ".jsonl"))}
        return self.read("figures")[-1], forecasts

    def check_scores(self, lines, *options, gift=False):
        figures, forecasts = self.evaluate(self.write("made.jsonl.gz", lines), *options)
        scores = Scores(gift)
        for one in lines:
            scores.add(one, forecasts[one["id"]])
        for name, value in scores.result().items():
            if name != "fit_wait_s":
                self.assertAlmostEqual(figures[name], value, places=10, msg=name)
        return figures

    def test_scores_are_those_of_the_bench(self):
        figures = self.check_scores(a_set())
        self.assertEqual((figures["lines"], figures["n"], figures["failed"]), (8, 7, 0))

    def test_scores_are_those_of_the_bench_with_the_scale_of_gift(self):
        plain, gift = self.check_scores(a_set()), self.check_scores(a_set(), "--gift", gift=True)
        self.assertGreater(gift["MASE"], plain["MASE"])

    def test_seasonal_naive_is_as_good_as_itself(self):
        figures = self.check_scores(a_set(), "--method", "snaive")
        self.assertEqual((figures["MASE_ratio"], figures["WQL_ratio"], figures["RelMASE_gm"]), (1, 1, 1))

    def test_seasonal_naive_repeats_the_last_season_known(self):
        one = {"id": "a", "freq": "Q", "season": 4, "train": [1, 2, 3, 4, 5, 6, 7, None], "test": [1] * 6}
        _, forecasts = self.evaluate(self.write("made.jsonl", [one]), "--method", "snaive")
        self.assertEqual(forecasts["a"]["median"], [5, 6, 7, 4, 5, 6])

    def test_the_interval_holds_the_score(self):
        figures, _ = self.evaluate(self.write("made.jsonl", a_set()))
        for name in ("MASE", "WQL"):
            low, high = figures[name + "_90"]
            self.assertTrue(low <= figures[name] <= high and low < high, figures)

    def test_the_number_of_threads_changes_nothing(self):
        path = self.write("made.jsonl", a_set())
        seen = [self.evaluate(path, "--threads", n) for n in ("1", "4")]
        for figures, _ in seen:
            del figures["cpu_us"], figures["seconds"]
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(list(seen[1][1]), [one["id"] for one in a_set()])

    def test_a_limit_takes_lines_evenly(self):
        _, forecasts = self.evaluate(self.write("made.jsonl", a_set()), "--limit", "3")
        self.assertEqual(list(forecasts), ["s0", "s2", "scaled"])

    def test_a_truncated_past_is_the_past_of_a_shorter_series(self):
        full, short = a_set()[1], a_set()[1]
        short["train"] = short["train"][-48:]
        _, seen = self.evaluate(self.write("made.jsonl", [full]), "--truncate", "48")
        _, wanted = self.evaluate(self.write("made.jsonl", [short]))
        self.assertEqual(seen, wanted)

    def test_a_capped_horizon_asks_and_scores_fewer_steps(self):
        figures, forecasts = self.evaluate(self.write("made.jsonl", a_set()[:1]), "--horizon-cap", "2")
        cut = {**a_set()[0], "test": a_set()[0]["test"][:2]}
        scores = Scores()
        scores.add(cut, forecasts["s0"])
        self.assertEqual(len(forecasts["s0"]["median"]), 2)
        self.assertAlmostEqual(figures["MASE"], scores.result()["MASE"], places=10)

    def test_steps_of_the_reasoning_are_scored(self):
        figures, _ = self.evaluate(self.write("made.jsonl", a_set()), "--by-step")
        self.assertAlmostEqual(figures["MASE_by_step"][-1], figures["MASE"], places=6)

    def test_a_pool_is_cut_into_windows_at_its_end(self):
        seen = values(81, 10)
        pool = {"id": "p", "freq": "M", "season": 12, "values": seen}
        figures, forecasts = self.evaluate(self.write("made.jsonl", [pool]), "--method", "snaive")
        self.assertEqual(list(forecasts), ["p_w01", "p_w02"])
        self.assertEqual(forecasts["p_w02"]["median"][:12], seen[81 - 18 - 12:81 - 18])
        scores = Scores()
        for back in (2, 1):
            origin = len(seen) - 18 * back
            scores.add({"train": seen[:origin], "season": 12, "test": seen[origin:origin + 18]},
                       forecasts[f"p_w{3 - back:02}"])
        self.assertAlmostEqual(figures["MASE"], scores.result()["MASE"], places=10)

    def test_an_answer_that_fails_is_counted_and_left_out(self):
        short = {"id": "short", "freq": "M", "season": 1, "train": [1, None], "test": [1]}
        done = self.run_tool("evaluate", self.write("made.jsonl", [*a_set(), short]), code=1)
        self.assertIn("made: short: ", done.stderr)
        self.assertIn("1 of 9 failed", done.stdout)

    def test_a_file_that_is_not_there_is_named(self):
        done = self.run_tool("evaluate", self.path("none.jsonl"), code=1)
        self.assertIn(self.path("none.jsonl") + ": No such file", done.stderr)

    def test_a_broken_line_is_named_with_its_number(self):
        broken = {"not JSON": '{"id": \n', "not an object": "[1]\n",
                  '"season" is not': {**a_set()[0], "season": 0},
                  '"train" is not': {**a_set()[0], "train": []},
                  '"test"[1] is neither': {**a_set()[0], "test": [1, "2"]},
                  '"freq" 2H is unknown': {"id": "a", "freq": "2H", "season": 12, "values": [1, 2]}}
        for message, one in broken.items():
            with self.subTest(message):
                path = self.write("made.jsonl", [a_set()[0], "\n", one])
                done = self.run_tool("evaluate", path, code=1)
                self.assertIn(f"made.jsonl:3: {message}", done.stderr)

    def test_a_damaged_archive_is_refused(self):
        path = self.write("made.jsonl.gz", a_set())
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path) - 8)
        self.assertIn("made.jsonl.gz", self.run_tool("evaluate", path, code=1).stderr)

    def test_options_that_are_wrong_are_refused(self):
        for arguments, message in ((["--bogus"], "unknown option --bogus"), (["--limit"], "--limit needs a value"),
                                   (["--limit", "0"], "--limit is not"), (["--method", "x"], "no method x"),
                                   (["--threads", "1x"], "--threads is not"), ([], "no file")):
            with self.subTest(message):
                self.assertIn(message, self.run_tool("evaluate", *arguments, code=2).stderr)

    def test_the_tool_explains_itself(self):
        self.assertIn("evaluate", self.run_tool("--help").stdout)
        self.assertIn("--gift", self.run_tool("evaluate", "--help").stdout)
        self.assertRegex(self.run_tool("--version").stdout, r"^tstrm \d+\.\d+\.\d+\n$")
        self.assertIn("no subcommand fly", self.run_tool("fly", code=2).stderr)


if __name__ == "__main__":
    tap.main()
