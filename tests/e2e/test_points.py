"""Points: three forms in, three forms out, and writes that may be repeated."""
import json
from urllib.parse import quote

from case import HOUR, T0, Case, body, daily_wave, main, pairs


class Writing(Case):
    def post(self, series, content, status=200, **more):
        return self.ok(self.client.post(f"/v1/series/{series}/points", content, **more), status).json()

    def stored(self, series, query=""):
        return self.ok(self.client.get(f"/v1/series/{series}/points{query}")).json()["points"]

    def test_both_json_forms_and_both_forms_of_time_mean_the_same(self):
        self.post("a", {"points": [[T0, 1.5], ["2026-11-23T01:00:00Z", None]]}, 201)
        self.post("b", {"timestamps": [T0, "2026-11-23T02:00:00+01:00"], "values": [1.5, None]}, 201)
        self.assertEqual(self.stored("a"), [[T0, 1.5], [T0 + HOUR, None]])
        self.assertEqual(self.stored("b"), self.stored("a"))

    def test_csv_with_and_without_a_header_means_the_same(self):
        lines = "2026-11-23T00:00:00Z,1\n2026-11-23T01:00:00Z,\n1795399200000,3e0\n"
        self.post("c", "timestamp,value\n" + lines, 201, type="text/csv")
        self.post("d", lines, 201, type="text/csv; charset=utf-8")
        self.post("e", lines.replace("\n", "\r\n").rstrip(), 201, type="text/csv")
        self.assertEqual(self.stored("c"), [[T0, 1], [T0 + HOUR, None], [T0 + 2 * HOUR, 3]])
        self.assertEqual(self.stored("d"), self.stored("c"))
        self.assertEqual(self.stored("e"), self.stored("c"))

    def test_ndjson_takes_pairs_and_objects(self):
        lines = f'[{T0},1]\n{{"timestamp":"2026-11-23T01:00:00Z","value":null}}\n{{"t":{T0 + 2 * HOUR},"v":3}}\n'
        self.post("f", lines, 201, type="application/x-ndjson")
        self.assertEqual(self.stored("f"), [[T0, 1], [T0 + HOUR, None], [T0 + 2 * HOUR, 3]])

    def test_a_chunked_body_is_taken(self):
        text = json.dumps(body([1, 2, 3])).encode()
        pieces = [text[:7], text[7:8], text[8:]]
        with self.daemon.socket() as peer:
            peer.sendall(b"POST /v1/series/g/points HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                         b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in pieces:
                peer.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            peer.sendall(b"0\r\n\r\n")
            answer = peer.makefile("rb").read()
        self.assertIn(b" 201 ", answer.split(b"\r\n")[0])
        self.assertEqual(self.stored("g"), pairs([1, 2, 3]))

    def test_a_client_that_asks_before_it_sends_is_told_to_go_on(self):
        text = json.dumps(body([1, 2, 3])).encode()
        with self.daemon.socket() as peer:
            peer.sendall(b"POST /v1/series/h/points HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                         b"Expect: 100-continue\r\nContent-Type: application/json\r\n"
                         b"Content-Length: " + str(len(text)).encode() + b"\r\n\r\n")
            reader = peer.makefile("rb")
            self.assertIn(b" 100 ", reader.readline())
            peer.sendall(text)
            self.assertIn(b" 201 ", reader.read())

    def test_writing_again_changes_nothing(self):
        first = self.post("again", body([1, 2, None]), 201)
        second = self.post("again", body([1, 2, None]))
        self.assertEqual((first["accepted"], first["updated"], first["unchanged"]), (3, 0, 0))
        self.assertEqual((second["accepted"], second["updated"], second["unchanged"]), (3, 0, 3))
        self.assertEqual(first["revision"], second["revision"])

    def test_another_value_replaces_the_one_before(self):
        first = self.post("replaced", body([1, 2, 3]), 201)
        second = self.post("replaced", body([1, 5, None, 4]))
        self.assertEqual((second["accepted"], second["updated"], second["unchanged"]), (4, 2, 1))
        self.assertGreater(second["revision"], first["revision"])
        self.assertEqual(self.stored("replaced"), pairs([1, 5, None, 4]))

    def test_points_before_the_first_and_in_gaps_are_taken(self):
        self.post("gaps", {"points": [[T0 + 4 * HOUR, 5], [T0 + 5 * HOUR, 6], [T0 + 8 * HOUR, 9]]}, 201)
        self.post("gaps", {"points": [[T0, 1], [T0 + 6 * HOUR, 7]]})
        times = [(t - T0) // HOUR for t, _ in self.stored("gaps")]
        self.assertEqual(times, [0, 4, 5, 6, 8])

    def test_values_come_back_exactly(self):
        values = [0.1, 1 / 3, -2.5e-308, 1.7976931348623157e299, 123456789.123456789, -0.0, 1e300]
        self.post("exact", body(values), 201)
        self.assertEqual([v for _, v in self.stored("exact")], values)

    def test_many_points_in_one_body_are_taken(self):
        values = daily_wave(20_000)
        self.assertEqual(self.post("many", body(values), 201)["accepted"], 20_000)
        self.assertEqual(self.stored("many", "?limit=20000"), pairs(values))


class Reading(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        client = cls.daemon.client()
        cls.values = [1, 2.5, None, 4, 5]
        client.post("/v1/series/r/points", body(cls.values))
        client.close()

    def get(self, query="", **headers):
        return self.ok(self.client.get("/v1/series/r/points" + query, headers=headers))

    def test_all_points_come_oldest_first(self):
        seen = self.get().json()
        self.assertEqual((seen["series"], seen["points"]), ("r", pairs(self.values)))

    def test_start_is_included_and_end_is_not(self):
        seen = self.get(f"?start={T0 + HOUR}&end=2026-11-23T03:00:00Z").json()["points"]
        self.assertEqual(seen, pairs([2.5, None], T0 + HOUR))

    def test_an_offset_in_a_parameter_is_understood(self):
        seen = self.get("?start=" + quote("2026-11-23T05:00:00+01:00")).json()["points"]
        self.assertEqual(seen, pairs([5], T0 + 4 * HOUR))

    def test_pages_cover_everything_once(self):
        seen, start = [], ""
        for _ in range(10):
            page = self.get("?limit=2" + start).json()
            seen += page["points"]
            if page["next"] is None:
                break
            start = f"&start={page['next']}"
        self.assertEqual(seen, pairs(self.values))

    def test_an_empty_range_is_an_empty_list(self):
        self.assertEqual(self.get("?start=2030-01-01").json()["points"], [])

    def test_times_come_as_text_where_asked(self):
        self.assertEqual(self.get("?time=rfc3339&limit=1").json()["points"], [["2026-11-23T00:00:00Z", 1]])

    def test_csv_comes_where_preferred_and_can_be_sent_back(self):
        seen = self.get("?time=rfc3339", Accept="text/csv")
        self.assertEqual(seen.type, "text/csv")
        lines = seen.body.decode().splitlines()
        self.assertEqual(lines[:3], ["timestamp,value", "2026-11-23T00:00:00Z,1", "2026-11-23T01:00:00Z,2.5"])
        self.assertEqual(lines[3], "2026-11-23T02:00:00Z,")
        answer = self.ok(self.client.post("/v1/series/r/points", seen.body, type="text/csv")).json()
        self.assertEqual(answer["unchanged"], 5)

    def test_ndjson_comes_where_preferred_and_can_be_sent_back(self):
        seen = self.get(Accept="application/x-ndjson")
        self.assertEqual(seen.type, "application/x-ndjson")
        self.assertEqual([json.loads(line) for line in seen.body.splitlines()], pairs(self.values))
        answer = self.ok(self.client.post("/v1/series/r/points", seen.body, type="application/x-ndjson"))
        self.assertEqual(answer.json()["unchanged"], 5)


if __name__ == "__main__":
    main()
