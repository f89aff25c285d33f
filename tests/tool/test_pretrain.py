"""tstrm pretrain: the same weights from the same options, whatever the threads and the interruptions."""
import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import tap  # noqa: E402

TSTRM = os.environ.get("TSTRM", os.path.join(HERE, "..", "..", "build", "server", "tool", "tstrm"))
OTHER = os.environ.get("OTHER_EXAMPLES", os.path.join(HERE, "..", "..", "build", "tests", "tool",
                                                      "tstrm_other_examples"))
SMALL = ["--examples", "256", "--inner", "32", "--latent", "16", "--batch", "64"]


def series(n, seed):
    noise = random.Random(seed)
    return [round(100 + 0.1 * t + 20 * math.sin(t * math.pi / 6) + noise.gauss(0, 5), 2) for t in range(n)]


class Pretrain(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tstrm-pretrain-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def run_tool(self, *options, code=0):
        done = subprocess.run([TSTRM, "pretrain", *options], capture_output=True, text=True, timeout=900)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def train(self, name, *more, code=0):
        return self.run_tool("--out", self.path(name), *SMALL, "--steps", "12", *more, code=code)

    def pool(self):
        path = self.path("pool.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            for i in range(4):
                file.write(json.dumps({"id": f"s{i}", "freq": "M", "season": 12, "values": series(150, i)}) + "\n")
        return path

    def test_threads_do_not_change_the_weights(self):
        self.train("one.trmw", "--threads", "1")
        self.train("two.trmw", "--threads", "2")
        self.assertEqual(self.read("one.trmw"), self.read("two.trmw"))

    def test_the_seed_changes_them(self):
        self.train("one.trmw")
        self.train("other.trmw", "--seed", "2")
        self.assertNotEqual(self.read("one.trmw"), self.read("other.trmw"))

    def test_examples_kept_in_a_file_give_the_same_weights(self):
        self.train("one.trmw")
        for name in ("drawn.trmw", "used again.trmw"):
            self.train(name, "--examples-file", self.path("examples"))
            self.assertEqual(self.read("one.trmw"), self.read(name))

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)

    def test_a_file_that_holds_no_examples_is_not_overwritten_with_them(self):
        for content in (b"a letter\n", bytes(100000), bytes(range(256)) * 1000):
            self.write("mine", content)
            said = self.train("w.trmw", "--examples-file", self.path("mine"), code=1).stderr
            self.assertIn(self.path("mine") + " is there and is no examples file", said)
            self.assertIn("--examples-file takes a new name, or a file that it made", said)
            self.assertEqual(self.read("mine"), content)
        self.assertFalse(os.path.exists(self.path("w.trmw")))

    def test_an_empty_file_takes_examples(self):
        self.write("examples", b"")
        self.train("w.trmw", "--examples-file", self.path("examples"))
        self.assertGreater(os.path.getsize(self.path("examples")), 256 * 1000)

    def test_examples_of_other_options_are_replaced_and_that_is_said(self):
        keep = ["--examples-file", self.path("examples")]
        self.assertNotIn("drawn anew", self.train("one.trmw", *keep).stderr)
        self.assertNotIn("drawn anew", self.train("again.trmw", *keep).stderr)
        said = self.train("kept.trmw", *keep, "--seed", "2").stderr
        self.assertIn("examples: examples of other options", said)
        self.train("fresh.trmw", "--seed", "2")
        self.assertEqual(self.read("fresh.trmw"), self.read("kept.trmw"))

    def test_examples_that_the_program_makes_otherwise_by_now_are_replaced(self):
        options = ["--out", self.path("w.trmw"), *SMALL, "--steps", "1", "--real", self.pool(),
                   "--examples-file", self.path("examples")]
        for other, replaced in (("", False), ("prior", True), ("prior", False), ("sense", True),
                                ("excerpt", True), ("excerpt", False), ("", True)):
            done = subprocess.run([OTHER, "pretrain", *options], capture_output=True, text=True,
                                  timeout=900, env={**os.environ, "OTHER": other})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual("drawn anew" in done.stderr, replaced, other)

    def test_an_incomplete_examples_file_is_drawn_anew(self):
        cut = ["--out", self.path("cut.trmw"), *SMALL, "--examples", "20000",
               "--examples-file", self.path("examples")]
        self.assertEqual(self.interrupted_drawing(cut), 130)
        said = self.train("w.trmw", "--examples-file", self.path("examples")).stderr
        self.assertIn("incomplete examples of an interrupted run", said)
        self.train("fresh.trmw")
        self.assertEqual(self.read("fresh.trmw"), self.read("w.trmw"))

    def interrupted_drawing(self, options):
        """Runs and interrupts while the examples are drawn; the exit code."""
        running = subprocess.Popen([TSTRM, "pretrain", *options, "--threads", "1"],
                                   stderr=subprocess.PIPE, text=True)
        for line in running.stderr:
            if "real), " in line:
                break
        time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        self.said = running.stderr.read()
        running.stderr.close()
        return running.wait(timeout=600)

    def test_an_interruption_before_the_first_step_promises_nothing(self):
        options = ["--out", self.path("w.trmw"), *SMALL, "--examples", "20000"]
        self.assertEqual(self.interrupted_drawing(options), 130)
        self.assertNotIn("--resume", self.said)
        self.assertIn("interrupted while the examples were drawn; nothing is kept", self.said)
        self.assertFalse(os.path.exists(self.path("w.trmw.checkpoint")))

    def test_an_interruption_before_the_training_goes_on_keeps_the_checkpoint(self):
        options = ["--out", self.path("w.trmw"), *SMALL, "--steps", "4000", "--examples", "2000"]
        self.assertEqual(self.interrupted(options), 130)
        before = self.read("w.trmw.checkpoint")
        self.assertEqual(self.interrupted_drawing([*options, "--resume"]), 130)
        self.assertIn("w.trmw.checkpoint is as it was", self.said)
        self.assertEqual(self.read("w.trmw.checkpoint"), before)

    def interrupted(self, options):
        """Runs and interrupts after the first look at the losses; the exit code."""
        running = subprocess.Popen([TSTRM, "pretrain", *options], stderr=subprocess.PIPE, text=True)
        for line in running.stderr:
            if line.startswith("network 1 step"):
                break
        running.send_signal(signal.SIGINT)
        self.said = running.stderr.read()
        running.stderr.close()
        return running.wait(timeout=600)

    def test_a_run_that_was_interrupted_goes_on_to_the_same_weights(self):
        for steps in ("60", "500", "4000"):  # until it is slow enough to be interrupted
            options = [*SMALL, "--steps", steps, "--networks", "2"]
            cut = ["--out", self.path("cut.trmw"), *options, "--checkpoint-every", "1000"]
            if self.interrupted(cut) == 130:
                break
            os.remove(self.path("cut.trmw"))
        self.assertIn("--resume", self.said)
        self.assertFalse(os.path.exists(self.path("cut.trmw")))
        self.run_tool("--out", self.path("whole.trmw"), *options)
        self.run_tool(*cut, "--resume")
        self.assertEqual(self.read("whole.trmw"), self.read("cut.trmw"))
        self.assertFalse(os.path.exists(self.path("cut.trmw.checkpoint")))

    def test_an_unfinished_run_is_not_overwritten(self):
        options = ["--out", self.path("w.trmw"), *SMALL, "--networks", "2"]
        self.assertEqual(self.interrupted([*options, "--steps", "4000"]), 130)
        before = self.read("w.trmw.checkpoint")
        said = self.run_tool(*options, "--steps", "12", code=1).stderr
        self.assertIn(self.path("w.trmw.checkpoint"), said)
        self.assertRegex(said, r"[1-9]\d* of 8000 steps done: --resume goes on")
        self.assertIn("remove it or name another --checkpoint", said)
        self.run_tool(*options, "--steps", "12", "--checkpoint", self.path("other"))
        self.assertEqual(self.read("w.trmw.checkpoint"), before)

    def test_a_file_that_is_no_checkpoint_is_not_overwritten_with_one(self):
        self.write("mine", b"a letter")
        said = self.train("w.trmw", "--checkpoint", self.path("mine"), code=1).stderr
        self.assertIn(self.path("mine") + " is there and is no checkpoint", said)
        self.assertEqual(self.read("mine"), b"a letter")

    def test_nothing_to_resume_is_said_before_examples_are_drawn(self):
        said = self.train("w.trmw", "--resume", code=1).stderr
        self.assertIn("w.trmw.checkpoint: No such file", said)
        self.assertNotIn("256 examples", said)

    def test_the_card_says_how(self):
        self.train("w.trmw", "--validate", self.pool())
        card = json.loads(self.read("w.json"))
        self.assertEqual(card["data"]["examples"], 256)
        self.assertEqual(sum(card["data"]["prior_families"].values()), 256)
        self.assertEqual(card["network"]["inner"], 32)
        last = card["curves"][-1]
        self.assertEqual(last["step"], 12)
        for name in ("train", "held_out", "real"):
            self.assertEqual(len(last[name]), 3)
            self.assertTrue(all(0 < loss < 20 for loss in last[name]), last)
        self.assertEqual(list(last["files"]), ["pool.jsonl"])

    def test_real_series_take_their_share(self):
        self.train("w.trmw", "--real", self.pool(), "--real-share", "0.5", "--real-cap", "10")
        data = json.loads(self.read("w.json"))["data"]
        self.assertEqual(data["real"], {"pool.jsonl": 40})
        self.assertEqual(sum(data["prior_families"].values()), 256 - 40)

    def test_networks_of_several_files_go_into_one(self):
        self.train("a.trmw")
        self.train("b.trmw", "--seed", "2")
        self.run_tool("--average", self.path("a.trmw"), self.path("b.trmw"), "--out", self.path("both.trmw"))
        self.assertGreater(len(self.read("both.trmw")), 1.9 * len(self.read("a.trmw")))
        one = self.read("both.trmw")
        self.assertIn(self.read("a.trmw")[-1000:-100], one)
        self.assertIn(self.read("b.trmw")[-1000:-100], one)

    def test_it_goes_on_from_weights_that_were_trained_before(self):
        self.train("a.trmw")
        self.train("b.trmw", "--init", self.path("a.trmw"))
        first = json.loads(self.read("a.json"))["curves"][0]["train"][0]
        self.assertLess(json.loads(self.read("b.json"))["curves"][0]["train"][0], first)

    def test_damaged_files_are_refused_by_name(self):
        self.train("a.trmw")
        bytes_of = bytearray(self.read("a.trmw"))
        bytes_of[len(bytes_of) // 2] ^= 1
        for name, content in (("broken.trmw", bytes_of), ("c.trmw.checkpoint", b"nothing")):
            with open(self.path(name), "wb") as file:
                file.write(content)
        said = self.train("b.trmw", "--init", self.path("broken.trmw"), code=1).stderr
        self.assertIn("broken.trmw", said)
        self.assertIn("damaged", said)
        said = self.train("c.trmw", "--resume", code=1).stderr
        self.assertIn("c.trmw.checkpoint", said)

    def test_a_checkpoint_of_other_options_is_refused(self):
        options = ["--out", self.path("w.trmw"), *SMALL, "--checkpoint-every", "1"]
        running = subprocess.Popen([TSTRM, "pretrain", *options, "--steps", "100000"], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 300
        while not os.path.exists(self.path("w.trmw.checkpoint")) and time.monotonic() < until:
            time.sleep(0.05)
        running.terminate()
        self.assertEqual(running.wait(timeout=300), 130)
        said = self.run_tool(*options, "--steps", "200000", "--resume", code=1).stderr
        self.assertIn("other options", said)

    def test_memory_that_the_machine_does_not_have_is_refused(self):
        try:
            with open("/proc/meminfo", encoding="ascii") as file:
                self.assertIn("MemAvailable", file.read())
        except OSError:
            self.skipTest("nobody says how much memory there is")
        said = self.train("w.trmw", "--examples", "1000000000", code=1).stderr
        self.assertRegex(said, r"examples need \d{7,} MB of memory and \d+ MB are available")
        self.assertIn("fewer --examples, or an --examples-file", said)

    def test_options_are_checked(self):
        for options, words in ((["--out", "x", "--inner", "17"], "multiples of 16"), (["--nonsense"], "nonsense"),
                               ([], "--out"), (["--out", "x", "--batch", "100"], "multiple of 32"),
                               (["--out", "x", "--average"], "no weights file")):
            self.assertIn(words, self.run_tool(*options, code=2).stderr)
        said = self.train("w.trmw", "--real", self.path("absent.jsonl"), code=1).stderr
        self.assertIn("absent.jsonl", said)


if __name__ == "__main__":
    tap.main()
