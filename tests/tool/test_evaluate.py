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
UNTRAINED = os.environ.get("UNTRAINED", os.path.join(HERE, "..", "..", "build", "tests", "tool", "untrained"))


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
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="tstrm-tool-")
        cls.addClassCleanup(folder.cleanup)
        cls.weights = {n: os.path.join(folder.name, f"untrained{n}.trmw") for n in (1, 2)}
        for n, path in cls.weights.items():
            subprocess.run([UNTRAINED, path, str(n)], check=True)

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
        """The JSON line and the forecasts by id; with weights of its own where the method needs some."""
        method = options[options.index("--method") + 1] if "--method" in options else "forecast"
        if method in ("forecast", "adapted") and "--weights" not in options:
            options = (*options, "--weights", self.weights[1])
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
            del figures["cpu_us"], figures["seconds"], figures["joules"]
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

    def check_same(self, one, other):
        self.assertEqual(one.keys(), other.keys())
        for name, forecast in one.items():
            seen, wanted = forecast["median"], other[name]["median"]
            for level, values in forecast["quantiles"].items():
                seen, wanted = seen + values, wanted + other[name]["quantiles"][level]
            for a, b in zip(seen, wanted):
                self.assertAlmostEqual(a, b, delta=1e-12 * (1 + abs(b)), msg=name)

    def test_quantiles_of_the_last_step_are_those_of_the_answer(self):
        for method in ("forecast", "consensus"):
            with self.subTest(method):
                figures, _ = self.evaluate(self.write("made.jsonl", a_set()), "--by-step", "--method", method)
                self.assertAlmostEqual(figures["MASE_by_step"][-1], figures["MASE"], places=12)
                self.assertAlmostEqual(figures["WQL_by_step"][-1], figures["WQL"], places=12)

    def test_reasoning_begins_with_the_consensus(self):
        path = self.write("made.jsonl", a_set())
        consensus, _ = self.evaluate(path, "--method", "consensus")
        steps, _ = self.evaluate(path, "--by-step")
        self.assertAlmostEqual(steps["MASE_by_step"][0], consensus["MASE"], places=12)
        self.assertAlmostEqual(steps["WQL_by_step"][0], consensus["WQL"], places=12)
        self.assertNotAlmostEqual(steps["MASE_by_step"][1], consensus["MASE"], places=4)

    def test_fewer_steps_are_the_first_of_them(self):
        path = self.write("made.jsonl", a_set())
        every, _ = self.evaluate(path, "--by-step")
        for n in (1, 2):
            figures, _ = self.evaluate(path, "--steps", str(n))
            self.assertAlmostEqual(figures["MASE"], every["MASE_by_step"][n], places=12)
        self.assertEqual(self.evaluate(path, "--steps", "60")[1], self.evaluate(path)[1])

    def test_a_network_of_several_answers_alone(self):
        path = self.write("made.jsonl", a_set())
        both, alone = ("--weights", self.weights[2]), self.evaluate(path)[1]
        self.assertEqual(self.evaluate(path, *both, "--network", "1")[1], alone)
        self.assertNotEqual(self.evaluate(path, *both, "--network", "2")[1], alone)
        self.assertNotEqual(self.evaluate(path, *both)[1], alone)
        done = self.run_tool("evaluate", path, *both, "--network", "3", code=1)
        self.assertIn("there is no network 3: the weights have 2", done.stderr)

    def test_verification_is_silenced_as_where_there_is_no_record(self):
        path = self.write("made.jsonl", a_set())
        self.assertNotEqual(self.evaluate(path, "--no-verify")[1], self.evaluate(path)[1])
        short = {**line("short", 10, 1), "train": [1, 5, 2], "season": 1}
        path = self.write("short.jsonl", [short])
        seen, wanted = self.evaluate(path, "--no-verify")[1]["short"], self.evaluate(path)[1]["short"]
        for a, b in zip(seen["quantiles"]["0.9"], wanted["quantiles"]["0.9"]):
            self.assertAlmostEqual(a, b, delta=1e-4)

    def test_a_think_answers_as_the_product_does(self):
        """Too short for past forecasts: then a fit changes nothing, and core's own forecast answers."""
        short = [{**one, "train": one["train"][-9:], "season": 4, "freq": "Q"} for one in a_set()[:5]]
        short.append({**short[0], "id": "low", "train": [0, 0, 3, 0, 1, 0, 0, 0, 2]})
        short.append({**short[0], "id": "flat", "train": [4.5] * 9})
        path = self.write("made.jsonl", short)
        self.check_same(self.evaluate(path)[1], self.evaluate(path, "--method", "adapted")[1])

    def test_nothing_is_below_zero_where_nothing_ever_was(self):
        low = {**line("low", 10, 1), "train": [0, 0, 3, 0, 1, 0, 0, 0, 2] * 9}
        path = self.write("made.jsonl", [low])
        for options in ([], ["--method", "consensus"], ["--method", "draft:naive"], ["--method", "adapted"]):
            with self.subTest(options):
                _, forecasts = self.evaluate(path, *options)
                self.assertGreaterEqual(min(map(min, forecasts["low"]["quantiles"].values())), 0)

    def test_a_draft_answers_alone(self):
        figures, forecasts = self.evaluate(self.write("made.jsonl", a_set()[:1]), "--method", "draft:seasonal_naive")
        self.assertEqual(forecasts["s0"]["median"], a_set()[0]["train"][-12:-6])
        self.assertEqual((figures["method"], figures["weights"]), ("draft:seasonal_naive", None))

    def test_the_longer_season_is_used(self):
        """A week of hours that ends in a weekend: only the longer season knows of Monday."""
        week = [10 + (3 if t % 24 < 8 else 0) + (20 if t // 24 % 7 < 5 else 0) for t in range(24 * 7)]
        seen = week * 4
        one = {"id": "w", "freq": "H", "season": 24, "train": seen, "test": week[:24]}
        _, forecasts = self.evaluate(self.write("made.jsonl", [one]), "--method", "draft:long_season_naive")
        self.assertEqual(forecasts["w"]["median"], week[:24])

    def test_every_kind_of_fit_answers(self):
        path = self.write("made.jsonl", a_set()[:2])
        for method in ("adapted", "literal"):
            with self.subTest(method):
                figures, forecasts = self.evaluate(path, "--method", method)
                self.assertEqual((figures["n"], len(forecasts)), (2, 2))
                self.assertEqual(self.evaluate(path, "--method", method)[1], forecasts)

    def test_weights_go_with_the_figures(self):
        path = self.write("made.jsonl", a_set())
        done = self.run_tool("evaluate", path, "--weights", self.weights[2])
        figures, _ = self.evaluate(path, "--weights", self.weights[2], "--no-verify")
        self.assertIn(f"weights untrained {figures['weights']}: 2 networks of {figures['parameters']} parameters",
                      done.stdout)
        self.assertEqual((figures["networks"], figures["weights_name"], figures["verify"]), (2, "untrained", False))

    def test_weights_that_are_none_are_refused(self):
        path = self.write("made.jsonl", a_set())
        self.assertIn("not a weights file", self.run_tool("evaluate", path, "--weights", path, code=1).stderr)
        self.assertIn("No such file", self.run_tool("evaluate", path, "--weights", "none", code=1).stderr)

    def test_ratios_have_an_interval(self):
        figures, _ = self.evaluate(self.write("made.jsonl", a_set()))
        low, high = figures["MASE_ratio_90"]
        self.assertTrue(low < figures["MASE_ratio"] < high, figures)
        figures, _ = self.evaluate(self.write("made.jsonl", a_set()), "--method", "snaive")
        self.assertEqual(figures["WQL_ratio_90"], [1, 1])

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
        done = self.run_tool("evaluate", self.write("made.jsonl", [*a_set(), short]), "--method", "consensus", code=1)
        self.assertIn("made: short: ", done.stderr)
        self.assertIn("1 of 9 failed", done.stdout)

    def test_a_file_that_is_not_there_is_named(self):
        done = self.run_tool("evaluate", self.path("none.jsonl"), "--method", "snaive", code=1)
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
                done = self.run_tool("evaluate", path, "--method", "snaive", code=1)
                self.assertIn(f"made.jsonl:3: {message}", done.stderr)

    def test_a_damaged_archive_is_refused(self):
        path = self.write("made.jsonl.gz", a_set())
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path) - 8)
        self.assertIn("made.jsonl.gz", self.run_tool("evaluate", path, "--method", "snaive", code=1).stderr)

    def test_options_that_are_wrong_are_refused(self):
        for arguments, message in ((["--bogus"], "unknown option --bogus"), (["--limit"], "--limit needs a value"),
                                   (["--limit", "0"], "--limit is not"), (["--method", "x"], "no method x"),
                                   (["--threads", "1x"], "--threads is not"), ([], "no file"),
                                   (["--method", "draft:x"], "no method draft:x"), (["--steps", "0"], "--steps is not"),
                                   (["--network", "9"], "--network is not"),
                                   (["f", "--method", "snaive", "--no-verify"], "do not go with --method snaive")):
            with self.subTest(message):
                self.assertIn(message, self.run_tool("evaluate", *arguments, code=2).stderr)

    def test_the_tool_explains_itself(self):
        self.assertIn("evaluate", self.run_tool("--help").stdout)
        about = self.run_tool("evaluate", "--help").stdout
        for word in ("--gift", "--no-verify", "pooled_regression"):
            self.assertIn(word, about)
        self.assertRegex(self.run_tool("--version").stdout, r"^tstrm \d+\.\d+\.\d+\n$")
        self.assertIn("no subcommand fly", self.run_tool("fly", code=2).stderr)


if __name__ == "__main__":
    tap.main()
