"""Fits: asked for, waited for, cancelled, listed."""
import time

from case import HOUR, T0, Case, body, daily_wave, main


class Fits(Case):
    arguments = ("--workers", "1")

    def fit(self, series, prefer=None, content=None):
        headers = {"Prefer": prefer} if prefer else {}
        return self.client.post(f"/v1/series/{series}/fit", content, headers=headers)

    def end_of(self, job, seconds=120):
        """The job once it has ended, asked for until then."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            seen = self.ok(self.client.get(f"/v1/jobs/{job}")).json()
            if seen["state"] not in ("pending", "running"):
                return seen
            time.sleep(0.02)
        self.fail(f"job {job} did not end: {seen}")

    def test_a_fit_is_a_job_that_ends(self):
        self.has_series("plain", daily_wave(240), season=[24], fit="off")
        answer = self.ok(self.fit("plain"), 202)
        job = answer.json()
        self.assertEqual(answer.headers["location"], "/v1/jobs/" + job["id"])
        self.assertRegex(job["id"], "^[0-9a-f]{16}$")
        self.assertEqual((job["kind"], job["series"], job["error"]), ("fit", "plain", None))
        self.assertIn(job["state"], ("pending", "running"))
        ended = self.end_of(job["id"])
        self.assertEqual((ended["state"], ended["progress"]), ("succeeded", 1))
        self.assertIsInstance(ended["result"], dict)
        self.assertLessEqual(ended["created_at"], ended["started_at"])
        self.assertLessEqual(ended["started_at"], ended["finished_at"])

    def test_a_fit_that_is_waited_for_is_answered_with_its_end(self):
        self.has_series("waited", daily_wave(240), season=[24], fit="off")
        job = self.ok(self.fit("waited", "wait=120"), 200).json()
        self.assertEqual(job["state"], "succeeded")
        shown = self.ok(self.client.get("/v1/series/waited")).json()
        self.assertEqual((shown["state"], shown["model_version"]), ("ready", 1))
        self.assertGreater(shown["skill"]["n"], 0)
        forecast = self.ok(self.client.get("/v1/series/waited/forecast")).json()
        self.assertEqual(forecast["model"]["version"], 1)
        self.assertEqual(forecast["skill"]["measured_on"], "backtest")

    def test_a_wait_that_is_too_short_is_answered_with_the_job(self):
        self.has_series("hurried", daily_wave(2000), season=[24], fit="off")
        answer = self.ok(self.fit("hurried", "wait=0"), 202)
        self.assertEqual(self.end_of(answer.json()["id"])["state"], "succeeded")

    def test_a_second_fit_continues_from_the_first(self):
        self.has_series("twice", daily_wave(300), season=[24], fit="off")
        self.ok(self.fit("twice", "wait=120"))
        self.ok(self.client.post("/v1/series/twice/points", body(daily_wave(324)[300:], T0 + 300 * HOUR)))
        self.ok(self.fit("twice", "wait=120", {"mode": "incremental"}))
        self.ok(self.fit("twice", "wait=120", {"mode": "full"}))
        self.assertEqual(self.ok(self.client.get("/v1/series/twice")).json()["model_version"], 3)

    def test_two_fits_at_once_are_one_job(self):
        self.has_series("busy", daily_wave(2000), season=[24], fit="off")
        self.has_series("once", daily_wave(240), season=[24], fit="off")
        ahead = self.ok(self.fit("busy"), 202).json()
        first = self.ok(self.fit("once"), 202).json()
        second = self.ok(self.fit("once"), 200, 202).json()
        if first["state"] == "pending" and second["state"] == "pending":
            self.assertEqual(first["id"], second["id"])
        for job in (ahead, first, second):
            self.assertEqual(self.end_of(job["id"])["state"], "succeeded")

    def test_a_waiting_job_can_be_cancelled(self):
        self.has_series("long", daily_wave(2000), season=[24], fit="off")
        self.has_series("waiting", daily_wave(240), season=[24], fit="off")
        ahead = self.ok(self.fit("long"), 202).json()["id"]
        job = self.ok(self.fit("waiting"), 202).json()["id"]
        answer = self.client.delete(f"/v1/jobs/{job}")
        if answer.status == 409:
            self.skipTest("the machine fitted faster than the test could cancel")
        self.assertEqual(self.ok(answer).json()["state"], "cancelled")
        self.assertEqual(self.end_of(job)["state"], "cancelled")
        self.assertEqual(self.end_of(ahead)["state"], "succeeded")
        self.assertEqual(self.ok(self.client.get("/v1/series/waiting")).json()["model_version"], 0)

    def test_a_running_job_can_be_cancelled(self):
        self.has_series("running", daily_wave(2000), season=[24], fit="off")
        job = self.ok(self.fit("running"), 202).json()["id"]
        answer = self.client.delete(f"/v1/jobs/{job}")
        if answer.status == 409:
            self.skipTest("the machine fitted faster than the test could cancel")
        self.ok(answer)
        self.assertEqual(self.end_of(job)["state"], "cancelled")

    def test_an_ended_job_cannot_be_cancelled(self):
        self.has_series("ended", daily_wave(100), season=[24], fit="off")
        job = self.ok(self.fit("ended", "wait=120")).json()["id"]
        self.assertProblem(self.client.delete(f"/v1/jobs/{job}"), 409)

    def test_jobs_are_listed_newest_first_and_filtered(self):
        self.has_series("listed", daily_wave(100), season=[24], fit="off")
        made = [self.ok(self.fit("listed", "wait=120")).json()["id"] for _ in range(3)]
        seen = self.ok(self.client.get("/v1/jobs?series=listed&state=succeeded")).json()
        self.assertEqual([job["id"] for job in seen["jobs"]], made[::-1])
        self.assertIsNone(seen["next"])
        first = self.ok(self.client.get("/v1/jobs?series=listed&limit=2")).json()
        rest = self.ok(self.client.get(f"/v1/jobs?series=listed&limit=2&cursor={first['next']}")).json()
        self.assertEqual([job["id"] for job in first["jobs"] + rest["jobs"]], made[::-1])
        self.assertEqual(self.ok(self.client.get("/v1/jobs?series=listed&state=failed")).json()["jobs"], [])

    def test_the_list_comes_as_csv(self):
        self.has_series("shown.as.csv", daily_wave(100), fit="off")
        job = self.fit("shown.as.csv", "wait=60").json()
        answer = self.ok(self.client.get("/v1/jobs?series=shown.as.csv&format=csv"))
        head, line = answer.body.decode().splitlines()
        row = dict(zip(head.split(","), line.split(",")))
        self.assertEqual((row["id"], row["kind"], row["series"], row["state"], row["error"]),
                         (job["id"], "fit", "shown.as.csv", "succeeded", ""))
        self.assertEqual([int(row[name]) for name in ("created_at", "finished_at")],
                         [job["created_at"], job["finished_at"]])

    def test_a_series_deleted_while_it_is_fitted_stays_deleted(self):
        self.has_series("doomed", daily_wave(2000), season=[24], fit="off")
        job = self.ok(self.fit("doomed"), 202).json()["id"]
        self.ok(self.client.delete("/v1/series/doomed"), 204)
        self.assertProblem(self.client.get("/v1/series/doomed"), 404)
        self.assertIn(self.client.get(f"/v1/jobs/{job}").status, (200, 404))
        self.has_series("doomed", daily_wave(50), season=[24], fit="off")
        self.assertEqual(self.ok(self.client.get("/v1/series/doomed")).json()["model_version"], 0)

    def test_the_daemon_fits_by_itself_once_there_is_enough(self):
        self.ok(self.client.put("/v1/series/auto", {"frequency": "1h", "season": [24]}), 201)
        self.ok(self.client.post("/v1/series/auto/points", body(daily_wave(240))))
        jobs = self.ok(self.client.get("/v1/jobs?series=auto")).json()["jobs"]
        self.assertEqual(len(jobs), 1)
        self.assertEqual(self.end_of(jobs[0]["id"])["state"], "succeeded")
        self.assertEqual(self.ok(self.client.get("/v1/series/auto")).json()["model_version"], 1)


if __name__ == "__main__":
    main()
