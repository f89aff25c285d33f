"""The shared weights learn from the series of a daemon: asked for, seen, kept over a restart, taken back."""
import random
import time

from case import Case, body, main

SERIES = 24
DAY = 24 * 3600 * 1000
PATIENCE_S = 240


def bursts(seed, n=90):
    """Quiet days, and every so often one that is not: a shape that the built-in weights have hardly seen."""
    noise = random.Random(seed)
    return [round(10 + noise.random() + (200 if noise.random() < .12 else 0), 3) for _ in range(n)]


class Fleet(Case):
    arguments = ("--fleet", "off")

    def fleet(self):
        return self.ok(self.client.get("/v1/fleet")).json()

    def idle(self):
        """The state once nothing is on its way any more."""
        end = time.monotonic() + PATIENCE_S
        while (state := self.fleet())["state"] in ("training", "publishing"):
            self.assertLess(time.monotonic(), end, state)
            time.sleep(.05)
        return state

    def test_a_training_is_asked_for_seen_kept_and_taken_back(self):
        for i in range(SERIES):
            name = f"/v1/series/b{i}"
            self.ok(self.client.put(name, {"frequency": "1d", "season": [7], "horizon": 7, "fit": "off"}), 201)
            self.ok(self.client.post(name + "/points", body(bursts(i), step=DAY)))
            self.ok(self.client.post(name + "/fit", headers={"Prefer": "wait=60"}))
        before = self.fleet()
        self.assertEqual((before["state"], before["version"], before["last"]), ("off", 0, None))
        self.assertEqual(before["weights"], before["origin"])
        tag = self.ok(self.client.get("/v1/series/b0/forecast")).headers["etag"]

        self.ok(self.client.post("/v1/fleet/fit"), 202)
        self.assertProblem(self.client.post("/v1/fleet/fit"), 409, words=("on its way",))
        after = self.idle()
        self.assertEqual(after["last"]["outcome"], "published", after)
        self.assertGreaterEqual(after["last"]["certainty"], 2)
        self.assertLess(after["last"]["loss_after"], after["last"]["loss_before"])
        self.assertEqual((after["version"], after["origin"]), (1, before["origin"]))
        self.assertNotEqual(after["weights"]["identity"], before["weights"]["identity"])
        self.check_answers_follow(after, tag)
        metrics = self.ok(self.client.get("/metrics")).body.decode()
        self.assertIn('tstrm_fleet_trainings_total{outcome="published"} 1', metrics)
        self.assertIn(after["weights"]["identity"], metrics)

        self.daemon.stop()
        type(self).daemon = self.new_daemon().start()
        self.client.close()
        self.client = self.daemon.client()
        again = self.fleet()
        self.assertEqual((again["version"], again["weights"]), (1, after["weights"]))
        self.assertEqual(again["last"], after["last"])

        back = self.ok(self.client.delete("/v1/fleet")).json()
        self.assertEqual((back["version"], back["weights"], back["last"]), (0, before["origin"], None))

    def check_answers_follow(self, fleet, tag):
        forecast = self.ok(self.client.get("/v1/series/b0/forecast"))
        self.assertNotEqual(forecast.headers["etag"], tag)
        self.assertEqual(forecast.json()["model"]["weights"], fleet["weights"]["name"])
        end = time.monotonic() + PATIENCE_S
        while self.client.get("/v1/series/b0/forecast").json()["model"]["version"] != 2:
            self.assertLess(time.monotonic(), end) # the record is made anew
            time.sleep(.05)


if __name__ == "__main__":
    main()
