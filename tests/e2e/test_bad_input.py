"""Bad input is refused with problem+json that names the place, and leaves nothing behind."""
from case import HOUR, T0, Case, body, daily_wave, main


class BadPoints(Case):
    """Each test posts to a series with three points and looks whether it stays as it was."""

    def setUp(self):
        super().setUp()
        self.series = "/v1/series/" + self.id().rsplit(".", 1)[1]
        self.has_series(self.series.rsplit("/", 1)[1], [1, 2, 3])
        self.before = self.state()

    def state(self):
        seen = self.ok(self.client.get(self.series)).json()
        return seen["points"], seen["revision"], seen["last_point"]

    def refuse(self, content, status, place=None, words=(), type="application/json"):
        response = self.client.post(self.series + "/points", content, type=type)
        self.assertProblem(response, status, place, words)
        self.assertEqual(self.state(), self.before)

    def test_malformed_json_is_refused(self):
        self.refuse('{"points":[[1,2},]}', 400)

    def test_truncated_json_is_refused(self):
        self.refuse('{"points":[[1795402800000,1],[17954064', 400)

    def test_json_with_text_after_it_is_refused(self):
        self.refuse('{"points":[[1795402800000,1]]} x', 400)

    def test_an_empty_body_is_refused(self):
        self.refuse("", 400)

    def test_an_empty_list_of_points_is_refused(self):
        self.refuse('{"points":[]}', 422)

    def test_a_body_that_is_no_object_is_refused(self):
        self.refuse("[1,2,3]", 422)

    def test_json_nested_without_end_is_refused(self):
        self.refuse('{"points":' + "[" * 100_000, 422)

    def test_an_unknown_field_is_refused(self):
        self.refuse({**body([1], T0 + 3 * HOUR), "unit": "kW"}, 422, "/unit")

    def test_a_text_for_a_value_is_refused(self):
        self.refuse({"points": [[T0 + 3 * HOUR, 1], [T0 + 4 * HOUR, "2"]]}, 422, "/points/1/1")

    def test_a_truth_value_for_a_value_is_refused(self):
        self.refuse({"points": [[T0 + 3 * HOUR, True]]}, 422, "/points/0/1")

    def test_a_fraction_of_a_millisecond_is_refused(self):
        self.refuse({"points": [[T0 + 0.5, 1]]}, 422, "/points/0/0")

    def test_words_for_a_timestamp_are_refused(self):
        self.refuse({"points": [["yesterday", 1]]}, 422, "/points/0/0")

    def test_a_point_of_three_is_refused(self):
        self.refuse({"points": [[T0 + 3 * HOUR, 1, 2]]}, 422)

    def test_columns_of_different_length_are_refused(self):
        self.refuse({"timestamps": [T0 + 3 * HOUR, T0 + 4 * HOUR], "values": [1]}, 422)

    def test_nan_is_refused(self):
        self.refuse(f'{{"points":[[{T0 + 3 * HOUR},NaN]]}}', 400, "/points/0/1")

    def test_infinity_is_refused(self):
        self.refuse(f'{{"points":[[{T0 + 3 * HOUR},Infinity]]}}', 400, "/points/0/1")

    def test_a_number_beyond_double_is_refused(self):
        self.refuse(f'{{"points":[[{T0 + 3 * HOUR},1e400]]}}', 422, "/points/0/1")

    def test_a_number_beyond_the_largest_value_is_refused(self):
        self.refuse({"points": [[T0 + 3 * HOUR, 1e301]]}, 422, "/points/0/1")

    def test_timestamps_out_of_order_are_refused(self):
        self.refuse({"points": [[T0 + 4 * HOUR, 1], [T0 + 3 * HOUR, 2]]}, 422, "/points/1/0")

    def test_duplicate_timestamps_are_refused(self):
        self.refuse({"points": [[T0 + 3 * HOUR, 1], [T0 + 3 * HOUR, 2]]}, 422, "/points/1/0")

    def test_a_timestamp_off_the_grid_is_refused_and_its_neighbours_named(self):
        self.refuse({"points": [[T0 + 3 * HOUR, 1], [T0 + 4 * HOUR + 60_000, 2]]}, 422, "/points/1/0",
                    ["2026-11-23T04:00:00Z", "2026-11-23T05:00:00Z"])

    def test_a_time_after_the_year_9999_is_refused(self):
        self.refuse({"points": [[253402300800000, 1]]}, 422, "/points/0/0")

    def test_a_bad_line_of_csv_is_named(self):
        self.refuse("timestamp,value\n2026-11-23T03:00:00Z,1\n2026-11-23T04:00:00Z,one\n", 422, "line 3",
                    type="text/csv")

    def test_csv_with_three_columns_is_refused(self):
        self.refuse("2026-11-23T03:00:00Z,1,2\n", 422, "line 1", type="text/csv")

    def test_csv_that_ends_inside_quotes_is_refused(self):
        self.refuse('2026-11-23T03:00:00Z,1\n"2026-11-23T04:00:00Z,1\n', 400, type="text/csv")

    def test_csv_out_of_order_names_the_line(self):
        self.refuse("2026-11-23T05:00:00Z,1\n2026-11-23T04:00:00Z,1\n", 422, "line 2", type="text/csv")

    def test_a_bad_line_of_ndjson_is_named(self):
        self.refuse('["2026-11-23T03:00:00Z",1]\n["2026-11-23T04:00:00Z"]\n', 422, "line 2",
                    type="application/x-ndjson")

    def test_bytes_that_are_no_utf8_are_refused(self):
        self.refuse(b'{"points":[["\xff\xfe",1]]}', 400)

    def test_another_content_type_is_refused(self):
        self.refuse("<points/>", 415, type="application/xml")

    def test_a_body_without_a_content_type_is_refused(self):
        self.refuse(b'{"points":[[1795402800000,1]]}', 415, type=None)

    def test_an_unknown_parameter_is_refused(self):
        response = self.client.post(self.series + "/points?upsert=1", body([4], T0 + 3 * HOUR))
        self.assertProblem(response, 400, "upsert")
        self.assertEqual(self.state(), self.before)

    def test_an_unknown_series_stays_unknown_when_it_is_not_to_be_created(self):
        response = self.client.post("/v1/series/absent/points?create=false", body([1]))
        self.assertProblem(response, 404, words=["absent"])
        self.assertProblem(self.client.get("/v1/series/absent"), 404)

    def test_a_refused_first_post_creates_no_series(self):
        response = self.client.post("/v1/series/first/points", {"points": [[T0, 1], [T0, 2]]})
        self.assertProblem(response, 422, "/points/1/0")
        self.assertProblem(self.client.get("/v1/series/first"), 404)


