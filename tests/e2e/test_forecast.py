"""Forecasts: their shape, their caching, and those of series that are not stored."""
import csv
import io
import json

from case import HOUR, T0, Case, body, daily_wave, main, pairs

DECILES = [f"0.{i}" for i in range(1, 10)]


class Shape(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.values = daily_wave(240)
        client = cls.daemon.client()
        client.put("/v1/series/s", {"frequency": "1h", "season": [24], "horizon": 24, "fit": "off"})
        client.post("/v1/series/s/points", body(cls.values))
        client.close()

    def get(self, query="", **headers):
        return self.ok(self.client.get("/v1/series/s/forecast" + query, headers=headers))

    def test_a_forecast_has_the_promised_shape(self):
        seen = self.get().json()
        self.assertEqual((seen["series"], seen["frequency"], seen["horizon"]), ("s", "1h", 24))
        self.assertEqual(seen["issued_at"], T0 + 239 * HOUR)
        self.assertEqual(seen["timestamps"], [T0 + (240 + i) * HOUR for i in range(24)])
        self.assertEqual(len(seen["median"]), 24)
        self.assertEqual(list(seen["quantiles"]), DECILES)
        self.assertEqual(sorted(seen["intervals"]), ["80", "95"])
        for field in ("version", "parameters", "supervision_steps", "recursions", "halted_at"):
            self.assertIsInstance(seen["model"][field], int)
        self.assertEqual(seen["method"]["answered_by"], "trm")
        self.assertEqual(seen["model"]["kind"], "trm")
        self.assertGreater(seen["model"]["parameters"], 100000)
        self.assertTrue(seen["method"]["why"])
        self.assertIn("skill", seen)
        self.assertIn("coverage", seen)
        self.assertNotIn("trace", seen)

    def test_quantiles_never_cross_and_the_median_is_the_middle_one(self):
        seen = self.get("?quantiles=0.01,0.1,0.5,0.9,0.99&levels=50,98").json()
        for i in range(24):
            column = [seen["quantiles"][q][i] for q in ("0.01", "0.1", "0.5", "0.9", "0.99")]
            self.assertEqual(column, sorted(column))
            self.assertEqual(column[2], seen["median"][i])
            self.assertEqual(seen["intervals"]["98"]["lower"][i], column[0])
            self.assertEqual(seen["intervals"]["98"]["upper"][i], column[4])

    def test_a_forecast_of_a_daily_wave_follows_it(self):
        seen = self.get("?horizon=48").json()["median"]
        clean = daily_wave(288)[240:]
        error = sum(abs(a - b) for a, b in zip(seen, clean)) / 48
        self.assertLess(error, 8)

    def test_the_horizon_may_be_longer_than_one_block(self):
        self.assertEqual(len(self.get("?horizon=1024").json()["median"]), 1024)

    def test_times_come_as_text_where_asked(self):
        seen = self.get("?time=rfc3339&horizon=1").json()
        self.assertEqual(seen["timestamps"], ["2026-12-03T00:00:00Z"])
        self.assertEqual(seen["issued_at"], "2026-12-02T23:00:00Z")

    def test_csv_comes_where_preferred(self):
        seen = self.get("?time=rfc3339&horizon=3&quantiles=0.1,0.9&levels=80", Accept="text/csv")
        self.assertEqual(seen.type, "text/csv")
        rows = list(csv.reader(io.StringIO(seen.body.decode())))
        self.assertEqual(rows[0], ["timestamp", "median", "q0.1", "q0.9", "lo-80", "hi-80"])
        self.assertEqual([row[0] for row in rows[1:]],
                         [f"2026-12-03T0{i}:00:00Z" for i in range(3)])
        for row in rows[1:]:
            self.assertLess(float(row[2]), float(row[3]))

    def test_the_reasoning_is_told_where_asked(self):
        seen = self.get("?trace=1").json()
        self.assertIsInstance(seen["trace"], list)
        self.assertGreaterEqual(len(seen["trace"]), 2)
        for step, told in enumerate(seen["trace"]):
            self.assertEqual(told["step"], step)
            self.assertEqual([place["lead"] for place in told["trusted"]], [1, 12, 24])
            for place in told["trusted"]:
                weights = [draft["weight"] for draft in place["drafts"]]
                self.assertEqual(weights, sorted(weights, reverse=True), place)
                self.assertTrue(1 <= len(weights) <= 3 and 0 < sum(weights) <= 1.0001, place)
                self.assertTrue(all(draft["name"] for draft in place["drafts"]), place)
            for low, middle, high in zip(told["lower"], told["median"], told["upper"]):
                self.assertTrue(low <= middle <= high)
            self.assertNotIn("nan", told["words"].lower())
            self.assertEqual(told["verification"] is not None, step > 0)
            self.assertEqual(told["halt_probability"] is not None, step > 0)
            for field in ("update_y", "moved", "update_z", "us"):
                self.assertGreaterEqual(told[field], 0)
        verification = seen["trace"][1]["verification"]
        self.assertEqual(sorted(verification), ["bias", "coverage", "share_above", "size", "worst"])
        self.assertTrue(0 <= verification["size"] <= verification["worst"])
        self.assertTrue(0 <= verification["coverage"] <= 1 and 0 <= verification["share_above"] <= 1)
        self.assertIn("On the record the answer would have erred by", seen["trace"][1]["words"])
        self.assertIn("Halted: ", seen["trace"][-1]["words"])
        self.assertEqual(seen["model"]["halted_at"], len(seen["trace"]) - 1)
        self.assertEqual(seen["trace"][-1]["median"], seen["median"])

    def test_the_longest_forecast_with_its_reasoning_fits_into_an_answer(self):
        quantiles = ",".join(f"{0.01 + i * 0.98 / 31:.4f}" for i in range(32))
        seen = self.get(f"?trace=1&horizon=1024&levels=&quantiles={quantiles}").json()
        self.assertEqual({len(values) for values in seen["quantiles"].values()}, {1024})
        self.assertEqual([place["lead"] for place in seen["trace"][0]["trusted"]], [1, 512, 1024])

    def test_one_value_for_ever_is_repeated_and_explained(self):
        self.has_series("flat", [5] * 40, fit="off")
        seen = self.ok(self.client.get("/v1/series/flat/forecast?horizon=3&trace=1")).json()
        self.assertEqual(seen["median"], [5, 5, 5])
        self.assertEqual((seen["method"]["answered_by"], seen["drafts"]), ("consensus", {"naive": 1}))
        self.assertIn("one value is all that was observed", seen["method"]["why"])
        self.assertIn("No network answers", seen["trace"][-1]["words"])

    def another(self, name):
        """A series of its own with the same values, as its forecast's path and its own."""
        self.has_series(name, self.values, season=[24], horizon=24, fit="off")
        return f"/v1/series/{name}/forecast", f"/v1/series/{name}"

    def test_a_series_may_have_a_network_of_its_own(self):
        forecast, series = self.another("own")
        self.ok(self.client.put(series, {"model": "literal"}))
        self.assertEqual(self.ok(self.client.get(forecast)).json()["model"]["kind"], "literal")
        job = self.ok(self.client.post(series + "/fit", headers={"Prefer": "wait=120"})).json()
        self.assertEqual(job["result"]["model"], "literal")
        seen = self.ok(self.client.get(forecast)).json()
        self.assertEqual((seen["model"]["kind"], seen["model"]["version"]), ("literal", 1))
        self.assertIn(seen["method"]["answered_by"], ("literal", "consensus"))
        self.assertIsNone(seen["widening"])
        trace = self.ok(self.client.get(forecast + "?trace=1")).json()["trace"]
        self.assertEqual([step["step"] for step in trace], list(range(len(trace))))
        self.assertTrue(all(step["words"] and step["trusted"] == [] for step in trace))
        self.ok(self.client.put(series, {"model": "trm"}))
        self.assertEqual(self.ok(self.client.get(forecast)).json()["method"]["answered_by"], "trm")
        refused = self.client.put(series, {"model": "oracle"})
        self.assertEqual(refused.status, 422)
        self.assertEqual(refused.json()["errors"][0]["pointer"], "/model")
        shown = self.ok(self.client.get(series)).json()
        self.assertEqual((shown["model"], shown["model_version"], shown["skill"]), ("trm", 1, None))
        job = self.ok(self.client.post(series + "/fit", headers={"Prefer": "wait=120"})).json()
        self.assertEqual((job["result"]["version"], job["result"]["incremental"]), (2, False))

    def test_a_fit_measures_who_answers(self):
        forecast, series = self.another("measured")
        before = self.ok(self.client.get(forecast)).json()
        self.assertIn("not yet measured", before["method"]["why"])
        self.assertEqual((before["skill"], before["coverage"], before["widening"]), (None, None, None))
        job = self.ok(self.client.post(series + "/fit", headers={"Prefer": "wait=120"})).json()
        self.assertEqual((job["state"], job["result"]["model"]), ("succeeded", "trm"))
        self.assertGreater(job["result"]["origins_new"], 5)
        seen = self.ok(self.client.get(forecast)).json()
        self.assertIn("past forecasts", seen["method"]["why"])
        for level in ("80", "95"):
            for told, fitted in zip(seen["widening"][level], job["result"]["widening"][level], strict=True):
                self.assertAlmostEqual(told, fitted, 4)
        self.assertTrue(1 <= len(seen["drafts"]) <= 8)
        self.assertLess(seen["skill"]["vs_seasonal_naive"], 1)
        self.assertGreater(seen["coverage"]["95"], seen["coverage"]["80"] - 0.01)

    def test_three_points_are_enough(self):
        points = {"points": [[T0, 1], [T0 + HOUR, 2], [T0 + 2 * HOUR, 4]]}
        self.ok(self.client.post("/v1/series/young/points", points), 201)
        seen = self.ok(self.client.get("/v1/series/young/forecast?horizon=5&trace=1")).json()
        self.assertEqual(len(seen["median"]), 5)
        self.assertEqual((seen["method"]["answered_by"], seen["model"]["version"]), ("trm", 0))
        self.assertEqual([step["verification"] for step in seen["trace"]], [None] * len(seen["trace"]))
        self.assertNotIn("nan", json.dumps([step["words"] for step in seen["trace"]]).lower())

    def test_a_head_request_has_the_headers_and_no_body(self):
        answer = self.ok(self.client.request("HEAD", "/v1/series/s/forecast"))
        self.assertEqual(answer.body, b"")
        self.assertIn("etag", answer.headers)


class Caching(Case):
    def setUp(self):
        super().setUp()
        self.series = "/v1/series/" + self.id().rsplit(".", 1)[1]
        self.has_series(self.series.rsplit("/", 1)[1], daily_wave(96), season=[24], fit="off")

    def tag(self, query=""):
        return self.ok(self.client.get(self.series + "/forecast" + query)).headers["etag"]

    def test_the_same_question_has_the_same_bytes_and_tag(self):
        first = self.ok(self.client.get(self.series + "/forecast"))
        second = self.ok(self.client.get(self.series + "/forecast"))
        self.assertEqual((first.body, first.headers["etag"]), (second.body, second.headers["etag"]))
        self.assertRegex(first.headers["cache-control"], r"max-age=\d+")
        self.assertRegex(first.headers["etag"], r'^"[^"]+"$')

    def test_a_known_tag_is_answered_without_a_body(self):
        tag = self.tag()
        for known in (tag, "W/" + tag, f'"other", {tag}', "*"):
            with self.subTest(known=known):
                answer = self.client.get(self.series + "/forecast", headers={"If-None-Match": known})
                self.assertEqual((answer.status, answer.body), (304, b""))
                self.assertEqual(answer.headers["etag"], tag)

    def test_another_tag_is_answered_in_full(self):
        self.ok(self.client.get(self.series + "/forecast", headers={"If-None-Match": '"other"'}))

    def test_another_question_has_another_tag(self):
        tags = {self.tag(query) for query in ("", "?horizon=5", "?levels=50", "?quantiles=0.5", "?time=rfc3339")}
        self.assertEqual(len(tags), 5)

    def test_a_new_point_gives_a_new_forecast(self):
        before = self.tag()
        self.ok(self.client.post(self.series + "/points", body([100], T0 + 96 * HOUR)))
        after = self.ok(self.client.get(self.series + "/forecast", headers={"If-None-Match": before}))
        self.assertEqual(after.json()["issued_at"], T0 + 96 * HOUR)

    def test_new_settings_give_a_new_forecast(self):
        before = self.tag()
        self.ok(self.client.put(self.series, {"max": 50}))
        after = self.ok(self.client.get(self.series + "/forecast", headers={"If-None-Match": before}))
        self.assertLessEqual(max(after.json()["median"]), 50)

    def test_a_new_model_gives_a_new_forecast(self):
        before = self.tag()
        self.ok(self.client.post(self.series + "/fit", headers={"Prefer": "wait=120"}))
        after = self.ok(self.client.get(self.series + "/forecast", headers={"If-None-Match": before}))
        self.assertEqual(after.json()["model"]["version"], 1)

    def test_the_same_write_again_keeps_the_tag(self):
        before = self.tag()
        self.ok(self.client.post(self.series + "/points", body(daily_wave(96))))
        self.assertEqual(self.tag(), before)

    def test_a_series_made_anew_has_another_tag(self):
        before = self.tag()
        self.ok(self.client.delete(self.series), 204)
        self.has_series(self.series.rsplit("/", 1)[1], daily_wave(96), season=[24], fit="off")
        self.assertNotEqual(self.tag(), before)

    def test_csv_and_json_have_different_tags(self):
        as_csv = self.ok(self.client.get(self.series + "/forecast", headers={"Accept": "text/csv"}))
        self.assertNotEqual(as_csv.headers["etag"], self.tag())


class Stateless(Case):
    def test_series_in_the_body_are_forecast_and_nothing_is_stored(self):
        request = {"horizon": 4, "quantiles": [0.1, 0.5, 0.9],
                   "series": [{"id": "a", "frequency": "1h", "season": [24], "start": T0,
                               "values": daily_wave(96)},
                              {"id": "b", "values": [1, 2, None, 4, 5, 6]}]}
        first, second = self.ok(self.client.post("/v1/forecast", request)).json()["forecasts"]
        self.assertEqual((first["series"], first["frequency"], first["horizon"]), ("a", "1h", 4))
        self.assertEqual(first["timestamps"], [T0 + (96 + i) * HOUR for i in range(4)])
        self.assertEqual(list(first["quantiles"]), ["0.1", "0.5", "0.9"])
        self.assertEqual(first["method"]["answered_by"], "trm")
        self.assertEqual(len(second["median"]), 4)
        self.assertNotIn("timestamps", second)
        self.assertEqual(self.ok(self.client.get("/v1/series")).json()["series"], [])

    def test_it_says_the_same_as_a_stored_series_without_a_model(self):
        values = daily_wave(96)
        self.has_series("stored", values, season=[24], fit="off")
        stored = self.ok(self.client.get("/v1/series/stored/forecast?horizon=6")).json()
        request = {"horizon": 6, "series": [{"frequency": "1h", "season": [24], "start": T0, "values": values}]}
        given = self.ok(self.client.post("/v1/forecast", request)).json()["forecasts"][0]
        for field in ("timestamps", "median", "quantiles", "intervals"):
            self.assertEqual(stored[field], given[field], field)
        self.ok(self.client.delete("/v1/series/stored"), 204)

    def test_a_series_may_name_its_kind_of_model(self):
        given = {"frequency": "1h", "season": [24], "values": daily_wave(96)}
        request = {"horizon": 4, "series": [given, {**given, "model": "trm"}, {**given, "model": "literal"}]}
        default, shared, own = self.ok(self.client.post("/v1/forecast", request)).json()["forecasts"]
        self.assertEqual(default, shared)
        self.assertEqual((own["model"]["kind"], own["model"]["networks"]), ("literal", 0))
        self.assertNotEqual(own["median"], shared["median"])

    def test_points_may_stand_in_for_values(self):
        values = daily_wave(48)
        by_values = {"frequency": "1h", "season": [24], "start": T0, "values": values}
        by_points = {"frequency": "1h", "season": [24], "points": pairs(values)}
        seen = self.ok(self.client.post("/v1/forecast", {"horizon": 3, "series": [by_values, by_points]}))
        first, second = seen.json()["forecasts"]
        self.assertEqual(first["median"], second["median"])
        self.assertEqual(first["timestamps"], second["timestamps"])

    def test_a_network_is_trained_where_asked(self):
        request = {"horizon": 4, "series": [{"frequency": "1h", "season": [24], "values": daily_wave(400),
                                             "fit": True}]}
        seen = self.ok(self.client.post("/v1/forecast", request)).json()["forecasts"][0]
        self.assertGreater(seen["model"]["parameters"], 0)

    def test_a_hundred_series_in_one_body_are_forecast_in_order(self):
        request = {"horizon": 2, "series": [{"id": str(i), "values": [float(i)] * 10} for i in range(100)]}
        seen = self.ok(self.client.post("/v1/forecast", request)).json()["forecasts"]
        self.assertEqual([entry["series"] for entry in seen], [str(i) for i in range(100)])
        self.assertEqual([entry["median"] for entry in seen], [[i, i] for i in range(100)])


if __name__ == "__main__":
    main()
