"""Points of many series, and what other systems' agents send, byte by byte: accepted, refused in the protocol's
own form, nothing lost."""
import gzip
import json
import os
import re
import tempfile
import time
from urllib.parse import quote

from case import BINARY, HOUR, T0, Case, Daemon, main
from remote_write import HEADERS_1, HEADERS_2, STALE, field, message_1, message_2, snappy, varint

MINUTE = 60_000
DAY = 24 * HOUR


class Agents(Case):
    """What the classes for the protocols share."""

    def points(self, series):
        return self.ok(self.client.get(f"/v1/series/{quote(series, safe='')}/points?limit=10000")).json()["points"]

    def series(self):
        return {s["id"]: s for s in self.ok(self.client.get("/v1/series?limit=1000")).json()["series"]}

    def counted(self, name):
        text = self.ok(self.client.get("/metrics")).body.decode()
        return int(float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE).group(1)))

    def dropped(self, reason):
        return self.counted(f'tstrm_ingest_dropped_total{{reason="{reason}"}}')


class ManyPoints(Agents):
    def post(self, content, status=200, query="", **more):
        return self.ok(self.client.post("/v1/points" + query, content, **more), status).json()

    def test_both_forms_and_any_order_are_taken_and_each_series_is_told(self):
        told = self.post({"series": [{"id": "a", "points": [[T0 + HOUR, 2], [T0, 1], [T0 + HOUR, 3]]},
                                     {"timestamps": [T0], "values": [None], "id": "b"}]})
        self.assertEqual((told["accepted"], told["created"], told["refused"]), (3, 2, 0))
        self.assertEqual([r["series"] for r in told["results"]], ["a", "b"])
        self.assertEqual(self.points("a"), [[T0, 1], [T0 + HOUR, 3]])
        self.assertEqual(self.points("b"), [[T0, None]])
        told = self.post({"series": [{"id": "a", "points": [[T0, 1], [T0 + HOUR, 4]]}]})
        self.assertEqual((told["accepted"], told["updated"], told["unchanged"], told["created"]), (2, 1, 1, 0))

    def test_lines_are_taken_gzipped_too(self):
        lines = "".join(json.dumps({"series": f"line.{i % 3}", "t": T0 + i * HOUR, "v": i}) + "\n" for i in range(9))
        told = self.post(gzip.compress(lines.encode()), type="application/x-ndjson",
                         headers={"Content-Encoding": "gzip"})
        self.assertEqual((told["accepted"], told["created"]), (9, 3))
        self.assertEqual(self.points("line.1"), [[T0 + i * HOUR, i] for i in (1, 4, 7)])

    def test_a_refused_series_keeps_nobody_out_and_is_named(self):
        self.ok(self.client.put("/v1/series/grid", {"frequency": "1d"}), 201)
        self.post({"series": [{"id": "grid", "points": [[T0, 1]]}]})
        told = self.post({"series": [{"id": "good", "points": [[T0, 1]]}, {"id": "grid", "points": [[T0 + 5, 1]]}]}, 422)
        self.assertEqual([e["pointer"] for e in told["errors"]], ["/series/1"])
        self.assertIn("grid", told["results"][1]["error"])
        self.assertEqual((told["accepted"], told["refused"], told["results"][0]["accepted"]), (1, 1, 1))
        self.assertEqual(self.points("good"), [[T0, 1]])
        self.assertEqual(self.points("grid"), [[T0, 1]])
        told = self.post(f'{{"series":"grid","t":{T0 + 5},"v":1}}\n', 422, type="application/x-ndjson")
        self.assertEqual([e["pointer"] for e in told["errors"]], ["line 1"])

    def test_of_a_body_that_cannot_be_read_nothing_is_taken(self):
        self.assertProblem(self.client.post("/v1/points", '{"series":[{"id":"half","points":[[1,2]]},{"id"',
                                            type="application/json"), 400)
        self.assertProblem(self.client.post("/v1/points", {"series": [{"id": "half", "points": [[1, 2]]},
                                                                      {"id": "x", "points": [[1, "y"]]}]}),
                           422, "/series/1/points/0/1")
        self.assertProblem(self.client.post("/v1/points", {"series": [{"id": "a\n", "points": [[1, 2]]}]}), 422,
                           "/series/0/id")
        self.assertProblem(self.client.post("/v1/points", {"series": []}), 422, "/series")
        self.assertProblem(self.client.post("/v1/points", "a,b", type="text/csv"), 415)
        self.assertProblem(self.client.post("/v1/points?create=maybe", {"series": []}), 400, "create")
        self.assertNotIn("half", self.series())

    def test_missing_series_are_created_only_where_wanted(self):
        told = self.post({"series": [{"id": "nobody", "points": [[T0, 1]]}]}, 422, "?create=false")
        self.assertIn("nobody", told["results"][0]["error"])
        self.assertNotIn("nobody", self.series())

    def test_thousands_of_series_fit_into_one_body(self):
        told = self.post({"series": [{"id": f"many.{i}", "points": [[T0, i], [T0 + DAY, i]]} for i in range(3000)]})
        self.assertEqual((told["accepted"], told["created"], len(told["results"])), (6000, 3000, 3000))
        self.assertEqual(self.points("many.2999"), [[T0, 2999], [T0 + DAY, 2999]])


