"""One client floods the only worker; others, from addresses of their own, are served all the same. What is
asserted is who was begun before whom, and who was refused; never how long anything took."""
import http.client
import time

from case import HOUR, T0, Case, body, daily_wave, main
from tstrmd import Client

FLOOD, LONE = "127.0.0.1", "127.0.0.2"
SERIES = 240


def client_at(port, address, timeout=60):
    client = Client(port, timeout)
    client.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout, source_address=(address, 0))
    return client


class Flooded(Case):
    queue = 1000

    @classmethod
    def setUpClass(cls):
        cls.arguments = ("--workers", "1", "--jobs-queue-max", str(cls.queue), "--record-percent", "0",
                         "--fleet", "off")
        super().setUpClass()
        client = cls.daemon.client()
        cls.lines = [{"id": f"flood.{i}", "points": [[T0 + t * HOUR, v] for t, v in enumerate(daily_wave(200, i))]}
                     for i in range(SERIES)]
        for line in cls.lines:
            client.put(f"/v1/series/{line['id']}", {"frequency": "1h", "season": [24], "fit": "off"})
        for at in range(0, SERIES, 60):
            answer = client.post("/v1/points", {"series": cls.lines[at:at + 60]})
            assert answer.status == 200, answer
        client.close()

    def setUp(self):
        super().setUp()
        self.flood, self.lone = (client_at(self.daemon.port, address) for address in (FLOOD, LONE))
        self.addCleanup(self.flood.close)
        self.addCleanup(self.lone.close)
        self.addCleanup(self.until_idle)

    def jobs(self, states):
        """How many jobs are in these states, by the daemon's own count."""
        text = self.client.get("/metrics").body.decode()
        return sum(int(float(line.split()[-1])) for line in text.splitlines()
                   if line.startswith("tstrm_jobs{") and any(f'"{state}"' in line for state in states))

    def until_idle(self):
        deadline = time.monotonic() + 240
        while self.jobs(("pending", "running")) and time.monotonic() < deadline:
            time.sleep(0.1)

    def fits_asked(self, n):
        """Fits of n series of the flooding client that were taken, and how many were refused."""
        taken, refused = [], 0
        for line in self.lines[:n]:
            answer = self.flood.post(f"/v1/series/{line['id']}/fit", {"mode": "full"})
            self.assertIn(answer.status, (200, 202, 429), answer)
            if answer.status == 429:
                self.assertProblem(answer, 429, words=("share of the queue", "jobs-queue-max"))
                self.assertIn("retry-after", answer.headers)
                refused += 1
            else:
                taken.append(answer.json()["id"])
        return taken, refused

    def lone_series(self, name, fit="off"):
        self.ok(self.lone.put(f"/v1/series/{name}", {"frequency": "1h", "season": [24], "fit": fit}), 201)
        self.ok(self.lone.post(f"/v1/series/{name}/points", body(daily_wave(200))))

    def started_between(self, jobs, first_ms, last_ms):
        """How many of the jobs began after the one moment and before the other."""
        seen = [self.ok(self.client.get(f"/v1/jobs/{job}")).json()["started_at"] for job in jobs]
        return sum(at is not None and first_ms < at < last_ms for at in seen)


class Turns(Flooded):
    def test_a_lone_clients_fit_is_begun_before_most_of_a_flood_that_came_first(self):
        self.lone_series("lone")
        taken, _ = self.fits_asked(SERIES)
        waiting = self.jobs(("pending",))
        job = self.ok(self.lone.post("/v1/series/lone/fit", headers={"Prefer": "wait=60"})).json()
        self.assertEqual(job["state"], "succeeded", job)
        if waiting < 20:
            self.skipTest(f"the machine fitted as fast as it was flooded: {waiting} waited")
        # A few commits of the store lie between the answer's moments; turns are one for one.
        self.assertLessEqual(self.started_between(taken, job["created_at"], job["started_at"]), 10)

    def test_a_first_fit_that_nobody_asks_for_comes_through_too(self):
        taken, _ = self.fits_asked(SERIES)
        self.lone_series("lone.auto", fit="auto")
        jobs = self.ok(self.lone.get("/v1/jobs?series=lone.auto")).json()["jobs"]
        self.assertEqual(len(jobs), 1)
        while self.ok(self.lone.get(f"/v1/jobs/{jobs[0]['id']}")).json()["state"] in ("pending", "running"):
            time.sleep(0.01)
        job = self.ok(self.lone.get(f"/v1/jobs/{jobs[0]['id']}")).json()
        self.assertEqual(job["state"], "succeeded", job)
        self.assertLessEqual(self.started_between(taken, job["created_at"], job["started_at"]), 10)

    def test_backtests_of_the_same_client_let_fits_and_forecasts_pass(self):
        jobs = [self.ok(self.flood.post(f"/v1/series/{line['id']}/backtest", {"horizon": 24, "windows": 7}), 202)
                .json()["id"] for line in self.lines[:30]]
        fit = self.ok(self.flood.post("/v1/series/flood.200/fit", headers={"Prefer": "wait=60"})).json()
        self.assertEqual(fit["state"], "succeeded", fit)
        self.ok(self.flood.post("/v1/forecast", {"series": [{"values": daily_wave(100), "frequency": "1h"}], "horizon": 3}))
        ended = sum(self.ok(self.client.get(f"/v1/jobs/{job}")).json()["state"] == "succeeded" for job in jobs)
        self.assertLess(ended, 20)
        for job in jobs:
            self.client.delete(f"/v1/jobs/{job}")


class Shares(Flooded):
    queue = 66  # 32 backtests of one client and hardly a fit more

    def test_the_flood_is_told_when_its_share_is_full_and_others_get_in(self):
        self.lone_series("lone.share")
        backtests = [self.flood.post(f"/v1/series/{line['id']}/backtest", {"horizon": 24, "windows": 7})
                     for line in self.lines[:64]]
        self.assertEqual({answer.status for answer in backtests[:30]}, {202})
        backtests = [answer.json()["id"] for answer in backtests if answer.status == 202]
        self.assertLess(len(backtests), 64)  # the other places are for others
        self.ok(self.lone.post("/v1/series/lone.share/backtest", {"horizon": 24, "windows": 1}), 202)
        refused = self.fits_asked(SERIES)[1]
        self.ok(self.lone.get("/v1/series/lone.share/forecast"))
        fit = self.ok(self.lone.post("/v1/series/lone.share/fit", headers={"Prefer": "wait=60"})).json()
        self.assertEqual(fit["state"], "succeeded", fit)
        for job in backtests:
            self.client.delete(f"/v1/jobs/{job}")
        self.assertGreater(refused, 0)


if __name__ == "__main__":
    main()
