"""What an answer promised survives: an orderly stop, a kill in the middle of writes, a stop under load."""
import json
import os
import signal
import threading
import time

from case import HOUR, T0, Case, Client, body, builtin_weights, daily_wave, main, pairs, sealed

ROUNDS = 20
WRITERS = 8


class Fresh(Case):
    """Each test stops and starts the daemon of the class as it likes; it runs again afterwards."""

    def restart(self):
        type(self).daemon = self.new_daemon().start()
        self.client.close()
        self.client = self.daemon.client()


class OrderlyRestart(Fresh):
    def test_everything_is_back_and_the_forecast_has_the_same_bytes(self):
        self.has_series("kept", daily_wave(300), season=[24], horizon=24, min=0, labels={"a": "b"}, fit="off")
        self.has_series("unfitted", daily_wave(60), season=[24], fit="off")
        self.ok(self.client.put("/v1/series/empty", {"season": [7]}), 201)
        self.has_series("own", daily_wave(300), season=[24], horizon=24, model="literal", fit="off")
        for name in ("kept", "own"):
            self.ok(self.client.post(f"/v1/series/{name}/fit", headers={"Prefer": "wait=120"}))
        paths = ("/v1/series/kept/forecast", "/v1/series/kept/forecast?horizon=40&levels=50",
                 "/v1/series/unfitted/forecast", "/v1/series/own/forecast", "/v1/series/own", "/v1/series/kept", "/v1/series/unfitted", "/v1/series/empty",
                 "/v1/series/kept/points?limit=1000")
        before = {path: self.ok(self.client.get(path)).json() for path in paths}
        tag = self.ok(self.client.get(paths[0])).headers["etag"]
        self.daemon.stop()
        self.restart()
        after = {path: self.ok(self.client.get(path)).json() for path in paths}
        for path in paths:
            for told in (before[path], after[path]):
                told.pop("memory_bytes", None)
            self.assertEqual(before[path], after[path], path)
        self.assertEqual(self.ok(self.client.get(paths[0])).headers["etag"], tag)

    def test_a_deleted_series_stays_deleted(self):
        self.has_series("deleted", [1, 2, 3])
        self.ok(self.client.delete("/v1/series/deleted"), 204)
        self.daemon.stop()
        self.restart()
        self.assertProblem(self.client.get("/v1/series/deleted"), 404)

    def test_a_fit_that_was_interrupted_is_done_after_the_restart(self):
        self.has_series("cut", daily_wave(2000), season=[24], fit="off")
        self.has_series("queued", daily_wave(2000), season=[24], fit="off")
        jobs = [self.ok(self.client.post(f"/v1/series/{name}/fit"), 202).json()["id"]
                for name in ("cut", "queued")]
        self.daemon.stop()
        self.restart()
        for job in jobs:
            seen = self.ok(self.client.get(f"/v1/jobs/{job}"))
            while seen.json()["state"] in ("pending", "running"):
                seen = self.ok(self.client.get(f"/v1/jobs/{job}"))
            self.assertEqual(seen.json()["state"], "succeeded", seen)
        shown = self.ok(self.client.get("/v1/jobs")).json()["jobs"]
        self.daemon.stop()
        self.restart()
        again = self.ok(self.client.get("/v1/jobs")).json()["jobs"]
        self.assertEqual([{**job, "step": 0, "loss": None} for job in shown], again)
        for name in ("cut", "queued"):
            self.assertEqual(self.ok(self.client.get(f"/v1/series/{name}")).json()["model_version"], 1)


class OtherWeights(Fresh):
    def start_with(self, weights):
        path = os.path.join(os.path.dirname(self.store), "other.trmw")
        with open(path, "wb") as file:
            file.write(weights)
        self.daemon.stop()
        type(self).arguments = ("--weights", path)
        self.restart()

    def seen(self, name):
        answer = self.ok(self.client.get(f"/v1/series/{name}/forecast"))
        return answer.json(), answer.headers["etag"]

    def test_records_are_about_the_weights_that_they_were_made_with(self):
        for name, model, fit in (("off", "trm", "off"), ("auto", "trm", "auto"), ("own", "literal", "off")):
            self.has_series(name, daily_wave(300), season=[24], horizon=24, model=model, fit="off")
            self.ok(self.client.post(f"/v1/series/{name}/fit", headers={"Prefer": "wait=120"}))
            self.ok(self.client.put(f"/v1/series/{name}", {"fit": fit}))
        (off, tag), (own, own_tag) = self.seen("off"), self.seen("own")
        good = builtin_weights()
        self.start_with(good)
        self.assertEqual(self.seen("off"), (off, tag))
        self.start_with(sealed(good[:68] + b"others".ljust(32, b"\0") + good[100:]))
        now, now_tag = self.seen("off")
        self.assertEqual((now["model"]["weights"], now["model"]["version"]), ("others", 0))
        self.assertIn("weights were changed after the last fit", now["method"]["why"])
        self.assertEqual((now["skill"], now["widening"]), (None, None))
        self.assertNotEqual(now_tag, tag)
        self.assertEqual(self.seen("own"), (own, own_tag))
        while self.ok(self.client.get("/v1/series/auto")).json()["model_version"] < 2:
            time.sleep(0.01)
        self.assertIn('name="others"', self.ok(self.client.get("/metrics")).body.decode())
        self.start_with(good)
        self.assertEqual(self.seen("off"), (off, tag))