class RemoteWrite(Agents):
    arguments = ("--ingest-frequency", "1m", "--ingest-aggregate", "mean")

    def write(self, message, status=204, headers=HEADERS_1):
        answer = self.client.post("/api/v1/write", snappy(message), headers=headers)
        self.assertEqual(answer.status, status, answer)
        if status >= 400:
            self.assertEqual(answer.type, "text/plain", answer)
            self.assertTrue(answer.body.endswith(b"\n"), answer)
        return answer

    def test_a_metric_becomes_a_series_with_its_labels(self):
        labels = [("__name__", "room_celsius"), ("job", "a"), ("room", 'the "big" one')]
        self.write(message_1((labels, [(T0 + i * MINUTE // 2, i) for i in range(10)])))
        name = 'room_celsius{job="a",room="the \\"big\\" one"}'
        series = self.series()[name]
        self.assertEqual(series["labels"], dict(labels))
        self.assertEqual((series["frequency"], series["aggregate"]), ("1m", "mean"))
        self.assertEqual(len(self.points(name)), 10)
        forecast = self.ok(self.client.get(f"/v1/series/{quote(name, safe='')}/forecast?horizon=3")).json()
        self.assertEqual(len(forecast["median"]), 3)

    def test_late_and_repeated_samples_are_fine(self):
        name = [("__name__", "late")]
        self.write(message_1((name, [(T0 + 5000, 5), (T0, 1)])))
        self.write(message_1((name, [(T0, 1), (T0 + 2000, 2)]), (name, [(T0 + 5000, 6)])))
        self.assertEqual(self.points("late"), [[T0, 1], [T0 + 2000, 2], [T0 + 5000, 6]])

    def test_what_is_no_data_is_counted_and_no_error(self):
        before = {reason: self.dropped(reason) for reason in ("stale_marker", "infinite", "histogram")}
        name = [("__name__", "odd")]
        self.write(message_1((name, [(T0, 1), (T0 + 1000, STALE), (T0 + 2000, float("inf")), (T0 + 3000, -1e301),
                                     (T0 + 4000, float("nan"))])))
        self.assertEqual(self.points("odd"), [[T0, 1], [T0 + 4000, None]])
        self.write(message_1((name, [(T0 + 5000, STALE)])))
        self.write(field(1, field(1, field(1, b"__name__") + field(2, b"h")) + field(4, b"")))
        self.assertNotIn("h", self.series())
        after = {reason: self.dropped(reason) - n for reason, n in before.items()}
        self.assertEqual(after, {"stale_marker": 2, "infinite": 2, "histogram": 1})

    def test_version_2_is_told_what_was_written(self):
        message = message_2(([("__name__", "two"), ("a", "b")], [(T0, 1), (T0 + 1000, 2)]), more=field(3, b""))
        answer = self.write(message, headers=HEADERS_2)
        told = {name: answer.headers.get(f"x-prometheus-remote-write-{name}-written")
                for name in ("samples", "histograms", "exemplars")}
        self.assertEqual(told, {"samples": "2", "histograms": "0", "exemplars": "0"})
        self.assertEqual(self.points('two{a="b"}'), [[T0, 1], [T0 + 1000, 2]])
        answer = self.write(message_2(([("a", "b")], [(T0, 1)]), ([("__name__", "dotted.name")], [(T0, 1)])), 400,
                            HEADERS_2)
        self.assertEqual(answer.headers.get("x-prometheus-remote-write-samples-written"), "1")
        self.assertIn(b"__name__", answer.body)
        self.assertIn('{"dotted.name"}', self.series())

    def test_other_content_types_and_encodings_are_415(self):
        message = message_1(([("__name__", "never")], [(T0, 1)]))
        for headers in ({}, {"Content-Type": "application/json"},
                        {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v3.Request"},
                        {"Content-Type": "application/x-protobuf;proto=prometheus.writerequest"},
                        {"Content-Encoding": "gzip"}, {"Content-Encoding": ""}):
            answer = self.write(message, 415, {**HEADERS_1, **headers} if headers else {})
            self.assertTrue(answer.body.startswith((b"Content-Type must", b"Content-Encoding must")), answer)
        self.write(message_1(([("__name__", "named")], [(T0, 1)])),
                   headers={**HEADERS_1, "Content-Type": 'application/x-protobuf; proto="prometheus.WriteRequest"'})
        self.assertNotIn("never", self.series())

    def test_a_message_of_the_other_version_is_refused(self):
        series = ([("__name__", "other")], [(T0, 1)])
        self.write(message_2(series), 400, HEADERS_1)
        self.write(message_1(series), 400, HEADERS_2)
        self.assertNotIn("other", self.series())

    def test_wrong_series_are_named_and_the_others_stored(self):
        good, at = [("__name__", "beside")], [(T0, 1)]
        many = [("__name__", "m")] + [(f"l{i:02}", "x") for i in range(32)]
        for wrong, words in (([("job", "a")], b"__name__"), (good + [("9", "a")], b"no name of a label"),
                             (good + [("a", "b"), ("a", "c")], b"twice"), (good + [("a", "")], b"empty"),
                             (many, b"at most 32"), (good + [("a", "x" * 257)], b"at most 256"),
                             (good + [("a" * 65, "x")], b"at most 64"), ([("__name__", "a b")], b"name of a metric")):
            answer = self.write(message_1((wrong, at), (good, at)), 400)
            self.assertIn(words, answer.body)
            self.assertIn(b"1 series refused, everything else was stored", answer.body)
            self.assertIn(b"timeseries 0", answer.body)
        self.assertEqual(self.points("beside"), [[T0, 1]])
        answer = self.write(message_1((good, [(T0 + 1000, 2), (-10**15, 3)])), 400)
        self.assertIn(b"years 1 to 9999", answer.body)
        self.assertEqual(self.points("beside"), [[T0, 1], [T0 + 1000, 2]])

    def test_a_series_of_ones_own_is_written_where_the_points_fit(self):
        self.ok(self.client.put("/v1/series/own", {"frequency": "1h"}), 201)
        self.write(message_1(([("__name__", "own")], [(T0, 1)])))
        answer = self.write(message_1(([("__name__", "own")], [(T0 + 5, 1)])), 400)
        self.assertIn(b"not on the series' grid", answer.body)

    def test_broken_bytes_are_refused_whole(self):
        whole = snappy(message_1(([("__name__", "broken")], [(T0, 1)])))
        for n in range(len(whole)):
            answer = self.client.post("/api/v1/write", whole[:n], headers=HEADERS_1)
            self.assertEqual((answer.status, answer.type), (400, "text/plain"), answer)
        for body in (varint(2**32 - 1) + b"\xfe\x01\x00", varint(2**40), b"\xff" * 20, snappy(b"\x0a\xff\xff\xff\xff\x0f"),
                     snappy(b"\x0a\x05\x0a\x03\x0a\x01"), snappy(field(1, field(2, b"\x09\x00")))):
            answer = self.client.post("/api/v1/write", body, headers=HEADERS_1)
            self.assertIn(answer.status, (400, 413), answer)
            self.assertEqual(answer.type, "text/plain", answer)
        self.assertNotIn("broken", self.series())
        self.ok(self.client.get("/livez"))

    def test_what_refuses_a_request_on_its_way_speaks_the_protocol_too(self):
        for path, headers, body, status in (("/api/v1/write?x=1", HEADERS_1, b"", 400),
                                            ("/api/v1/write", HEADERS_1, bytes(17 << 20), 413)):
            answer = self.client.post(path, body, headers=headers)
            self.assertEqual((answer.status, answer.type), (status, "text/plain"), answer)

    def test_an_empty_message_is_fine(self):
        self.write(b"")

    def test_long_label_sets_end_in_a_hash(self):
        labels = [("__name__", "long")] + [(f"label_{i}", "x" * 60) for i in range(5)]
        self.write(message_1((labels, [(T0, 1)])))
        names = [name for name in self.series() if name.startswith("long~")]
        self.assertEqual(len(names), 1)
        self.assertRegex(names[0], r"^long~[0-9a-f]{32}$")
        self.assertEqual(self.points(names[0]), [[T0, 1]])


class Rules(Agents):
    arguments = ("--ingest-match", '{__name__=~"node_.*",job="x"};up', "--ingest-series-max", "3")

    def test_only_what_is_meant_is_kept_and_no_more_of_it_than_allowed(self):
        def write(*names):
            message = message_1(*(([("__name__", n), ("job", "x")], [(T0, 1), (T0 + 1, 2)]) for n in names))
            self.assertEqual(self.client.post("/api/v1/write", snappy(message), headers=HEADERS_1).status, 204)

        write("node_load1", "up", "go_threads")
        self.assertEqual(sorted(self.series()), ['node_load1{job="x"}', 'up{job="x"}'])
        self.assertEqual((self.dropped("no_rule"), self.dropped("series_max")), (2, 0))
        write("node_a", "node_b", "node_c", "up")
        self.assertEqual(len(self.series()), 3)
        self.assertEqual(self.dropped("series_max"), 4)
        self.assertIn("ingest_series_max=3", self.daemon.log())
        self.assertEqual(self.counted('tstrm_ingest_samples_total{protocol="remote_write"}'), 8)
        answer = self.client.post("/api/v1/write", snappy(message_2(([("__name__", "no")], [(T0, 1)]))), headers=HEADERS_2)
        self.assertEqual(answer.headers.get("x-prometheus-remote-write-samples-written"), "1")
        self.ok(self.client.post("/v1/points", {"series": [{"id": "own", "points": [[T0, 1]]}]}))

    def test_rules_change_while_running(self):
        with tempfile.TemporaryDirectory() as folder:
            file, store = os.path.join(folder, "tstrm.conf"), os.path.join(folder, "store.db")

            def rule(text):
                with open(file, "w", encoding="utf-8") as out:
                    out.write(f"ingest-match = {text}\n")

            rule("first")
            daemon = Daemon(BINARY, store, ("--config", file)).start()
            self.addCleanup(daemon.stop)
            client = daemon.client()
            message = snappy(message_1(*(([("__name__", n)], [(T0, 1)]) for n in ("first", "second"))))
            for text, known in (("first", ["first"]), ("{__name__=~`s.*`}", ["first", "second"])):
                rule(text)
                self.ok(client.post("/-/reload"))
                self.ok(client.post("/api/v1/write", message, headers=HEADERS_1), 204)
                self.assertEqual([s["id"] for s in client.get("/v1/series").json()["series"]], known)
            client.close()

    def test_a_wrong_rule_stops_the_start(self):
        daemon = self.new_daemon()
        daemon.command += ["--ingest-match", "{job=~\"(\"}", "--check-config"]
        with self.assertRaisesRegex(AssertionError, "ingest-match: selector 1: .*regexp"):
            daemon.start()


class Influx(Agents):
    def write(self, path, lines, status=204, **more):
        answer = self.client.post(path, lines, **more)
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.type, "application/json" if status >= 400 else "", answer)
        return answer

    def test_fields_become_metrics_and_tags_their_labels(self):
        self.write("/write?db=telegraf&precision=ms",
                   f'cpu,host=a,cpu\\ no=1 usage=1.5,idle=3i,up=t,name="x" {T0}\ncpu,host=a,cpu\\ no=1 usage=2 {T0 + 5}\n')
        series = self.series()
        self.assertEqual(series['cpu_usage{cpu_no="1",host="a"}']["labels"],
                         {"__name__": "cpu_usage", "cpu_no": "1", "host": "a"})
        self.assertEqual(self.points('cpu_usage{cpu_no="1",host="a"}'), [[T0, 1.5], [T0 + 5, 2]])
        self.assertEqual(self.points('cpu_up{cpu_no="1",host="a"}'), [[T0, 1]])
        self.assertEqual(self.dropped("text"), 1)

    def test_precisions_default_to_nanoseconds_and_a_missing_time_is_now(self):
        for query, t in (("", T0 * 10**6), ("&precision=ns", T0 * 10**6), ("&precision=us", T0 * 1000),
                         ("&precision=s", T0 // 1000)):
            self.write(f"/api/v2/write?org=o&bucket=b{query}", f"p f{query[-2:].strip('=')}=1 {t}")
        self.assertEqual(self.points("p_f"), [[T0, 1]])
        self.assertEqual(self.points("p_fs"), [[T0, 1]])
        self.write("/write?precision=h", f"p fh=1 {T0 // HOUR}")
        self.assertEqual(self.points("p_fh"), [[T0, 1]])
        self.write("/write", "now f=1")
        self.assertLess(abs(self.points("now_f")[0][0] - time.time() * 1000), 60_000)

    def test_gzipped_lines_are_taken_and_an_empty_body_is_nothing(self):
        self.write("/api/v2/write?bucket=b&precision=ms", gzip.compress(f"z f=1 {T0}".encode()),
                   headers={"Content-Encoding": "gzip", "Content-Type": "text/plain"})
        self.assertEqual(self.points("z_f"), [[T0, 1]])
        self.write("/write?db=x", b"")
        self.write("/write?db=x", None)

    def test_a_wrong_line_is_named_and_the_others_stored(self):
        lines = f"good f=1 {T0}\nbad\ngood f=2 {T0 + 1}\nworse f=x {T0}\n"
        told = self.write("/write?precision=ms", lines, 400).json()["error"]
        self.assertTrue(told.startswith("line 2, column 4: partial write: "), told)
        self.assertIn("dropped=2", told)
        self.assertEqual(self.points("good_f"), [[T0, 1], [T0 + 1, 2]])
        told = self.write("/api/v2/write?bucket=b&precision=ms", lines, 400).json()
        self.assertEqual((told["code"], told["line"]), ("invalid", 2))
        for line, words in ((f"m,a\\ b=1,a_b=2 f=1 {T0}", "two tag keys"), (f"m,{'k' * 65}=1 f=1 {T0}", "at most 63"),
                            (f"{'m' * 200} {'f' * 100}=1 {T0}", "at most 256"), (f"m,__name__=x f=1 {T0}", "__name__"),
                            (f"m f=1 {10**18}", "years 1 to 9999")):
            self.assertIn(words, self.write("/write?precision=ms", line, 400).json()["error"])

    def test_parameters_and_limits_are_refused_in_the_protocols_form(self):
        self.assertIn("precision", self.write("/write?precision=days", "m f=1", 400).json()["error"])
        told = self.write("/api/v2/write?precision=days", "m f=1", 400).json()
        self.assertEqual((told["code"], "line" in told), ("invalid", False))
        self.assertIn("unknown query parameter", self.write("/write?what=1", "m f=1", 400).json()["error"])
        self.assertEqual(self.write("/api/v2/write", bytes(17 << 20), 413).json()["code"], "request too large")
        self.assertIn("gzip", self.write("/write", b"x", 400, headers={"Content-Encoding": "gzip"}).json()["error"])
        self.assertEqual(self.write("/api/v2/write", b"x", 415, headers={"Content-Encoding": "br"}).json()["code"],
                         "unsupported media type")

    def test_clients_find_what_they_ask_for_before_they_write(self):
        for method in ("GET", "HEAD"):
            answer = self.client.request(method, "/ping")
            self.assertEqual(answer.status, 204)
            self.assertRegex(answer.headers["x-influxdb-version"], r"^1\.8-tstrm-")
        done = {"results": [{"statement_id": 0}]}
        for path, form in (("/query?q=CREATE+DATABASE+%22x%22&db=x", None), ("/query?q=create%20database%20x", None),
                           ("/query", "q=CREATE+DATABASE+%22x%22")):
            self.assertEqual(self.ok(self.client.post(path, form, type="application/x-www-form-urlencoded")).json(), done)
        for answer in (self.client.get("/query?q=SHOW+DATABASES"), self.client.post("/query?q=DROP+DATABASE+x"),
                       self.client.post("/query"), self.client.get("/query?q=CREATE+DATABASE+x")):
            self.assertEqual((answer.status, answer.type), (400, "application/json"), answer)
            self.assertIn("CREATE DATABASE", answer.json()["error"])


class Overload(Agents):
    arguments = ("--body-bytes-max", "1MiB", "--inflight-bytes-max", "1MiB")

    def test_what_is_too_much_at_a_time_is_to_be_sent_again(self):
        """A message and what it unfolds to are more than all requests may hold."""
        message = snappy(message_1(([("__name__", "big")], [(T0 + i, i) for i in range(40_000)])))
        answer = self.client.post("/api/v1/write", message, headers=HEADERS_1)
        self.assertEqual((answer.status, answer.type), (429, "text/plain"), answer)
        self.assertGreater(int(answer.headers["retry-after"]), 0)
        self.assertNotIn("big", self.series())
        self.ok(self.client.post("/api/v1/write", snappy(b""), headers=HEADERS_1), 204)


if __name__ == "__main__":
    main()
