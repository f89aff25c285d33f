"""What clients of TimeGPT and of KServe send, sent by hand: forms of answers and errors that hold without their
packages. tests/e2e/test_timegpt.py has the real client."""
import gzip
import json
import re
import signal
import threading

from case import Case, daily_wave, main


def flat(*series):
    return {"y": [v for values in series for v in values], "sizes": [len(values) for values in series], "X": None}


class Timegpt(Case):
    def ask(self, task, series, **fields):
        return self.client.post("/v2/" + task, {"series": series, "freq": "h", "model": "timegpt-1", **fields})

    def assertDetail(self, answer, status, loc, word):
        self.assertEqual((answer.status, answer.type), (status, "application/json"), answer)
        detail = answer.json()["detail"][0]
        self.assertEqual(detail["loc"], loc, answer)
        self.assertIn(word, detail["msg"], answer)

    def test_windows_are_the_forecasts_of_their_origins(self):
        values = daily_wave(200)
        shown = self.ok(self.ask("cross_validation", flat(values), h=5, n_windows=2, step_size=7, level=[80])).json()
        self.assertEqual(shown["idxs"], [*range(188, 193), *range(195, 200)])
        for i, origin in enumerate((188, 195)):
            alone = self.ok(self.ask("forecast", flat(values[:origin]), h=5, level=[80])).json()
            self.assertEqual(shown["mean"][5 * i:5 * i + 5], alone["mean"])
            self.assertEqual(shown["intervals"]["hi-80"][5 * i:5 * i + 5], alone["intervals"]["hi-80"])

    def test_the_history_is_forecast_as_the_r_client_asks(self):
        values = daily_wave(200)
        shown = self.ok(self.ask("historic_forecast", flat(values, values[:100]), level=[80])).json()
        self.assertEqual(shown["sizes"], [200 - 48, 100 - 12])
        alone = self.ok(self.ask("forecast", flat(values[:48]), h=48)).json()
        self.assertEqual(shown["mean"][:48], alone["mean"])

    def test_what_is_wrong_with_a_target_is_told_in_their_form(self):
        for query, status, word in (("freq=a%00b", 400, "%00"), ("freq=%zz", 400, "hexadecimal"),
                                    ("freq=D&" + "&".join("a=1" for _ in range(60)), 413, "parameters"),
                                    ("freq=" + "D" * 9000, 414, "8000 bytes")):
            with self.subTest(query[:20]):
                answer = self.client.get("/model_params?" + query)
                self.assertEqual((answer.status, answer.type), (status, "application/json"), answer)
                self.assertIn(word, answer.json()["detail"][0]["msg"])

    def test_fields_that_are_not_used_are_looked_at(self):
        self.assertDetail(self.ask("online_anomaly_detection", flat(daily_wave(60)), h=2, detection_size=3, level=99,
                                   full_history="yes"), 422, ["body", "full_history"], "true or false")
        self.assertDetail(self.ask("historic_forecast", flat(daily_wave(60)), h=5000), 422, ["body", "h"], "1024")

    def test_errors_before_the_body_is_read_have_their_form_too(self):
        wrong = self.client.post("/v2/forecast", "<x/>", type="application/xml")
        self.assertDetail(wrong, 415, ["body"], "Content-Type")
        wrong = self.client.post("/v2/forecast", b"x", type="application/json", headers={"Content-Encoding": "br"})
        self.assertDetail(wrong, 415, ["body"], "Content-Encoding")
        self.assertDetail(self.client.post("/v2/forecast?a=1", {}), 400, ["query", "a"], "unknown")
        self.assertDetail(self.client.post("/v2/forecast", '{"a":', type="application/json"), 400, ["body"], "line 1")
        self.assertDetail(self.client.get("/model_params?freq=fortnight"), 400, ["query", "freq"], "offset alias")
        self.assertDetail(self.client.post("/model_params", {"freq": "x"}), 422, ["body", "freq"], "offset alias")
        self.assertDetail(self.client.post("/v2/forecast", {"series": flat([1, "2", 3]), "freq": "D", "h": 1}), 422,
                          ["body", "series", "y", 1], "number")

    def test_params_come_by_either_method(self):
        asked = self.ok(self.client.get("/model_params?model=timegpt-1&freq=W-MON")).json()
        self.assertEqual(self.ok(self.client.post("/model_params", {"model": "x", "freq": "W"})).json(), asked)
        self.assertEqual(asked["detail"]["input_size"], 104)

    def test_keys_are_accepted_by_either_method(self):
        for method in ("GET", "POST"):
            for headers in ({}, {"Authorization": "Bearer anything"}):
                answer = self.ok(self.client.request(method, "/validate_api_key", headers=headers))
                self.assertIsInstance(answer.json()["detail"], str)

    def test_a_packed_request_may_have_a_packed_answer(self):
        question = json.dumps({"series": flat(daily_wave(300), daily_wave(200, 2)), "freq": "h", "h": 48,
                               "level": [80, 95]}).encode()
        headers = {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
        answer = self.ok(self.client.post("/v2/forecast", gzip.compress(question), type="application/json",
                                          headers=headers))
        self.assertEqual(answer.headers["content-encoding"], "gzip")
        self.assertEqual(len(json.loads(gzip.decompress(answer.body))["mean"]), 96)


class Drain(Case):
    def test_a_stop_drops_what_would_take_long(self):
        answers = []
        asked = {"series": flat(daily_wave(12_000)), "freq": "h", "h": 1, "n_windows": 9999, "step_size": 1}
        client = self.daemon.client(120)
        self.addCleanup(client.close)
        thread = threading.Thread(target=lambda: answers.append(client.post("/v2/cross_validation", asked)))
        thread.start()
        begun = 0
        while begun == 0 and not answers:
            shown = self.ok(self.client.get("/metrics")).body.decode()
            begun = float(re.search(r"^tstrm_forecasts_total (\S+)", shown, re.MULTILINE).group(1))
        self.client.close()
        self.daemon.signal(signal.SIGTERM)
        thread.join()
        self.assertEqual(self.daemon.wait(), 0)
        self.assertEqual((answers[0].status, answers[0].type), (503, "application/json"), answers)
        self.assertIn("stopping", answers[0].json()["detail"][0]["msg"])

    @classmethod
    def tearDownClass(cls):
        pass  # the only test has stopped the daemon


class Kserve(Case):
    def ask(self, *inputs, **options):
        return self.client.post("/v1/timeseries/forecast", {
            "model": "any", "inputs": list(inputs), "options": {"horizon": 4, **options}, "metadata": {"me": 1}})

    def ours(self, values, frequency):
        answer = self.ok(self.client.post("/v1/forecast", {
            "horizon": 4, "quantiles": [0.1, 0.9], "levels": [],
            "series": [{"values": values, "frequency": frequency}]}))
        return answer.json()["forecasts"][0]

    def test_a_forecast_is_the_one_of_the_own_interface(self):
        for frequency, ours in (("H", "1h"), ("day", "1d"), ("M", "1mo"), ("quarter", "1q")):
            answer = self.ok(self.ask({"type": "univariate_time_series", "name": "a", "frequency": frequency,
                                       "series": daily_wave(100)}, quantiles=[0.1, 0.9])).json()
            shown, mine = answer["outputs"][0]["content"][0], self.ours(daily_wave(100), ours)
            self.assertEqual((answer["status"], shown["frequency"]), ("completed", frequency))
            self.assertEqual(shown["mean_forecast"], mine["median"])
            self.assertEqual(shown["quantiles"], mine["quantiles"])

    def test_variables_are_forecast_each_by_itself(self):
        a, b = daily_wave(100, 1), daily_wave(100, 2)
        answer = self.ok(self.ask({"type": "multivariate_time_series", "name": "ab", "frequency": "H",
                                   "series": [list(row) for row in zip(a, b)]})).json()
        shown = answer["outputs"][0]["content"][0]
        self.assertEqual(shown["mean_forecast"], [list(row) for row in zip(self.ours(a, "1h")["median"],
                                                                           self.ours(b, "1h")["median"])])
        self.assertIsNone(shown["quantiles"])

    def test_errors_have_their_form(self):
        for answer, status, param in ((self.client.post("/v1/timeseries/forecast", {}), 422, "/model"),
                                      (self.client.post("/v1/timeseries/forecast", "{", type="application/json"), 400,
                                       "line 1, column 1"),
                                      (self.client.post("/v1/timeseries/forecast", "x", type="text/csv"), 415, "")):
            self.assertEqual((answer.status, answer.type), (status, "application/json"), answer)
            error = answer.json()["error"]
            self.assertEqual((error["code"], error["param"], error["type"]), (str(status), param, "BadRequestError"))

    def test_models_and_health_are_answered(self):
        self.assertEqual(self.ok(self.client.get("/v1/timeseries/models")).json(), ["tstrm"])
        self.assertEqual(self.ok(self.client.get("/v2/health/live")).json(), {"live": True})
        self.assertEqual(self.ok(self.client.get("/v2/health/ready")).json(), {"ready": True, "live": True})


if __name__ == "__main__":
    main()
