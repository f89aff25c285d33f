"""The field's own client of TimeGPT, unchanged, against this daemon: nixtla from PyPI, whose base_url is ours.

The client needs pandas and more: tests/lib/packages.py runs this file where they are.
"""
from case import Case

import packages

PACKAGES = ("nixtla==0.9.0", "pandas==2.3.3")

if packages.inside():
    import logging
    import warnings

    import numpy as np
    import pandas as pd
    from nixtla import NixtlaClient
    from nixtla.nixtla_client import ApiError

    warnings.filterwarnings("ignore")
    logging.getLogger("nixtla").setLevel(logging.ERROR)


def frame(n, freq="h", uid="a", season=24, seed=1, start="2026-01-01"):
    noise = np.random.default_rng(seed)
    values = 100 + 30 * np.sin(2 * np.pi * np.arange(n) / season) + noise.normal(0, 2, n)
    return pd.DataFrame({"unique_id": uid, "ds": pd.date_range(start, periods=n, freq=freq),
                         "y": np.round(values, 2)})


class TimeGPT(Case):
    arguments = ("--body-bytes-max", "32MiB")

    def setUp(self):
        super().setUp()
        self.nixtla = NixtlaClient(api_key="any", base_url=f"http://127.0.0.1:{self.daemon.port}", max_retries=1)

    def two(self):
        return pd.concat([frame(240, uid="a"), frame(150, uid="b", seed=2)], ignore_index=True)

    def ours(self, values, h, frequency="1h", **fields):
        """The same question as POST /v1/forecast asks it."""
        answer = self.ok(self.client.post("/v1/forecast", {
            "horizon": h, "levels": [80, 95], "quantiles": [],
            "series": [{"values": list(values), "frequency": frequency, **fields}]}))
        return answer.json()["forecasts"][0]

    def refused(self, status, loc, word, call, *arguments, **more):
        with self.assertRaises(ApiError) as caught:
            call(*arguments, **more)
        self.assertEqual(caught.exception.status_code, status, caught.exception)
        detail = caught.exception.body["detail"][0]
        self.assertEqual(detail["loc"], loc)
        self.assertIn(word, detail["msg"])
        self.assertIsInstance(detail["type"], str)

    def test_the_key_and_the_models_are_answered(self):
        self.assertTrue(self.nixtla.validate_api_key())
        self.assertEqual(self.nixtla.list_models(), ["tstrm"])
        self.assertEqual(self.nixtla._get_model_params("timegpt-2.1", "h"), (504, 48))

    def test_a_forecast_is_the_one_of_the_own_interface(self):
        df = self.two()
        shown = self.nixtla.forecast(df, h=12, freq="h", level=[80, 95])
        self.assertEqual(len(shown), 24)
        for uid in ("a", "b"):
            part = shown[shown.unique_id == uid]
            mine = self.ours(df[df.unique_id == uid].y, 12)
            self.assertEqual(part["TimeGPT"].tolist(), mine["median"])
            for level in ("80", "95"):
                self.assertEqual(part[f"TimeGPT-lo-{level}"].tolist(), mine["intervals"][level]["lower"])
                self.assertEqual(part[f"TimeGPT-hi-{level}"].tolist(), mine["intervals"][level]["upper"])
            self.assertEqual(part.ds.iloc[0], df[df.unique_id == uid].ds.iloc[-1] + pd.Timedelta(hours=1))
        columns = ["TimeGPT-lo-95", "TimeGPT-lo-80", "TimeGPT", "TimeGPT-hi-80", "TimeGPT-hi-95"]
        self.assertTrue((np.diff(shown[columns].to_numpy(), axis=1) >= 0).all())

    def test_quantiles_come_as_columns_in_order(self):
        shown = self.nixtla.forecast(self.two(), h=5, freq="h", quantiles=[0.1, 0.5, 0.9])
        columns = ["TimeGPT-q-10", "TimeGPT-q-50", "TimeGPT-q-90"]
        self.assertTrue((np.diff(shown[columns].to_numpy(), axis=1) >= 0).all())
        self.assertEqual(shown["TimeGPT-q-50"].tolist(), shown["TimeGPT"].tolist())

    def test_fine_tuning_is_a_fit_before_the_forecast(self):
        df = frame(300)
        shown = self.nixtla.forecast(df, h=6, freq="h", finetune_steps=5)
        self.assertEqual(shown["TimeGPT"].tolist(), self.ours(df.y, 6, fit=True)["median"])

    def test_missing_values_are_missing(self):
        df = frame(120)
        df.loc[[5, 60, 119], "y"] = np.nan
        shown = self.nixtla.forecast(df, h=3, freq="h")
        values = [None if np.isnan(v) else v for v in df.y]
        self.assertEqual(shown["TimeGPT"].tolist(), self.ours(values, 3)["median"])

    def test_frequencies_of_pandas_are_understood(self):
        for freq, ours in (("D", "1d"), ("h", "1h"), ("W", "1w"), ("W-MON", "1w"), ("MS", "1mo"), ("ME", "1mo"),
                           ("QS", "1q"), ("QE", "1q"), ("YS", "1y"), ("15min", "15m"), ("2h", "2h"), ("s", "1s")):
            with self.subTest(freq):
                df = frame(60, freq=freq, season=7, start="1990-01-01")
                shown = self.nixtla.forecast(df, h=2, freq=freq)
                sent, _ = self.nixtla._get_model_params("timegpt-2.1", freq)  # so much the client sends
                self.assertEqual(shown["TimeGPT"].tolist(), self.ours(df.y[-sent:], 2, ours)["median"])
        df = frame(60, freq="B", season=5)
        mine = self.ok(self.client.post("/v1/forecast", {
            "horizon": 2, "levels": [], "quantiles": [], "series": [{"values": df.y.tolist(), "season": [5]}]})).json()
        self.assertEqual(self.nixtla.forecast(df, h=2, freq="B")["TimeGPT"].tolist(),
                         mine["forecasts"][0]["median"])

    def test_cross_validation_forecasts_at_past_origins(self):
        df = self.two()
        shown = self.nixtla.cross_validation(df, h=4, n_windows=3, step_size=2, freq="h", level=[80])
        self.assertEqual(len(shown), 2 * 3 * 4)
        for uid in ("a", "b"):
            series, part = df[df.unique_id == uid].reset_index(), shown[shown.unique_id == uid]
            cutoffs = part.cutoff.unique()
            self.assertEqual([pd.Timestamp(c) for c in cutoffs], [series.ds[len(series) - k] for k in (9, 7, 5)])
            for cutoff in cutoffs:
                window = part[part.cutoff == cutoff]
                before = series[series.ds <= cutoff]
                self.assertEqual(window["TimeGPT"].tolist(), self.ours(before.y, 4)["median"])
                self.assertEqual(window.y.tolist(), series.y[len(before):len(before) + 4].tolist())
            self.assertTrue((part["TimeGPT-lo-80"] <= part["TimeGPT-hi-80"]).all())

    def test_history_is_added_in_front_of_the_forecast(self):
        df = self.two()
        shown = self.nixtla.forecast(df, h=6, freq="h", level=[90], add_history=True)
        for uid, n in (("a", 240), ("b", 150)):
            part = shown[shown.unique_id == uid]
            self.assertEqual(len(part), n - 48 + 6)
            self.assertTrue((part.ds.diff().dropna() == pd.Timedelta(hours=1)).all())
            joined = part.merge(df, on=["unique_id", "ds"])
            self.assertEqual(len(joined), n - 48)
            self.assertLess((joined.y - joined["TimeGPT"]).abs().mean(), 6)

    def test_a_planted_spike_is_the_anomaly(self):
        df = self.two()
        df.loc[150, "y"] = 400.0
        shown = self.nixtla.detect_anomalies(df, freq="h", level=99)
        self.assertEqual(len(shown), 240 - 48 + 150 - 48)
        spike = shown[(shown.unique_id == "a") & (shown.ds == df.ds[150])]
        self.assertEqual(spike.anomaly.tolist(), [True])
        self.assertLess(shown.anomaly.mean(), 0.05)
        inside = (shown.y >= shown["TimeGPT-lo-99"]) & (shown.y <= shown["TimeGPT-hi-99"])
        self.assertEqual((~inside).tolist(), shown.anomaly.tolist())

    def test_a_planted_spike_is_found_online(self):
        df = self.two()
        df.loc[230, "y"] = 400.0
        shown = self.nixtla.detect_anomalies_online(df, h=6, detection_size=24, freq="h", level=99)
        self.assertEqual(shown.groupby("unique_id").size().tolist(), [24, 24])
        spike = shown[(shown.unique_id == "a") & (shown.ds == df.ds[230])]
        self.assertEqual(spike.anomaly.tolist(), [True])
        self.assertGreater(spike.anomaly_score.iloc[0], 5)
        self.assertEqual((shown.anomaly_score.abs() > 1).tolist(), shown.anomaly.tolist())

    def test_many_series_come_in_one_packed_body_or_in_parts(self):
        df = pd.concat([frame(400, uid=f"s{i:03}", seed=i) for i in range(250)], ignore_index=True)
        df["y"] = df.y + np.pi / 1e6
        refused = self.client.post("/v2/forecast", b"x", type="application/json", headers={"Content-Encoding": "br"})
        if "zstd" not in refused.headers["accept-encoding"]:
            self.skipTest("this build takes no zstd, which the client packs bodies over 1 MB as")
        whole = self.nixtla.forecast(df, h=8, freq="h", level=[80])
        self.assertEqual(len(whole), 250 * 8)
        self.assertTrue(whole["TimeGPT"].notna().all())
        parts = self.nixtla.forecast(df, h=8, freq="h", level=[80], num_partitions=5)
        pd.testing.assert_frame_equal(whole, parts)

    def test_what_cannot_be_done_is_the_clients_own_error_with_our_words(self):
        df, ask = self.two(), self.nixtla.forecast
        body = ["body"]
        self.refused(422, body + ["h"], "1 to 1024", ask, df, h=2000, freq="h")
        self.refused(422, body + ["level", 0], "percentage", ask, df, h=2, freq="h", level=[120])
        self.refused(422, body + ["series", "X"], "exogenous", ask, df, h=2, freq="h", date_features=["hour"])
        self.refused(422, body + ["multivariate"], "joint", ask, df, h=2, freq="h", multivariate=True)
        self.refused(422, body + ["finetuned_model_id"], "fine-tuned", ask, df, h=2, freq="h",
                     finetuned_model_id="mine")
        self.refused(422, body + ["series", "sizes", 0], "observed", ask, frame(2), h=2, freq="h")
        self.refused(422, body + ["series", "sizes", 0], "at least", self.nixtla.cross_validation, frame(20), h=9,
                     n_windows=2, freq="h")
        self.refused(422, body + ["threshold_method"], "univariate", self.nixtla.detect_anomalies_online, df, h=2,
                     detection_size=10, freq="h", threshold_method="multivariate")

    def test_a_request_for_too_much_says_how_to_ask_for_less(self):
        df = pd.concat([frame(30, uid=f"s{i:04}", season=7, seed=i) for i in range(100)], ignore_index=True)
        self.refused(413, ["body", "series"], "num_partitions", self.nixtla.forecast, df, h=1000, freq="h",
                     level=list(range(5, 80, 5)))


if __name__ == "__main__":
    packages.main("timegpt", PACKAGES, TimeGPT)
