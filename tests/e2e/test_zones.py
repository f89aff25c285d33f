"""Time zones, against what Python's zoneinfo says: local days, weeks and months in, local days and months out."""
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from case import Case, main



def instant(day, zone, at=time()):
    """The UTC milliseconds of a local date, at midnight where nothing else is said."""
    return int(datetime.combine(day, at, ZoneInfo(zone)).timestamp()) * 1000


def days(first, n, step=1):
    return [first + timedelta(days=i * step) for i in range(n)]


def months(first, n):
    return [date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, first.day)
            for i in range(n)]


def points(dates, zone, at=time()):
    return {"points": [[instant(day, zone, at), i % 7 + day.day / 31] for i, day in enumerate(dates)]}


class Zones(Case):
    def forecast_times(self, name, horizon):
        return self.ok(self.client.get(f"/v1/series/{name}/forecast?horizon={horizon}")).json()["timestamps"]

    def accepts(self, name, dates, zone, at=time(), **settings):
        self.ok(self.client.put(f"/v1/series/{name}", {"timezone": zone, "fit": "off", **settings}), 201)
        answer = self.ok(self.client.post(f"/v1/series/{name}/points", points(dates, zone, at))).json()
        self.assertEqual(answer["accepted"], len(dates))

    def test_a_year_of_days_in_berlin_goes_on_at_local_midnights_over_october(self):
        zone, known = "Europe/Berlin", days(date(2025, 10, 20), 366)
        self.accepts("berlin", known, zone, frequency="1d")
        ahead = days(known[-1] + timedelta(days=1), 30)
        self.assertEqual(self.forecast_times("berlin", 30), [instant(day, zone) for day in ahead])
        gaps = {b - a for a, b in zip(self.forecast_times("berlin", 30), self.forecast_times("berlin", 30)[1:])}
        self.assertEqual(gaps, {24 * 3_600_000, 25 * 3_600_000})

    def test_months_in_new_york_begin_at_local_midnight(self):
        zone, known = "America/New_York", months(date(2023, 1, 1), 40)
        self.accepts("new.york", known, zone, frequency="1mo")
        ahead = months(date(2026, 5, 1), 18)
        self.assertEqual(self.forecast_times("new.york", 18), [instant(day, zone) for day in ahead])

    def test_a_frequency_is_inferred_in_the_time_zone(self):
        for name, zone, dates, frequency in (
                ("days", "Europe/Berlin", days(date(2026, 3, 27), 10), "1d"),
                ("weeks", "America/New_York", days(date(2026, 10, 5), 9, 7), "1w"),
                ("months", "Australia/Lord_Howe", months(date(2026, 1, 1), 12), "1mo"),
                ("quarters", "Europe/Berlin", months(date(2024, 1, 1), 12)[::3], "1q"),
                ("years", "America/Sao_Paulo", [date(year, 7, 1) for year in range(2000, 2010)], "1y")):
            with self.subTest(name):
                self.accepts(f"inferred.{name}", dates, zone)
                shown = self.ok(self.client.get(f"/v1/series/inferred.{name}")).json()
                self.assertEqual((shown["frequency"], shown["timezone"]), (frequency, zone))

    def test_years_of_days_are_accepted_in_zones_with_odd_clocks(self):
        for zone in ("America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Asia/Gaza",
                     "America/Havana", "Europe/Dublin", "America/Nuuk", "Asia/Tehran", "Antarctica/Troll"):
            with self.subTest(zone):
                self.accepts(zone.replace("/", "."), days(date(2010, 1, 1), 4000), zone, frequency="1d")

    def test_samoa_has_no_30_december_2011(self):
        zone = "Pacific/Apia"
        dates = [day for day in days(date(2011, 12, 1), 60) if day != date(2011, 12, 30)]
        self.accepts("apia", dates, zone, frequency="1d")
        stored = self.ok(self.client.get("/v1/series/apia/points?limit=100")).json()["points"]
        self.assertEqual(len(stored), 59)

    def test_a_day_of_utc_is_refused_and_the_local_ones_beside_it_are_named(self):
        self.accepts("named", days(date(2026, 3, 27), 3), "Europe/Berlin", frequency="1d")
        answer = self.client.post("/v1/series/named/points", {"points": [["2026-03-30T00:00:00Z", 1]]})
        problem = self.assertProblem(answer, 422)
        self.assertIn("2026-03-29T22:00:00Z and 2026-03-30T22:00:00Z", problem["detail"])
        self.assertIn("time zone", problem["detail"])

    def test_a_zone_is_kept_once_days_are_stored_and_free_before(self):
        self.ok(self.client.put("/v1/series/kept", {"frequency": "1d", "timezone": "Asia/Tokyo"}), 201)
        self.ok(self.client.put("/v1/series/kept", {"timezone": "Europe/Berlin"}))
        self.ok(self.client.post("/v1/series/kept/points", points(days(date(2026, 1, 1), 5), "Europe/Berlin")))
        self.ok(self.client.put("/v1/series/kept", {"timezone": "Europe/Berlin", "min": 0}))
        problem = self.assertProblem(self.client.put("/v1/series/kept", {"timezone": None}), 409)
        self.assertEqual(problem["errors"][0]["pointer"], "/timezone")
        self.assertEqual(self.ok(self.client.get("/v1/series/kept")).json()["timezone"], "Europe/Berlin")

    def test_utc_is_shown_where_no_zone_was_named(self):
        for name, sent in (("none", {}), ("null", {"timezone": None}), ("utc", {"timezone": "UTC"}),
                           ("empty", {"timezone": ""})):
            shown = self.ok(self.client.put(f"/v1/series/utc.{name}", sent), 201).json()
            self.assertEqual(shown["timezone"], "UTC")

    def test_what_is_no_zone_is_refused(self):
        for name in ("Europe/Atlantis", "../../etc/passwd", "/etc/localtime", "zone.tab", "right/Europe/Berlin",
                     "Europe", "x" * 64, 5):
            with self.subTest(name):
                problem = self.assertProblem(self.client.put("/v1/series/refused", {"timezone": name}), 422)
                self.assertEqual(problem["errors"][0]["pointer"], "/timezone")
                body = {"series": [{"values": [1, 2, 3], "timezone": name}]}
                problem = self.assertProblem(self.client.post("/v1/forecast", body), 422)
                self.assertEqual(problem["errors"][0]["pointer"], "/series/0/timezone")
        self.assertProblem(self.client.get("/v1/series/refused"), 404)

    def test_stateless_requests_have_zones_too(self):
        zone, known = "Europe/Berlin", days(date(2026, 9, 1), 50)
        by_points = {"timezone": zone, **points(known, zone)}
        by_start = {"timezone": zone, "frequency": "1d", "start": instant(known[0], zone),
                    "values": [value for _, value in by_points["points"]]}
        answer = self.ok(self.client.post("/v1/forecast", {"horizon": 10, "series": [by_points, by_start]})).json()
        ahead = [instant(day, zone) for day in days(known[-1] + timedelta(days=1), 10)]
        for forecast in answer["forecasts"]:
            self.assertEqual((forecast["frequency"], forecast["timestamps"]), ("1d", ahead))
        self.assertEqual(answer["forecasts"][0]["median"], answer["forecasts"][1]["median"])

    def test_aggregated_days_begin_at_local_midnight(self):
        zone = "Europe/Berlin"
        self.ok(self.client.put("/v1/series/sums", {"frequency": "1d", "timezone": zone, "aggregate": "sum"}), 201)
        begin, end = instant(date(2026, 10, 20), zone), instant(date(2026, 10, 29), zone)
        hourly = [[t, 1] for t in range(begin, end + 1, 3_600_000)]
        self.ok(self.client.post("/v1/series/sums/points", {"points": hourly}))
        seen = self.ok(self.client.get("/v1/series/sums/forecast?horizon=2")).json()
        self.assertEqual(seen["issued_at"], instant(date(2026, 10, 28), zone))
        self.assertEqual(seen["timestamps"], [instant(date(2026, 10, day), zone) for day in (29, 30)])


class Restart(Case):
    def test_days_go_on_after_a_restart(self):
        zone, known = "America/New_York", days(date(2026, 9, 1), 60)
        self.ok(self.client.put("/v1/series/kept", {"timezone": zone, "frequency": "1d"}), 201)
        self.ok(self.client.post("/v1/series/kept/points", points(known, zone)))
        self.client.close()
        self.daemon.stop()
        type(self).daemon = self.new_daemon().start()
        client = self.daemon.client()
        self.addCleanup(client.close)
        self.assertEqual(client.get("/v1/series/kept").json()["timezone"], zone)
        seen = client.get("/v1/series/kept/forecast?horizon=5").json()
        self.assertEqual(seen["timestamps"], [instant(day, zone) for day in days(date(2026, 10, 31), 5)])


class WithoutZones(Case):
    environment = {"TZDIR": "/nowhere"}

    def test_the_package_that_is_missing_is_named(self):
        problem = self.assertProblem(self.client.put("/v1/series/a", {"timezone": "Europe/Berlin"}), 422)
        self.assertIn("tzdata", problem["detail"])
        self.ok(self.client.put("/v1/series/a", {"timezone": "UTC"}), 201)


if __name__ == "__main__":
    main()
