"""Backtests over real HTTP: results, refusals, cancellation, restarts."""
import math
import time

from case import Case, daily_wave, main

METHODS = ("trm", "seasonal_naive", "theta", "ets", "ar")
SLOW = {"horizon": 24, "windows": 80, "step": 5}


class Asked(Case):
    def backtest(self, series, content=None, prefer=None):
        headers = {"Prefer": prefer} if prefer else {}
        return self.client.post(f"/v1/series/{series}/backtest", content, headers=headers)

    def end_of(self, job, seconds=180):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            seen = self.ok(self.client.get(f"/v1/jobs/{job}")).json()
            if seen["state"] not in ("pending", "running"):
                return seen
            time.sleep(0.05)
        self.fail(f"job {job} did not end: {seen}")


class Backtests(Asked):
    arguments = ("--workers", "1")

    def test_a_backtest_scores_every_method_at_every_lead(self):
        self.has_series("scored", daily_wave(400), season=[24], fit="off")
        answer = self.ok(self.backtest("scored", {"horizon": 12, "windows": 3}), 202)
        job = answer.json()
        self.assertEqual(answer.headers["location"], "/v1/jobs/" + job["id"])
        self.assertEqual((job["kind"], job["mode"], job["result"]), ("backtest", None, None))
        ended = self.end_of(job["id"])
        self.assertEqual((ended["state"], ended["progress"], ended["step"], ended["error"]), ("succeeded", 1, 3, None))
        result = ended["result"]
        self.assertEqual((result["horizon"], result["windows"], result["step"], result["values"]), (12, 3, 12, 36))
        self.assertEqual((result["known_first"], result["known_last"]), (364, 388))
        self.assertEqual(tuple(result["methods"]), METHODS)
        for name, scores in result["methods"].items():
            lead = scores["by_lead"]
            for score in ("mase", "smape", "weighted_quantile_loss"):
                self.assertEqual(len(lead[score]), 12, name)
                self.assertGreater(scores[score], 0, name)
            # windows and leads are complete, so both means are the same, but for the four digits
            self.assertAlmostEqual(sum(lead["mase"]) / 12, scores["mase"], delta=1e-3 * scores["mase"])
            self.assertEqual(set(scores["coverage"]), {"80", "95"})
            self.assertAlmostEqual(sum(lead["coverage"]["80"]) / 12, scores["coverage"]["80"], delta=1e-3)
            self.assertEqual(scores["windows_won"] + scores["windows_tied"] + scores["windows_lost"], 3)
        self.assertEqual(result["methods"]["seasonal_naive"]["vs_seasonal_naive"], 1)
        best = min(METHODS, key=lambda name: result["methods"][name]["mase"])
        self.assertEqual(result["methods"][result["best"]]["mase"], result["methods"][best]["mase"])

    def test_seasonal_naive_has_the_score_that_arithmetic_gives(self):
        values = daily_wave(240, seed=5)
        self.has_series("naive", values, season=[24], fit="off")
        job = self.ok(self.backtest("naive", {"horizon": 24, "windows": 2, "step": 24, "methods": ["seasonal_naive"]},
                                    "wait=60")).json()
        mase = 0
        for origin in (192, 216):
            scale = sum(abs(values[t] - values[t - 24]) for t in range(24, origin)) / (origin - 24)
            mase += sum(abs(values[t] - values[t - 24]) for t in range(origin, origin + 24)) / 24 / scale / 2
        self.assertAlmostEqual(job["result"]["methods"]["seasonal_naive"]["mase"], mase, delta=1e-3 * mase)

    def test_a_stored_model_or_a_later_point_does_not_change_an_earlier_origin(self):
        values = daily_wave(300)
        self.has_series("before", values[:250], season=[24], fit="off")
        self.has_series("after", values, season=[24], fit="off")
        self.ok(self.client.post("/v1/series/after/fit", headers={"Prefer": "wait=60"}))
        ask = {"horizon": 10, "methods": ["trm", "theta"]}
        early = self.ok(self.backtest("before", {**ask, "windows": 1}, "wait=60")).json()["result"]
        # the first of two windows 50 steps apart has the same origin, and lead by lead two windows' scores are
        # the mean of the first and the second
        both = self.ok(self.backtest("after", {**ask, "windows": 2, "step": 50}, "wait=60")).json()["result"]
        late = self.ok(self.backtest("after", {**ask, "windows": 1}, "wait=60")).json()["result"]
        self.assertEqual(both["known_first"], early["known_first"])
        for name in ask["methods"]:
            one, two, last = (told["methods"][name]["by_lead"]["mase"] for told in (early, both, late))
            for a, b, c in zip(one, two, last):
                self.assertTrue(math.isclose((a + c) / 2, b, rel_tol=2e-3), (name, a, b, c))

    def test_the_list_of_jobs_tells_both_kinds_as_json_and_as_csv(self):
        self.has_series("both", daily_wave(100), season=[24], fit="off")
        self.ok(self.client.post("/v1/series/both/fit", headers={"Prefer": "wait=60"}))
        self.ok(self.backtest("both", {"horizon": 2, "windows": 1, "methods": ["ar"]}, "wait=60"))
        told = self.ok(self.client.get("/v1/jobs?series=both")).json()["jobs"]
        self.assertEqual([(job["kind"], job["mode"]) for job in told], [("backtest", None), ("fit", "incremental")])
        head, *rows = self.ok(self.client.get("/v1/jobs?series=both&format=csv")).body.decode().split()
        self.assertTrue(head.startswith("id,kind,mode,"), head)
        self.assertEqual([row.split(",")[1:3] for row in rows], [["backtest", ""], ["fit", "incremental"]])

    def test_what_cannot_be_done_is_refused_at_its_place(self):
        self.has_series("short", daily_wave(60), season=[24], fit="off")
        self.has_series("shorter", [1, 2], fit="off")
        for content, place in (({"horizon": 0}, "/horizon"), ({"windows": 101}, "/windows"),
                               ({"methods": ["magic"]}, "/methods/0"), ({"levels": [95, 80]}, "/levels/1"),
                               ({"window": 1}, "/window")):
            self.assertProblem(self.backtest("short", content), 422, place)
        self.assertProblem(self.backtest("short", {"horizon": 24, "windows": 3}), 422,
                           words=("need 82 values", "22 more are missing"))
        self.assertProblem(self.backtest("shorter"), 422, words=("missing",))
        self.assertProblem(self.backtest("nobody"), 404)
        self.assertProblem(self.backtest("short", "{"), 415)

    def test_a_running_backtest_can_be_cancelled_and_fits_pass_it(self):
        self.has_series("slow", daily_wave(2000), season=[24], fit="off")
        job = self.ok(self.backtest("slow", SLOW), 202).json()["id"]
        deadline = time.monotonic() + 60
        while self.ok(self.client.get(f"/v1/jobs/{job}")).json()["step"] < 1:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        fit = self.ok(self.client.post("/v1/series/slow/fit", headers={"Prefer": "wait=60"})).json()
        self.assertEqual(fit["state"], "succeeded")
        seen = self.ok(self.client.get(f"/v1/jobs/{job}")).json()
        self.assertEqual(seen["state"], "running", seen)
        self.assertGreater(seen["eta_s"], 0)
        self.assertEqual(self.ok(self.client.delete(f"/v1/jobs/{job}")).json()["state"], "cancelled")
        self.assertIsNone(self.end_of(job)["result"])

    def test_only_so_many_backtests_of_a_series_wait(self):
        self.has_series("crowd", daily_wave(2000), season=[24], fit="off")
        jobs = [self.ok(self.backtest("crowd", SLOW), 202).json()["id"] for _ in range(4)]
        self.assertEqual(len(set(jobs)), 4)
        refused = self.backtest("crowd", SLOW)
        self.assertProblem(refused, 429, words=("4 backtests of this series are waiting",))
        self.assertIn("retry-after", refused.headers)
        for job in jobs:
            self.ok(self.client.delete(f"/v1/jobs/{job}"))


class Interrupted(Asked):
    arguments = ("--workers", "1")

    def test_a_backtest_that_was_interrupted_runs_again(self):
        self.has_series("cut", daily_wave(600), season=[24], fit="off")
        job = self.ok(self.backtest("cut", {"horizon": 12, "windows": 20, "step": 6, "levels": [90]}), 202).json()["id"]
        deadline = time.monotonic() + 60
        while self.ok(self.client.get(f"/v1/jobs/{job}")).json()["step"] < 1:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.daemon.stop()
        type(self).daemon = self.new_daemon().start()
        self.client.close()
        self.client = self.daemon.client()
        seen = self.client.get(f"/v1/jobs/{job}")
        if seen.status == 404:
            self.skipTest("the machine ended the backtest before it could be interrupted")
        ended = self.end_of(job)
        self.assertEqual((ended["state"], ended["result"]["windows"]), ("succeeded", 20))
        self.assertEqual(set(ended["result"]["methods"]["ets"]["coverage"]), {"90"})


if __name__ == "__main__":
    main()
