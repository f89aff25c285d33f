"""Series: creating, changing, listing, deleting, and every character that an id may have."""
import csv
import io
import json
import re
from urllib.parse import quote

from case import Case, body, daily_wave, main


class Settings(Case):
    def test_a_put_creates_a_series_with_its_settings(self):
        asked = {"frequency": "1h", "season": [24, 168], "horizon": 36, "min": 0, "max": 500.5,
                 "integer": True, "fit": "off", "labels": {"site": "a", "unit": "°C"}}
        answer = self.ok(self.client.put("/v1/series/full", asked), 201)
        self.assertEqual(answer.type, "application/json")
        for shown in (answer.json(), self.ok(self.client.get("/v1/series/full")).json()):
            for name, value in asked.items():
                self.assertEqual(shown[name], value, name)
            self.assertEqual((shown["id"], shown["points"], shown["model_version"]), ("full", 0, 0))
            self.assertIn("3 more", shown["state"])

    def test_a_second_put_changes_only_what_it_names(self):
        self.ok(self.client.put("/v1/series/changed", {"season": [24], "min": 0, "labels": {"a": "b"}}), 201)
        shown = self.ok(self.client.put("/v1/series/changed", {"max": 9}), 200).json()
        self.assertEqual((shown["season"], shown["min"], shown["max"], shown["labels"]),
                         ([24], 0, 9, {"a": "b"}))

    def test_a_bound_can_be_taken_away(self):
        self.ok(self.client.put("/v1/series/unbounded", {"min": 0}), 201)
        shown = self.ok(self.client.put("/v1/series/unbounded", {"min": None})).json()
        self.assertIsNone(shown["min"])

    def test_a_put_of_the_same_changes_nothing(self):
        first = self.ok(self.client.put("/v1/series/same", {"season": [7]}), 201).json()
        second = self.ok(self.client.put("/v1/series/same", {"season": [7]}), 200).json()
        self.assertEqual(first["created_at"], second["created_at"])
        self.assertEqual(first["revision"], second["revision"])

    def test_bounds_hold_for_median_and_every_quantile(self):
        self.has_series("low", [5, 1, 0, 1] * 20, season=[4], min=0, max=4, integer=True)
        seen = self.ok(self.client.get("/v1/series/low/forecast?horizon=12")).json()
        for row in [seen["median"], *seen["quantiles"].values()]:
            for value in row:
                self.assertTrue(0 <= value <= 4 and value == int(value), value)

    def test_times_come_as_text_where_asked(self):
        self.ok(self.client.post("/v1/series/texts/points", body([1, 2, 3])), 201)
        shown = self.ok(self.client.get("/v1/series/texts?time=rfc3339")).json()
        self.assertEqual(shown["last_point"][0], "2026-11-23T02:00:00Z")
        self.assertRegex(shown["created_at"], r"^20\d\d-.*Z$")

    def test_a_frequency_is_inferred_from_the_timestamps(self):
        self.ok(self.client.post("/v1/series/weeks/points", body([1, 2, 3, 4], step=7 * 86_400_000)), 201)
        self.assertEqual(self.ok(self.client.get("/v1/series/weeks")).json()["frequency"], "1w")

    def test_months_of_different_length_are_a_grid(self):
        lines = "".join(f"2025-{month:02}-01,{month}\n" for month in range(1, 13))
        self.ok(self.client.post("/v1/series/months/points", lines, type="text/csv"), 201)
        seen = self.ok(self.client.get("/v1/series/months/forecast?horizon=3&time=rfc3339")).json()
        self.assertEqual(seen["frequency"], "1mo")
        self.assertEqual(seen["timestamps"],
                         ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"])

    def test_memory_of_an_idle_series_stays_under_100_kb(self):
        self.has_series("memory", daily_wave(1000), season=[24])
        self.ok(self.client.post("/v1/series/memory/fit", headers={"Prefer": "wait=120"}))
        shown = self.ok(self.client.get("/v1/series/memory")).json()
        self.assertGreater(shown["memory_bytes"], 8000)
        self.assertLess(shown["memory_bytes"], 100_000)

    def test_a_deleted_series_is_gone_with_its_points(self):
        self.has_series("gone", [1, 2, 3])
        self.assertEqual(self.ok(self.client.delete("/v1/series/gone"), 204).body, b"")
        self.assertProblem(self.client.get("/v1/series/gone"), 404)
        self.assertProblem(self.client.get("/v1/series/gone/points"), 404)
        self.ok(self.client.put("/v1/series/gone", {}), 201)
        self.assertEqual(self.ok(self.client.get("/v1/series/gone/points")).json()["points"], [])


class Lists(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        client = cls.daemon.client()
        for i in range(25):
            client.put(f"/v1/series/list.{i:02}", {"labels": {"parity": "even" if i % 2 == 0 else "odd",
                                                              "third": str(i % 3)}})
        client.put("/v1/series/other", {})
        client.close()

    def ids(self, query=""):
        return [entry["id"] for entry in self.ok(self.client.get("/v1/series" + query)).json()["series"]]

    def test_all_are_listed_in_order(self):
        self.assertEqual(self.ids(), [f"list.{i:02}" for i in range(25)] + ["other"])

    def test_a_prefix_filters(self):
        self.assertEqual(self.ids("?prefix=list.1"), [f"list.{i}" for i in range(10, 20)])

    def test_labels_filter_and_all_must_match(self):
        self.assertEqual(self.ids("?label=parity%3Deven&label=third%3D0"),
                         [f"list.{i:02}" for i in range(0, 25, 6)])

    def csv(self, path, **headers):
        answer = self.ok(self.client.get(path, headers=headers))
        self.assertEqual(answer.headers["content-type"], "text/csv; charset=utf-8; header=present")
        return answer, list(csv.DictReader(io.StringIO(answer.body.decode())))

    def test_the_list_comes_as_csv(self):
        listed = {s["id"]: s for s in self.ok(self.client.get("/v1/series?limit=1000")).json()["series"]}
        for answer, rows in (self.csv("/v1/series?limit=1000&format=csv"),
                             self.csv("/v1/series?limit=1000", Accept="text/csv")):
            self.assertEqual([row["id"] for row in rows], list(listed))
            self.assertNotIn("link", answer.headers)
            for row in rows:
                shown = listed[row["id"]]
                self.assertEqual(json.loads(row["labels"]), shown["labels"])
                self.assertEqual((row["state"], int(row["points"]), int(row["created_at"])),
                                 (shown["state"], shown["points"], shown["created_at"]))

    def test_pages_of_csv_are_linked(self):
        path, seen, pages = "/v1/series?format=csv&limit=7&cursor=", [], 0
        while path:
            answer, rows = self.csv(path)
            self.assertLessEqual(len(rows), 7)
            seen += [row["id"] for row in rows]
            link = re.fullmatch(r'<(/v1/series\?format=csv&limit=7&cursor=[^&>]+)>; rel="next"',
                                answer.headers.get("link", ""))
            path, pages = link and link.group(1), pages + 1
        everything = self.ok(self.client.get("/v1/series?limit=1000")).json()["series"]
        self.assertEqual(seen, [s["id"] for s in everything])
        self.assertGreater(pages, 1)

    def test_pages_cover_everything_once(self):
        seen, cursor = [], ""
        while True:
            page = self.ok(self.client.get("/v1/series?limit=7" + cursor)).json()
            self.assertLessEqual(len(page["series"]), 7)
            seen += [entry["id"] for entry in page["series"]]
            if page["next"] is None:
                break
            cursor = "&cursor=" + quote(page["next"], safe="")
        self.assertEqual(seen, [f"list.{i:02}" for i in range(25)] + ["other"])


class Ids(Case):
    def round_trip(self, series):
        """Creates, writes, reads, lists and deletes by the encoded id."""
        path = "/v1/series/" + quote(series, safe="")
        self.assertEqual(self.ok(self.client.put(path, {}), 201).json()["id"], series)
        self.ok(self.client.post(path + "/points", body([1, 2, 3, 4])))
        self.assertEqual(self.ok(self.client.get(path + "/forecast?horizon=1")).json()["series"], series)
        listed = self.ok(self.client.get("/v1/series?prefix=" + quote(series, safe=""))).json()["series"]
        self.assertEqual([entry["id"] for entry in listed], [series])
        self.ok(self.client.delete(path), 204)
        self.assertProblem(self.client.get(path), 404)

    def test_every_legal_ascii_character_is_taken(self):
        for code in range(0x20, 0x7f):
            with self.subTest(code=hex(code)):
                self.round_trip(f"a{chr(code)}b")

    def test_every_printable_character_may_stand_in_one_id(self):
        self.round_trip("".join(chr(code) for code in range(0x20, 0x7f)))

    def test_letters_of_other_scripts_are_taken(self):
        for series in ("größe", "температура", "気温", "حرارة", "🌡", "e\u0301", "a\u00a0b"):
            with self.subTest(series=series):
                self.round_trip(series)

    def test_ids_that_look_like_paths_are_only_ids(self):
        for series in ("../../etc/passwd", "a/points", "..a", "a/../b", "%2e%2e", "a?b=c#d", "..."):
            with self.subTest(series=series):
                self.round_trip(series)

    def test_the_longest_id_is_taken(self):
        self.round_trip("x" * 200)
        self.round_trip("é" * 100)

    def test_an_id_one_byte_too_long_is_refused(self):
        for series in ("x" * 201, "é" * 100 + "x"):
            self.assertProblem(self.client.put("/v1/series/" + quote(series), {}), 400)

    def test_control_characters_are_refused(self):
        for code in [*range(0x00, 0x20), 0x7f, *range(0x80, 0xa0)]:
            with self.subTest(code=hex(code)):
                self.assertProblem(self.client.put("/v1/series/a" + quote(chr(code)) + "b", {}), 400)
        self.assertEqual(self.ok(self.client.get("/v1/series?prefix=a")).json()["series"], [])

    def test_bytes_that_are_no_utf8_are_refused(self):
        for text in ("%ff", "a%c3", "%c0%af", "%ed%a0%80", "%f4%90%80%80"):
            with self.subTest(text=text):
                self.assertProblem(self.client.put("/v1/series/" + text, {}), 400)

    def test_a_dot_and_two_dots_are_refused(self):
        for text in ("%2e", "%2e%2e"):
            with self.subTest(text=text):
                self.assertProblem(self.client.put("/v1/series/" + text, {}), 400)

    def test_a_percent_sign_without_two_digits_is_refused(self):
        for text in ("a%", "a%4", "a%zz"):
            with self.subTest(text=text):
                self.assertProblem(self.client.put("/v1/series/" + text, {}), 400)

    def test_an_empty_id_is_refused(self):
        self.assertIn(self.client.put("/v1/series/", {}).status, (400, 404, 405))


if __name__ == "__main__":
    main()
