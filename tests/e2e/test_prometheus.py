"""Prometheus' HTTP API over real HTTP: what Grafana's data source sends, ranges into the future, errors, limits."""
import math
import time
import unittest
from urllib.parse import urlencode

from case import Case, HOUR, daily_wave, main, pairs

FORM = "application/x-www-form-urlencoded"


class Prometheus(Case):
    """A series till.7 whose last hour is the present one, and a shorter one with a metric's name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = int(time.time() * 1000)
        cls.last = cls.now // HOUR * HOUR
        client = cls.daemon.client()
        cls.values = daily_wave(401)
        client.put("/v1/series/till.7", {"frequency": "1h", "season": [24], "fit": "off", "labels": {"site": "north"}})
        client.post("/v1/series/till.7/points", {"points": pairs(cls.values, cls.last - 400 * HOUR)})
        client.put("/v1/series/other", {"frequency": "1m", "fit": "off", "labels": {"__name__": "cpu", "site": "south"}})
        start = cls.now // 60000 * 60000 - 99 * 60000
        client.post("/v1/series/other/points", {"points": pairs(daily_wave(100), start, 60000)})
        client.close()

    def ask(self, call, status=200, form=False, **parameters):
        text = urlencode([(name.replace("match", "match[]"), v) for name, value in parameters.items()
                          for v in (value if isinstance(value, list) else [value])])
        path = "/api/v1/" + call
        answer = self.client.post(path, text, type=FORM) if form else self.client.get(path + "?" + text)
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.type, "application/json", answer)
        return answer.json()

    def result(self, call, **parameters):
        answer = self.ask(call, **parameters)
        self.assertEqual(answer["status"], "success")
        return answer["data"]["result"]

    def error(self, call, status, kind, **parameters):
        answer = self.ask(call, status, **parameters)
        self.assertEqual((answer["status"], answer["errorType"]), ("error", kind))
        return answer["error"]

    def forecast(self, horizon):
        path = f"/v1/series/till.7/forecast?horizon={horizon}&levels=95&quantiles=0.5"
        return self.ok(self.client.get(path)).json()

    def test_save_and_test_of_grafana(self):
        for form in (False, True):
            answer = self.ask("query", form=form, query="1+1", time="4")
            self.assertEqual(answer, {"status": "success", "data": {"resultType": "scalar", "result": [4, "2"]}})
        raw = self.client.get("/api/v1/query?query=1%2B1&time=4").body
        self.assertEqual(raw, b'{"status":"success","data":{"resultType":"scalar","result":[4,"2"]}}')

    def test_the_sequence_that_grafanas_data_source_sends(self):
        start, end = self.now / 1000 - 6 * 3600, self.now / 1000 + 6 * 3600
        window = {"start": str(int(start)), "end": str(int(end))}
        self.ask("query", form=True, query="1+1", time="4")
        build = self.ask("status/buildinfo")["data"]
        self.assertNotIn("features", build)
        self.assertRegex(build["version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(self.ask("rules")["data"], {"groups": []})
        names = self.ask("label/__name__/values", **window)["data"]
        self.assertIn("till_7:predicted", names)
        labels = self.ask("labels", form=True, match='{__name__="till_7:predicted"}', **window)["data"]
        self.assertEqual(labels, ["__name__", "ml_forecast", "series", "site"])
        values = self.ask("label/ml_forecast/values", match='{__name__="till_7:predicted"}', **window)["data"]
        self.assertEqual(values, ["yhat", "yhat_lower", "yhat_upper"])
        metadata = self.ask("metadata", limit="5000")["data"]
        self.assertEqual(metadata["cpu:actual"][0]["type"], "gauge")
        series = self.ask("series", form=True, match='{__name__=~"cpu:.+",site="south"}', **window)["data"]
        self.assertIn({"__name__": "cpu:actual", "site": "south"}, series)
        rows = self.result("query_range", form=True, query='till_7:predicted{ml_forecast="yhat"}', start=str(start),
                           end=str(end), step="60")
        self.assertEqual(len(rows), 1)
        rows = self.result("query", form=True, query='till_7:predicted{ml_forecast="yhat"} offset -2h', time=str(end),
                           lookback_delta="", stats="all", unknown="x")
        self.assertEqual(len(rows), 1)
        self.assertEqual(self.ask("query_exemplars", form=True, query="x", **window)["data"], [])
        self.assertEqual(self.ask("alerts")["data"], {"alerts": []})

    def test_a_forecast_has_no_gaps_at_a_step_of_a_minute(self):
        told = self.forecast(48)
        first = told["timestamps"][0] // 1000
        rows = self.result("query_range", query="till_7:predicted", start=first, end=first + 47 * 3600 + 3599, step="1m")
        self.assertEqual([row["metric"]["ml_forecast"] for row in rows], ["yhat", "yhat_lower", "yhat_upper"])
        wanted = {"yhat": told["median"], "yhat_lower": told["intervals"]["95"]["lower"],
                  "yhat_upper": told["intervals"]["95"]["upper"]}
        for row in rows:
            self.assertEqual(len(row["values"]), 48 * 60)
            for i, (t, v) in enumerate(row["values"]):
                self.assertEqual(t, first + 60 * i)
                self.assertIsInstance(v, str)
                self.assertAlmostEqual(float(v), wanted[row["metric"]["ml_forecast"]][i // 60], places=5)

    def test_values_reach_back_over_memory_and_store(self):
        client = self.daemon.client()
        values = daily_wave(5000)
        start = 1_600_000_000_000 // HOUR * HOUR
        for i in range(0, 5000, 1000):
            self.ok(client.post("/v1/series/long/points", {"points": pairs(values[i:i + 1000], start + i * HOUR)}), 200, 201)
        client.close()
        for first, n in ((0, 5000), (100, 200), (4000, 1000), (2900, 200)):
            begin = start // 1000 + first * 3600
            rows = self.result("query_range", query="long:actual", start=begin, end=begin + (n - 1) * 3600, step="1h")
            self.assertEqual([float(v) for _, v in rows[0]["values"]], values[first:first + n])
        rows = self.result("query", query="max_over_time(long:actual[100h])", time=start // 1000 + 199 * 3600)
        self.assertEqual(float(rows[0]["value"][1]), max(values[100:200]))
        self.assertEqual(self.result("query", query="long:actual", time=start // 1000 + 5000 * 3600), [])

    def test_the_open_step_of_an_aggregated_series_has_no_value_yet(self):
        self.ok(self.client.put("/v1/series/tally", {"frequency": "1h", "aggregate": "sum"}), 201)
        points = [[self.last - HOUR, 3], [self.last - HOUR + 1000, 4]]
        self.ok(self.client.post("/v1/series/tally/points", {"points": points}))
        asked = {"query": "tally:actual", "start": self.last / 1000 - 7200, "end": self.last / 1000, "step": 3600}
        self.assertEqual(self.result("query_range", **asked), [])
        self.ok(self.client.post("/v1/series/tally/points", {"points": [[self.last, 1]]}))
        values = self.result("query_range", **asked)[0]["values"]
        self.assertEqual([value for _, value in values], ["7", "7"][:len(values)])
        self.ok(self.client.delete("/v1/series/tally"), 204)

    def test_the_largest_value_to_come(self):
        told = self.forecast(48)
        rows = self.result("query", query='max_over_time(till_7:predicted{ml_forecast="yhat"}[6h] offset -6h)',
                           time=self.last // 1000)
        self.assertAlmostEqual(float(rows[0]["value"][1]), max(told["median"][:6]), places=5)
        self.assertNotIn("__name__", rows[0]["metric"])
        query = f'max_over_time(till_7:predicted{{ml_forecast="yhat"}}[6h] offset -6h) > {max(told["median"][:6]) + 1}'
        self.assertEqual(self.result("query", query=query, time=self.last // 1000), [])

    def test_what_keda_asks_has_one_number(self):
        """Its trigger sends the query with the time in RFC 3339 and takes the value of the only row."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        for query in ('max_over_time(till_7:predicted{ml_forecast="yhat_upper"}[3h] offset -3h)',
                      'till_7:ahead{ahead="30m",ml_forecast="yhat"}', 'till_7:time_to_threshold_seconds{threshold="90"}'):
            answer = self.ask("query", query=query, time=now)
            self.assertEqual(answer["data"]["resultType"], "vector")
            (row,) = answer["data"]["result"]
            self.assertGreaterEqual(float(row["value"][1]), 0)

    def test_what_is_stamped_now_agrees_with_the_view(self):
        view = self.ok(self.client.get("/v1/series/till.7/ahead?ahead=6h&threshold=120&direction=above")).json()
        rows = self.result("query", query='till_7:ahead{ahead="6h"}')
        seen = {row["metric"]["ml_forecast"]: float(row["value"][1]) for row in rows}
        there = view["ahead"][0]
        for name, field in (("yhat", "median"), ("yhat_lower", "lower"), ("yhat_upper", "upper")):
            self.assertAlmostEqual(seen[name], there[field], places=5)
        rows = self.result("query", query='till_7:time_to_threshold_seconds{threshold="120"}')
        self.assertEqual(rows[0]["metric"], {"__name__": "till_7:time_to_threshold_seconds", "direction": "above",
                                             "ml_forecast": "yhat", "series": "till.7", "site": "north",
                                             "threshold": "120"})
        crossing = view["time_to_threshold"]
        self.assertLess(abs(float(rows[0]["value"][1]) - crossing["seconds"]), 60)
        self.assertLessEqual(crossing["earliest"], crossing["seconds"])
        self.assertEqual(self.result("query", query='till_7:time_to_threshold_seconds{threshold="1e6"}'), [])

    def test_a_range_that_ends_in_the_past_has_nothing_stamped_now(self):
        end = self.now // 1000 - 7200
        self.assertEqual(self.result("query_range", query="till_7:ahead", start=end - 3600, end=end, step="1m"), [])
        rows = self.result("query_range", query="till_7:ahead", start=end, end=end + 4 * 3600, step="1m")
        self.assertEqual({len(row["values"]) for row in rows}, {5})

    def test_several_series_by_a_regular_expression(self):
        rows = self.result("query", query='{__name__=~"(till_7|cpu):actual"}', time=self.now / 1000)
        self.assertEqual([row["metric"]["__name__"] for row in rows], ["cpu:actual", "till_7:actual"])
        rows = self.result("query", query='{__name__=~".+:actual",site!~"n.*",site!=""} * 2', time=self.now / 1000)
        self.assertEqual([row["metric"] for row in rows], [{"site": "south"}])

    def test_limit_cuts_and_says_so(self):
        answer = self.ask("query_range", query="till_7:predicted", start=self.now / 1000, end=self.now / 1000 + 7200,
                          step="1h", limit="1")
        self.assertEqual(len(answer["data"]["result"]), 1)
        self.assertEqual(answer["warnings"], ["results truncated due to limit"])
        self.assertEqual(len(self.ask("label/__name__/values", limit="2")["data"]), 2)

    def test_errors_have_the_type_of_prometheus(self):
        self.assertIn("1:2: parse error", self.error("query", 400, "bad_data", query="1$"))
        self.assertIn("no expression", self.error("query", 400, "bad_data"))
        self.assertIn('"rate"', self.error("query", 422, "execution", query="rate(a[5m])"))
        self.assertIn("valid timestamp", self.error("query", 400, "bad_data", query="1", time="soon"))
        self.assertIn("range vector", self.error("query_range", 400, "bad_data", query="a[5m]", start=0, end=1, step=1))
        self.assertIn("11,000", self.error("query_range", 400, "bad_data", query="a", start=0, end=11001, step=1))
        self.assertIn("step", self.error("query_range", 400, "bad_data", query="a", start=0, end=1, step=0))
        self.assertIn("missing", self.error("query_range", 400, "bad_data", query="a", start=0, end=1))
        self.assertIn("before start", self.error("query_range", 400, "bad_data", query="a", start=2, end=1, step=1))
        self.assertIn("match[]", self.error("series", 400, "bad_data"))
        self.assertIn("match[]", self.error("series", 400, "bad_data", match="a{"))
        self.assertIn("threshold", self.error("query", 422, "execution", query="till_7:time_to_threshold_seconds"))
        self.assertEqual(self.ask("nothing", 404)["errorType"], "not_found")
        answer = self.client.post("/api/v1/rules", "a=b", type=FORM)
        self.assertEqual((answer.status, answer.json()["status"]), (405, "error"))
        answer = self.client.post("/api/v1/query", {"query": "1"})
        self.assertEqual((answer.status, answer.json()["errorType"]), (415, "bad_data"))
        answer = self.client.post("/api/v1/query", "query=" + "1" * 70000, type=FORM)
        self.assertEqual(answer.json()["status"], "error")

    def test_a_query_of_more_series_than_one_reads_says_how_many(self):
        client = self.daemon.client()
        for i in range(400):
            self.ok(client.put(f"/v1/series/many.{i}", {"frequency": "1h", "fit": "off"}), 201)
        client.close()
        self.assertIn("more than 2000 metrics", self.error("query", 422, "execution", query='{__name__=~"many.+"}'))
        self.assertEqual(self.result("query", query='{__name__=~"many.+:actual"}'), [])

    def test_a_dashboard_of_many_series_is_answered_whole(self):
        client = self.daemon.client()
        for i in range(60):
            self.ok(client.put(f"/v1/series/fleet.{i}", {"frequency": "1h", "fit": "off"}), 201)
            self.ok(client.post(f"/v1/series/fleet.{i}/points", {"points": pairs(daily_wave(200, i), self.last - 199 * HOUR)}))
        client.close()
        rows = self.result("query_range", query='{__name__=~"fleet_.+:predicted"}', start=self.last // 1000,
                           end=self.last // 1000 + 24 * 3600, step="5m")
        self.assertEqual(len(rows), 180)
        self.assertEqual({len(row["values"]) for row in rows}, {23 * 12 + 1})

class Past(Case):
    """What was said of steps that have come since, from the record."""

    def test_predictions_stay_and_values_outside_of_them_are_anomalous(self):
        start = int(time.time() * 1000) // HOUR * HOUR - 199 * HOUR
        values = daily_wave(203)
        self.ok(self.client.put("/v1/series/a.b", {"frequency": "1h", "season": [24], "fit": "off"}), 201)
        self.ok(self.client.post("/v1/series/a.b/points", {"points": pairs(values[:200], start)}))
        told = self.ok(self.client.get("/v1/series/a.b/forecast?levels=95")).json()
        come = [told["median"][0], told["median"][1] + 1000, told["median"][2] - 1000]
        self.ok(self.client.post("/v1/series/a.b/points", {"points": pairs(come[:1], start + 200 * HOUR)}))
        self.ok(self.client.get("/v1/series/a.b/forecast"))
        self.ok(self.client.post("/v1/series/a.b/points", {"points": pairs(come[1:], start + 201 * HOUR)}))
        first = start // 1000 + 200 * 3600

        def rows(query):
            path = "/api/v1/query_range?" + urlencode({"query": query, "start": first, "end": first + 7200, "step": "1h"})
            return self.ok(self.client.get(path)).json()["data"]["result"]

        self.assertEqual([v for _, v in rows("a_b:anomalous")[0]["values"]], ["0", "1", "-1"])
        predicted = {row["metric"]["ml_forecast"]: [float(v) for _, v in row["values"]] for row in rows("a_b:predicted")}
        self.assertEqual([len(v) for v in predicted.values()], [3, 3, 3])
        self.assertAlmostEqual(predicted["yhat"][0], told["median"][0], places=2)
        self.assertAlmostEqual(predicted["yhat_lower"][0], told["intervals"]["95"]["lower"][0], places=2)
        self.assertAlmostEqual(predicted["yhat_upper"][0], told["intervals"]["95"]["upper"][0], places=2)


class Ahead(Case):
    def test_the_last_value_decides_first(self):
        now = int(time.time() * 1000)
        values = [50 + 10 * math.sin(i / 4) for i in range(100)]
        self.ok(self.client.put("/v1/series/a", {"frequency": "1h"}), 201)
        self.ok(self.client.post("/v1/series/a/points", {"points": pairs(values, now // HOUR * HOUR - 99 * HOUR)}))
        view = self.ok(self.client.get("/v1/series/a/ahead?ahead=0s,400d&threshold=1")).json()
        self.assertEqual(view["time_to_threshold"], {"threshold": 1, "direction": "above", "seconds": 0, "earliest": 0,
                                                     "latest": 0})
        self.assertEqual([a["ahead"] for a in view["ahead"]], ["0s", "400d"])
        self.assertAlmostEqual(view["ahead"][0]["median"], values[-1], places=6)
        self.assertIsNone(view["ahead"][1]["median"])
        self.assertIsNone(self.ok(self.client.get("/v1/series/a/ahead")).json()["time_to_threshold"])

    def test_a_wrong_parameter_is_named(self):
        self.has_series("b", daily_wave(100))
        for query, place in (("ahead=x", "ahead"), ("ahead=1h,,2h", "ahead"), ("ahead=" + ",".join(["1h"] * 17), "ahead"),
                             ("threshold=x", "threshold"), ("threshold=1,2", "threshold"), ("direction=above", "direction"),
                             ("threshold=1&direction=up", "direction"), ("horizon=0", "horizon"), ("x=1", "x")):
            self.assertProblem(self.client.get("/v1/series/b/ahead?" + query), 400, place)
        self.assertProblem(self.client.get("/v1/series/none/ahead"), 404)
        self.has_series("c", [1, 2])
        self.assertProblem(self.client.get("/v1/series/c/ahead"), 422)


if __name__ == "__main__":
    main()