class BadSettings(Case):
    """A series keeps its settings when a change of them is refused, and is not created by one."""

    def refuse(self, content, place, status=422):
        series = "/v1/series/" + self.id().rsplit(".", 1)[1]
        self.assertProblem(self.client.put(series, content), status, place)
        self.assertProblem(self.client.get(series), 404)

    def test_an_unknown_field_is_refused(self):
        self.refuse({"frequency": "1h", "colour": "red"}, "/colour")

    def test_an_unknown_frequency_is_refused(self):
        self.refuse({"frequency": "1 fortnight"}, "/frequency")

    def test_a_frequency_of_zero_is_refused(self):
        self.refuse({"frequency": "0h"}, "/frequency")

    def test_a_number_for_a_frequency_is_refused(self):
        self.refuse({"frequency": 3600}, "/frequency")

    def test_a_season_of_zero_is_refused(self):
        self.refuse({"season": [24, 0]}, "/season/1")

    def test_a_season_too_long_is_refused(self):
        self.refuse({"season": [100_000]}, "/season/0")

    def test_too_many_seasons_are_refused(self):
        self.refuse({"season": [2, 3, 4, 5, 6]}, "/season")

    def test_a_text_for_a_bound_is_refused(self):
        self.refuse({"min": "0"}, "/min")

    def test_bounds_that_cross_are_refused(self):
        series = "/v1/series/crossing"
        self.assertProblem(self.client.put(series, {"min": 1, "max": 0}), 422)
        self.assertProblem(self.client.get(series), 404)

    def test_a_bound_that_crosses_the_other_stored_one_is_refused(self):
        self.ok(self.client.put("/v1/series/bounded", {"min": 1}), 201)
        self.assertProblem(self.client.put("/v1/series/bounded", {"max": 0}), 422)
        self.assertIsNone(self.ok(self.client.get("/v1/series/bounded")).json()["max"])

    def test_a_horizon_of_zero_is_refused(self):
        self.refuse({"horizon": 0}, "/horizon")

    def test_a_horizon_too_long_is_refused(self):
        self.refuse({"horizon": 100_000}, "/horizon")

    def test_labels_that_are_no_texts_are_refused(self):
        self.refuse({"labels": {"site": 1}}, "/labels/site")

    def test_too_many_labels_are_refused(self):
        self.refuse({"labels": {f"n{i}": "" for i in range(33)}}, "/labels")

    def test_an_unknown_fit_policy_is_refused(self):
        self.refuse({"fit": "often"}, "/fit")

    def test_a_list_for_the_body_is_refused(self):
        self.assertProblem(self.client.put("/v1/series/list", [1]), 422)

    def test_truncated_json_is_refused(self):
        self.assertProblem(self.client.put("/v1/series/cut", '{"frequency":"1', type="application/json"),
                           400)
        self.assertProblem(self.client.get("/v1/series/cut"), 404)

    def test_another_content_type_is_refused(self):
        response = self.client.put("/v1/series/typed", "frequency: 1h", type="application/yaml")
        self.assertProblem(response, 415)

    def test_a_frequency_other_than_that_of_the_points_is_a_conflict(self):
        self.has_series("hourly", [1, 2, 3])
        self.assertProblem(self.client.put("/v1/series/hourly", {"frequency": "1d"}), 409)
        self.assertEqual(self.ok(self.client.get("/v1/series/hourly")).json()["frequency"], "1h")


