"""What was said is kept: forecasts are recorded as they were first said, scored when values come, corrected by what
came of them, and found again after a restart."""
import math
import re
import time
import unittest

from case import HOUR, T0, Case, body, daily_wave, main


def metric(client, name):
    match = re.search(rf"^{re.escape(name)} (\S+)$", client.get("/metrics").body.decode(), re.MULTILINE)
    return float(match.group(1)) if match else None


class Asked(Case):
    """Only what is asked for is recorded."""

    arguments = ("--record-percent", "0")

    def forecast(self, series, query=""):
        return self.ok(self.client.get(f"/v1/series/{series}/forecast{query}")).json()

    def follow(self, series, values, from_step):
        """Asks, then sends the next value, one after another."""
        for step, value in enumerate(values, from_step):
            self.forecast(series, "?horizon=24")
            self.ok(self.client.post(f"/v1/series/{series}/points", body([value], T0 + step * HOUR)))

    def test_a_value_is_held_against_what_was_said_before_it_came(self):
        self.has_series("spike", daily_wave(200), fit="off")
        said = self.forecast("spike", "?horizon=24&levels=95")
        normal, spike = said["median"][0], said["intervals"]["95"]["upper"][1] + 100
        self.ok(self.client.post("/v1/series/spike/points", body([normal, spike], T0 + 200 * HOUR)))
        seen = self.ok(self.client.get("/v1/series/spike/anomalies")).json()
        self.assertEqual((seen["level"], seen["checked"], seen["outside"]), (95, 2, 1))
        (only,) = seen["anomalies"]
        self.assertEqual((only["time"], only["value"], only["direction"], only["lead"], only["issued_at"]),
                         (T0 + 201 * HOUR, spike, "above", 2, T0 + 199 * HOUR))
        self.assertGreater(only["score"], 1)
        for name, there in (("lower", said["intervals"]["95"]["lower"][1]), ("median", said["median"][1]),
                            ("upper", said["intervals"]["95"]["upper"][1])):
            self.assertAlmostEqual(only[name], there, delta=1e-4)

    def test_the_record_shows_every_step_and_what_is_still_to_come(self):
        self.has_series("all", daily_wave(100), fit="off")
        self.forecast("all", "?horizon=3")
        self.ok(self.client.post("/v1/series/all/points", body([100], T0 + 100 * HOUR)))
        seen = self.ok(self.client.get("/v1/series/all/record?level=80&time=rfc3339")).json()
        self.assertEqual([step["lead"] for step in seen["record"]], [1, 2, 3])
        self.assertEqual([step["value"] for step in seen["record"]], [100, None, None])
        self.assertIsNone(seen["record"][1]["score"])
        self.assertTrue(seen["record"][0]["time"].endswith("Z"))
        narrow = self.ok(self.client.get("/v1/series/all/record?level=50")).json()["record"]
        for a, b in zip(narrow, seen["record"]):
            self.assertTrue(b["lower"] < a["lower"] < a["median"] < a["upper"] < b["upper"])
        window = f"?start={T0 + 101 * HOUR}&end={T0 + 102 * HOUR}"
        self.assertEqual(len(self.ok(self.client.get("/v1/series/all/record" + window)).json()["record"]), 1)
        self.assertEqual(len(self.ok(self.client.get("/v1/series/all/record?limit=2")).json()["record"]), 2)
        lines = self.ok(self.client.get("/v1/series/all/record?format=csv")).body.decode().splitlines()
        self.assertEqual(lines[0], "timestamp,value,median,lower,upper,score,lead,issued_at")
        self.assertEqual(len(lines), 4)
        self.assertEqual(lines[1].split(",")[:2], [str(T0 + 100 * HOUR), "100"])
        self.assertEqual(lines[2].split(",")[1], "")

    def test_the_first_answer_of_a_step_stands(self):
        self.has_series("first", daily_wave(100), fit="off")
        first = self.forecast("first", "?horizon=2")
        self.forecast("first", "?horizon=1")
        seen = self.ok(self.client.get("/v1/series/first/record")).json()["record"]
        self.assertEqual(len(seen), 2)
        self.assertAlmostEqual(seen[1]["median"], first["median"][1], delta=1e-4)

    def test_skill_and_coverage_come_from_the_record_once_it_is_long_enough(self):
        values = daily_wave(300)
        self.has_series("skill", values[:240], fit="off")
        self.follow("skill", values[240:265], 240)
        self.assertIsNone(self.forecast("skill")["skill"])
        self.follow("skill", values[265:], 265)
        seen = self.forecast("skill")
        self.assertEqual(seen["skill"]["measured_on"], "record")
        self.assertGreater(seen["skill"]["n"], 60)
        self.assertLess(seen["skill"]["vs_seasonal_naive"], 1)
        self.assertTrue(0.5 < seen["coverage"]["80"] < seen["coverage"]["95"] <= 1)
        self.assertEqual(self.ok(self.client.get("/v1/series/skill")).json()["skill"], seen["skill"])

    def test_intervals_widen_where_values_fall_outside_and_narrow_where_they_do_not(self):
        for series, amplitude, wider in (("wild", 60, True), ("calm", 0, False)):
            values = daily_wave(200, seed=3)
            self.has_series(series, values, fit="off")
            before = self.forecast(series, "?horizon=24")
            self.assertIsNone(before["widening"])
            rest = [100 + 30 * math.sin(2 * math.pi * i / 24) + amplitude * (-1) ** (i // 2) for i in range(200, 240)]
            self.follow(series, rest, 200)
            factors = [f for pair in self.forecast(series)["widening"].values() for f in pair]
            for factor in factors:
                self.assertTrue(factor > 1 if wider else factor < 1, (series, factors))

    def test_a_restart_goes_on_where_the_record_was(self):
        values = daily_wave(300)
        self.has_series("kept", values[:200], fit="off")
        self.follow("kept", values[200:250], 200)
        record = self.client.get("/v1/series/kept/record").json()
        forecast = self.forecast("kept", "?horizon=24")
        self.ok(self.client.post("/v1/series/kept/points", body(values[250:252], T0 + 250 * HOUR)))
        after = self.forecast("kept", "?horizon=24")
        self.client.close()
        type(self).daemon.stop()
        type(self).daemon = self.new_daemon().start()
        self.client = self.daemon.client()
        self.assertEqual(self.forecast("kept", "?horizon=24"), after)
        again = self.client.get("/v1/series/kept/record").json()
        # The step of the forecast asked for last has one more entry; all others are as they were.
        old = {step["time"]: (step["median"], step["lower"], step["lead"]) for step in record["record"]}
        new = {step["time"]: (step["median"], step["lower"], step["lead"]) for step in again["record"]}
        for t in list(old)[:50]:
            self.assertEqual(old[t], new[t])
        self.assertNotEqual(forecast["skill"], None)

    def test_bad_questions_name_what_is_wrong(self):
        self.has_series("bad", daily_wave(30), fit="off")
        self.assertProblem(self.client.get("/v1/series/bad/anomalies?level=0"), 400, "level", ["1 to 99.99"])
        self.assertProblem(self.client.get("/v1/series/bad/anomalies?level=80,95"), 400, "level")
        self.assertProblem(self.client.get("/v1/series/bad/anomalies?start=yesterday"), 400, "start")
        self.assertProblem(self.client.get("/v1/series/bad/anomalies?horizon=3"), 400, "horizon")
        self.assertProblem(self.client.get("/v1/series/nobody/anomalies"), 404)
        self.assertProblem(self.client.get("/v1/series/nobody/record"), 404)

    def test_nothing_was_said_about_a_series_that_nobody_asked_about(self):
        self.has_series("silent", daily_wave(100), fit="off")
        seen = self.ok(self.client.get("/v1/series/silent/anomalies")).json()
        self.assertEqual((seen["checked"], seen["outside"], seen["anomalies"]), (0, 0, []))
        self.ok(self.client.put("/v1/series/empty", {"frequency": "1h"}), 201)
        self.assertEqual(self.ok(self.client.get("/v1/series/empty/record")).json()["record"], [])

    def test_another_way_of_aggregating_forgets_what_was_said(self):
        self.has_series("other", daily_wave(100), fit="off", aggregate="mean")
        self.forecast("other", "?horizon=3")
        self.assertEqual(len(self.client.get("/v1/series/other/record").json()["record"]), 3)
        self.ok(self.client.put("/v1/series/other", {"aggregate": "max"}))
        self.assertEqual(self.client.get("/v1/series/other/record").json()["record"], [])


class Unasked(Case):
    """The daemon forecasts every step for itself."""

    def wait_until_recorded(self, n):
        for _ in range(3000):
            if metric(self.client, "tstrm_forecasts_recorded_total") >= n:
                return
            time.sleep(0.01)
        self.fail("no forecast was recorded")

    def test_every_step_is_forecast_though_nobody_asks(self):
        values = daily_wave(120)
        self.has_series("own", values[:100], fit="off")
        self.wait_until_recorded(1)
        for step in range(100, 110):
            self.ok(self.client.post("/v1/series/own/points", body([values[step]], T0 + step * HOUR)))
            self.wait_until_recorded(step - 98)
        seen = self.ok(self.client.get("/v1/series/own/record")).json()
        past = [step for step in seen["record"] if step["value"] is not None]
        self.assertEqual(len(past), 10)
        self.assertEqual({step["lead"] for step in past}, {1})
        self.assertEqual(len(seen["record"]) - len(past), 48)
        scored = metric(self.client, "tstrm_interval_scored_total")
        inside = metric(self.client, 'tstrm_interval_inside_total{level="95"}')
        self.assertGreaterEqual(scored, 10)
        self.assertTrue(0 < inside <= scored)


if __name__ == "__main__":
    main()