class Writer(threading.Thread):
    """Posts one point after another to its own series and remembers which were acknowledged."""

    def __init__(self, port, name):
        super().__init__()
        self.client = Client(port)
        self.name, self.sent, self.acknowledged = name, 0, 0
        self.strange = None

    def run(self):
        try:
            while True:
                self.sent += 1
                content = {"points": [[T0 + self.sent * HOUR, self.sent]]}
                answer = self.client.post(f"/v1/series/{self.name}/points", content)
                if answer.status not in (200, 201):
                    self.strange = answer
                    return
                self.acknowledged = self.sent
        except (OSError, ValueError):
            pass
        except Exception as error:  # a torn answer of a killed daemon is no acknowledgement
            if type(error).__module__ != "http.client":
                self.strange = error


class Kills(Fresh):
    environment = {}

    def test_a_kill_in_the_middle_of_writes_loses_nothing_acknowledged(self):
        total = 0
        for number in range(ROUNDS):
            writers = [Writer(self.daemon.port, f"kill.{number}.{i}") for i in range(WRITERS)]
            for writer in writers:
                writer.start()
            while min(writer.acknowledged for writer in writers) < 3 and not any(w.strange for w in writers):
                writers[0].join(0.001)
            self.daemon.kill()
            for writer in writers:
                writer.join()
                self.assertIsNone(writer.strange)
            self.restart()
            for writer in writers:
                seen = self.ok(self.client.get(f"/v1/series/{writer.name}/points?limit=100000")).json()["points"]
                self.assertIn(len(seen), (writer.acknowledged, writer.sent))
                self.assertEqual(seen, pairs(range(1, len(seen) + 1), T0 + HOUR))
                total += writer.acknowledged
        self.assertGreaterEqual(total, 3 * WRITERS * ROUNDS)

    def test_a_killed_body_of_many_points_is_there_whole_or_not_at_all(self):
        for number in range(3):
            name = f"whole.{number}"
            content = json.dumps(body(daily_wave(20_000))).encode()
            client = self.daemon.client()
            answered = []

            def post():
                try:
                    answered.append(client.post(f"/v1/series/{name}/points", content,
                                                type="application/json").status)
                except Exception:
                    pass

            thread = threading.Thread(target=post)
            thread.start()
            thread.join(0.01 * (number + 1))
            self.daemon.kill()
            thread.join()
            client.close()
            self.restart()
            answer = self.client.get(f"/v1/series/{name}")
            points = answer.json()["points"] if answer.status == 200 else 0
            self.assertIn(points, (20_000,) if answered else (0, 20_000))


class Drain(Fresh):
    environment = {"TSTRM_DRAIN_DELAY": "1500ms"}

    def test_on_sigterm_readiness_ends_first_and_requests_in_flight_finish(self):
        self.has_series("drain", daily_wave(100), season=[24], fit="off")
        text = json.dumps(body(daily_wave(50), T0 + 100 * HOUR)).encode()
        with self.daemon.socket() as peer:
            peer.sendall(b"POST /v1/series/drain/points HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                         b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text) + text[:100])
            self.ok(self.client.get("/readyz"))
            self.daemon.signal(signal.SIGTERM)
            answer = self.client.get("/readyz")
            while answer.status == 200:
                answer = self.client.get("/readyz")
            self.assertProblem(answer, 503)
            self.ok(self.client.get("/livez"))
            self.ok(self.client.get("/v1/series/drain/forecast"))
            peer.sendall(text[100:])
            seen = peer.makefile("rb").read()
        self.assertTrue(seen.startswith(b"HTTP/1.1 "), seen)
        acknowledged = seen.split()[1] in (b"200", b"201")
        self.assertEqual(self.daemon.wait(), 0)
        self.restart()
        points = self.ok(self.client.get("/v1/series/drain")).json()["points"]
        self.assertEqual(points, 150 if acknowledged else 100)

    def test_sigint_ends_it_as_well(self):
        self.daemon.signal(signal.SIGINT)
        self.assertEqual(self.daemon.wait(), 0)
        self.restart()

    def test_a_second_signal_does_not_make_it_fail(self):
        self.daemon.signal(signal.SIGTERM)
        self.daemon.signal(signal.SIGTERM)
        self.assertIn(self.daemon.wait(), (0, 1))
        self.restart()

    def test_it_ends_while_connections_idle_and_fits_run(self):
        self.has_series("long", daily_wave(2000), season=[24], fit="off")
        idle = [self.daemon.socket() for _ in range(20)]
        self.ok(self.client.post("/v1/series/long/fit"), 202)
        self.daemon.signal(signal.SIGTERM)
        self.assertEqual(self.daemon.wait(30), 0)
        for peer in idle:
            peer.close()
        self.restart()

    def test_a_waiting_request_is_answered_while_it_drains(self):
        self.has_series("wait", daily_wave(2000), season=[24], fit="off")
        answers = []
        client = self.daemon.client()
        thread = threading.Thread(target=lambda: answers.append(
            client.post("/v1/series/wait/fit", headers={"Prefer": "wait=60"})))
        thread.start()
        while not self.ok(self.client.get("/v1/jobs?series=wait")).json()["jobs"]:
            pass
        self.daemon.signal(signal.SIGTERM)
        thread.join()
        client.close()
        self.assertEqual(self.daemon.wait(30), 0)
        self.assertIn(answers[0].status, (200, 202, 503))
        self.restart()


if __name__ == "__main__":
    main()