class BadForecasts(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        client = cls.daemon.client()
        client.put("/v1/series/good", {"frequency": "1h", "season": [24]})
        client.post("/v1/series/good/points", body(daily_wave(96)))
        client.close()

    def refuse(self, query, place):
        self.assertProblem(self.client.get("/v1/series/good/forecast?" + query), 400, place)

    def test_an_unknown_series_is_not_found(self):
        self.assertProblem(self.client.get("/v1/series/nowhere/forecast"), 404, words=["nowhere"])

    def test_a_horizon_of_zero_is_refused(self):
        self.refuse("horizon=0", "horizon")

    def test_a_negative_horizon_is_refused(self):
        self.refuse("horizon=-3", "horizon")

    def test_a_horizon_too_long_is_refused(self):
        self.refuse("horizon=1025", "horizon")

    def test_a_horizon_beyond_any_integer_is_refused(self):
        self.refuse("horizon=99999999999999999999999", "horizon")

    def test_words_for_a_horizon_are_refused(self):
        self.refuse("horizon=two", "horizon")

    def test_an_unknown_parameter_is_refused(self):
        self.refuse("horizons=3", "horizons")

    def test_a_parameter_given_twice_is_refused(self):
        self.refuse("horizon=3&horizon=4", "horizon")

    def test_a_level_of_a_hundred_is_refused(self):
        self.refuse("levels=100", "levels")

    def test_a_quantile_outside_zero_and_one_is_refused(self):
        self.refuse("quantiles=0.5,1.5", "quantiles")

    def test_nan_for_a_quantile_is_refused(self):
        self.refuse("quantiles=nan", "quantiles")

    def test_too_many_quantiles_are_refused(self):
        self.refuse("quantiles=" + ",".join(f"{i / 100}" for i in range(1, 60)), "quantiles")

    def test_another_form_of_time_is_refused(self):
        self.refuse("time=julian", "time")

    def test_another_trace_is_refused(self):
        self.refuse("trace=maybe", "trace")

    def test_too_short_a_history_says_how_many_points_are_missing(self):
        self.ok(self.client.post("/v1/series/short/points", body([1, 2])), 201)
        self.assertProblem(self.client.get("/v1/series/short/forecast"), 422, words=["1 more"])
        self.assertProblem(self.client.post("/v1/series/short/fit"), 422, words=["1 more"])

    def test_an_empty_series_says_how_many_points_are_missing(self):
        self.ok(self.client.put("/v1/series/empty", {"frequency": "1h"}), 201)
        self.assertProblem(self.client.get("/v1/series/empty/forecast"), 422, words=["3 more"])

    def test_a_series_of_all_missing_values_has_no_forecast(self):
        self.ok(self.client.post("/v1/series/holes/points", body([None] * 50)), 201)
        self.assertProblem(self.client.get("/v1/series/holes/forecast"), 422)
        seen = self.ok(self.client.get("/v1/series/holes")).json()
        self.assertEqual(seen["points"], 50)

    def test_a_constant_series_is_forecast_as_constant(self):
        self.ok(self.client.post("/v1/series/flat/points", body([7.5] * 100)), 201)
        seen = self.ok(self.client.get("/v1/series/flat/forecast?horizon=5")).json()
        self.assertEqual(seen["median"], [7.5] * 5)
        self.assertEqual(seen["intervals"]["95"], {"lower": [7.5] * 5, "upper": [7.5] * 5})

    def test_a_constant_series_can_be_fitted(self):
        self.ok(self.client.post("/v1/series/flat2/points", body([7.5] * 100)), 201)
        job = self.ok(self.client.post("/v1/series/flat2/fit", headers={"Prefer": "wait=60"})).json()
        self.assertEqual(job["state"], "succeeded", job)
        seen = self.ok(self.client.get("/v1/series/flat2/forecast?horizon=2")).json()
        self.assertEqual(seen["median"], [7.5] * 2)


class BadStateless(Case):
    def refuse(self, content, place, status=422):
        self.assertProblem(self.client.post("/v1/forecast", content), status, place)

    def test_malformed_json_is_refused(self):
        self.assertProblem(self.client.post("/v1/forecast", '{"series":', type="application/json"), 400)

    def test_a_body_without_series_is_refused(self):
        self.assertProblem(self.client.post("/v1/forecast", {"horizon": 3}), 422)

    def test_too_many_quantiles_together_are_refused_in_the_body(self):
        answer = self.client.post("/v1/forecast", {"series": [{"values": [1, 2, 3, 4]}], "quantiles": [0.11, 0.22, 0.33],
                                                   "levels": [5 * k for k in range(1, 16)]})
        self.assertProblem(answer, 422, "/quantiles", ["33", "32"])

    def test_an_integer_beyond_64_bits_is_a_number(self):
        values = ["100000000000000000000", "100000000000000000001", "-200000000000000000000", "3"]
        answer = self.client.post("/v1/forecast", '{"horizon":2,"series":[{"season":[1],"values":[%s]}]}' % ",".join(values),
                                  type="application/json")
        written = {"horizon": 2, "series": [{"season": [1], "values": [float(value) for value in values]}]}
        self.assertEqual(self.ok(answer).json()["forecasts"][0]["median"],
                         self.ok(self.client.post("/v1/forecast", written)).json()["forecasts"][0]["median"])
        self.assertProblem(self.client.post("/v1/forecast", '{"horizon":100000000000000000000,"series":[{"values":[1]}]}',
                                            type="application/json"), 422, "/horizon")

    def test_an_unknown_field_is_refused(self):
        self.refuse({"series": [{"values": [1, 2, 3]}], "freq": "H"}, "/freq")

    def test_an_unknown_field_of_a_series_is_refused(self):
        self.refuse({"series": [{"values": [1, 2, 3]}, {"values": [1], "y": 1}]}, "/series/1/y")

    def test_a_text_among_the_values_is_refused(self):
        self.refuse({"series": [{"values": [1, "2", 3]}]}, "/series/0/values/1")

    def test_a_horizon_of_zero_is_refused(self):
        self.refuse({"horizon": 0, "series": [{"values": [1, 2, 3]}]}, "/horizon")

    def test_a_horizon_too_long_is_refused(self):
        self.refuse({"horizon": 100_000, "series": [{"values": [1, 2, 3]}]}, "/horizon")

    def test_a_quantile_of_two_is_refused(self):
        self.refuse({"quantiles": [0.5, 2], "series": [{"values": [1, 2, 3]}]}, "/quantiles")

    def test_an_entry_that_cannot_be_forecast_carries_its_own_error(self):
        request = {"horizon": 2, "series": [{"id": "a", "values": [1]}, {"id": "b", "values": [1, 2, 3, 4]},
                                            {"id": "c", "values": [None, None, None]}]}
        seen = self.ok(self.client.post("/v1/forecast", request)).json()["forecasts"]
        self.assertEqual([("error" in entry) for entry in seen], [True, False, True])
        self.assertEqual(len(seen[1]["median"]), 2)
        self.assertEqual(self.ok(self.client.get("/v1/series")).json()["series"], [])


class BadQueries(Case):
    def refuse(self, path, place, status=400):
        self.assertProblem(self.client.get(path), status, place)

    def test_a_limit_of_zero_is_refused(self):
        self.refuse("/v1/series?limit=0", "limit")

    def test_a_limit_too_large_is_refused(self):
        self.refuse("/v1/series?limit=1000000000", "limit")

    def test_a_label_without_a_value_is_refused(self):
        self.refuse("/v1/series?label=site", "label")

    def test_a_cursor_that_was_never_given_out_is_refused_or_gives_a_page(self):
        self.assertIn(self.client.get("/v1/series?cursor=%00%ff").status, (200, 400))

    def test_an_unknown_state_is_refused(self):
        self.refuse("/v1/jobs?state=sleeping", "state")
        self.refuse("/v1/jobs?series=" + "a" * 201, "series")
        self.refuse("/v1/jobs?series=a%0Ab", "series")

    def test_an_unknown_parameter_of_a_list_is_refused(self):
        self.refuse("/v1/jobs?sort=asc", "sort")

    def test_an_unknown_job_is_not_found(self):
        self.refuse("/v1/jobs/0123456789abcdef", None, 404)

    def test_a_job_id_of_another_form_is_not_found(self):
        self.refuse("/v1/jobs/..%2f..%2fetc", None, 404)

    def test_words_for_a_time_are_refused(self):
        self.has_series("timed", [1, 2, 3])
        self.refuse("/v1/series/timed/points?start=noon", "start")

    def test_points_of_an_unknown_series_are_not_found(self):
        self.refuse("/v1/series/none/points", None, 404)

    def test_a_fit_of_an_unknown_series_is_not_found(self):
        self.assertProblem(self.client.post("/v1/series/none/fit"), 404)

    def test_a_fit_with_an_unknown_mode_is_refused(self):
        self.has_series("fitted", daily_wave(48))
        self.assertProblem(self.client.post("/v1/series/fitted/fit", {"mode": "quick"}), 422, "/mode")

    def test_deleting_an_unknown_series_is_not_found(self):
        self.assertProblem(self.client.delete("/v1/series/none"), 404)

    def test_an_unknown_path_is_not_found(self):
        self.refuse("/v2/series", None, 404)

    def test_a_path_below_a_known_one_is_not_found(self):
        self.refuse("/v1/series/timed/points/3", None, 404)


class LongBodies(Case):
    """Needs no more memory than the limit, however long the body says it is."""

    def test_a_body_announced_over_the_limit_is_refused_before_it_is_sent(self):
        with self.daemon.socket() as peer:
            peer.sendall(b"POST /v1/series/long/points HTTP/1.1\r\nHost: x\r\n"
                         b"Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n")
            self.assertIn(b" 413 ", peer.recv(4096).split(b"\r\n")[0])

    def test_a_chunked_body_over_the_limit_is_refused(self):
        self.assertEqual(self.send_chunks("/v1/series/long", "PUT", 1 << 16, 64), 413)
        self.assertProblem(self.client.get("/v1/series/long"), 404)

    def send_chunks(self, path, method, size, count):
        """Status of a request whose body is count chunks of white space."""
        with self.daemon.socket() as peer:
            peer.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n".encode())
            chunk = f"{size:x}\r\n".encode() + b" " * size + b"\r\n"
            try:
                for _ in range(count):
                    peer.sendall(chunk)
                peer.sendall(b"0\r\n\r\n")
            except OSError:
                pass
            answer = peer.recv(4096)
        return int(answer.split()[1])

    def test_more_points_than_a_body_may_hold_are_refused(self):
        self.has_series("many", [1, 2, 3])
        line = b"2026-11-23T03:00:00Z,1\n"
        with self.daemon.socket(120) as peer:
            peer.sendall(b"POST /v1/series/many/points HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n")
            block = line * 20_000
            chunk = f"{len(block):x}\r\n".encode() + block + b"\r\n"
            try:
                for _ in range(400):
                    peer.sendall(chunk)
                peer.sendall(b"0\r\n\r\n")
            except OSError:
                pass
            self.assertIn(b" 413 ", peer.recv(4096).split(b"\r\n")[0])
        self.assertEqual(self.ok(self.client.get("/v1/series/many")).json()["points"], 3)


if __name__ == "__main__":
    main()
