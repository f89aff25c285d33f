"""The operator's part: models of the past, bounded history, backups, numbers."""
import hashlib
import os
import signal
import sqlite3
import tempfile
import threading
import time

from case import BINARY, HOUR, T0, Case, Client, Daemon, body, daily_wave, main, pairs

WRITERS = 6


class Fresh(Case):
    """Tests that start and stop the class's daemon; it runs again afterwards."""

    @classmethod
    def new_daemon(cls, **more):
        cls.folder = os.path.join(os.path.dirname(cls.store), "backups")
        os.makedirs(cls.folder, exist_ok=True)
        return Daemon(BINARY, cls.store, ("--backup-dir", cls.folder, *cls.arguments), cls.environment, **more)

    def restart(self, kill=False):
        if kill:
            self.daemon.kill()
        else:
            self.daemon.stop()
        type(self).daemon = self.new_daemon().start()
        self.client.close()
        self.client = self.daemon.client()

    def fit(self, name, mode="full"):
        return self.ok(self.client.post(f"/v1/series/{name}/fit", {"mode": mode}, headers={"Prefer": "wait=120"}))

    def series(self, name):
        return self.ok(self.client.get(f"/v1/series/{name}")).json()


class Checkpoints(Fresh):
    def checkpoints(self, name):
        return self.ok(self.client.get(f"/v1/series/{name}/checkpoints")).json()["checkpoints"]

    def restore(self, name, version):
        return self.client.post(f"/v1/series/{name}/checkpoints/{version}/restore")

    def centre(self, answer):
        """What the model alone decides: the widths of intervals also follow what came of earlier forecasts."""
        told = answer.json()
        told["model"].pop("version")
        return {key: told[key] for key in ("timestamps", "median", "model", "method", "drafts")}

    def test_a_restored_model_forecasts_as_before_also_after_a_kill(self):
        self.has_series("back", daily_wave(300), season=[24], horizon=24, fit="off")
        self.fit("back")
        more = body(daily_wave(60, seed=9), T0 + 300 * HOUR)
        self.ok(self.client.post("/v1/series/back/points", more))
        first = self.ok(self.client.get("/v1/series/back/forecast"))
        self.fit("back")
        second = self.ok(self.client.get("/v1/series/back/forecast"))
        self.assertEqual(self.ok(self.restore("back", 1)).json()["model_version"], 3)
        again = self.ok(self.client.get("/v1/series/back/forecast"))
        self.assertNotIn(again.headers["etag"], (first.headers["etag"], second.headers["etag"]))
        self.assertEqual([told.json()["model"]["version"] for told in (first, second, again)], [1, 2, 3])
        self.assertEqual(self.centre(again), self.centre(first))
        self.assertNotEqual(self.centre(again), self.centre(second))
        self.restart(kill=True)
        booted = self.ok(self.client.get("/v1/series/back/forecast"))
        self.assertEqual(booted.json()["model"]["version"], 3)
        self.assertEqual(self.centre(booted), self.centre(first))
        listed = self.checkpoints("back")
        self.assertEqual([row["version"] for row in listed], [3, 2, 1])
        self.assertEqual([row["answers"] for row in listed], [True, False, False])
        self.assertEqual(listed[0]["skill"], listed[2]["skill"])
        self.assertNotEqual(listed[0]["trained_on"], listed[1]["trained_on"])

    def test_only_the_newest_are_kept_and_times_have_the_form_asked_for(self):
        self.has_series("many", daily_wave(60), season=[24], fit="off")
        for _ in range(5):
            self.fit("many")
        answer = self.ok(self.client.get("/v1/series/many/checkpoints?time=rfc3339")).json()
        self.assertEqual([row["version"] for row in answer["checkpoints"]], [5, 4, 3, 2])
        self.assertRegex(answer["checkpoints"][0]["created_at"], r"^\d{4}-\d\d-\d\dT")
        self.assertProblem(self.restore("many", 1), 404, words=("version 1",))

    def test_what_cannot_answer_is_refused_in_words(self):
        self.has_series("no", daily_wave(300), season=[24], fit="off")
        self.fit("no")
        self.ok(self.client.put("/v1/series/no", {"model": "literal"}))
        self.assertIn("literal", self.checkpoints("no")[0]["obstacle"])
        self.assertProblem(self.restore("no", 1), 409, words=("\"trm\"", "\"literal\""))
        self.ok(self.client.put("/v1/series/no", {"model": "trm"}))
        self.assertEqual(self.ok(self.restore("no", 1)).json()["model_version"], 2)

    def test_bad_input_is_told(self):
        self.has_series("bad", [1, 2, 3])
        for version in ("0", "-1", "x", "1.5", "99999999999999999999"):
            self.assertProblem(self.restore("bad", version), 400, place="version")
        self.assertProblem(self.restore("nobody", 1), 404, words=("nobody",))
        self.assertProblem(self.client.get("/v1/series/nobody/checkpoints"), 404)
        self.assertProblem(self.client.get("/v1/series/bad/checkpoints?limit=1"), 400, place="limit")
        self.assertProblem(self.client.get("/v1/series/bad/checkpoints/1/restore"), 405)
        self.assertEqual(self.checkpoints("bad"), [])

    def test_a_damaged_checkpoint_is_shown_and_refused(self):
        self.has_series("hurt", daily_wave(100), season=[24], fit="off")
        self.fit("hurt")
        self.fit("hurt")
        self.daemon.stop()
        with sqlite3.connect(self.store) as db:
            db.execute("UPDATE checkpoint SET bytes = x'00' WHERE version = 1 AND series = "
                       "(SELECT key FROM series WHERE id = 'hurt')")
        db.close()
        type(self).daemon = self.new_daemon().start()
        self.client = self.daemon.client()
        row = self.checkpoints("hurt")[1]
        self.assertEqual((row["version"], row["kind"], row["bytes"], row["skill"]), (1, "damaged", 1, None))
        self.assertProblem(self.restore("hurt", 1), 409, words=("damaged",))

    def test_a_restored_model_is_kept_with_fit_off_and_replaced_by_the_next_fit(self):
        self.has_series("kept", daily_wave(300), season=[24], fit="off")
        self.fit("kept")
        self.fit("kept")
        self.ok(self.restore("kept", 1))
        self.ok(self.client.post("/v1/series/kept/points", body(daily_wave(100, seed=3), T0 + 300 * HOUR)))
        self.restart()
        self.assertEqual(self.series("kept")["model_version"], 3)
        self.fit("kept", "incremental")
        self.assertEqual(self.series("kept")["model_version"], 4)


class Retention(Fresh):
    def points(self, name):
        return self.ok(self.client.get(f"/v1/series/{name}/points?limit=100000")).json()["points"]

    def check(self, name, values, kept):
        """The points shown are the newest, as many as the series says, and not far more than kept."""
        shown, said = self.points(name), self.series(name)["points"]
        self.assertEqual(len(shown), said)
        self.assertTrue(min(kept, len(values)) <= said <= kept + 1024, said)
        self.assertEqual(shown, pairs(values)[-said:])

    def test_old_points_go_and_the_forecast_is_the_same_after_a_kill(self):
        values = daily_wave(9000)
        self.ok(self.client.put("/v1/series/short", {"frequency": "1h", "season": [24], "fit": "off",
                                                     "retention_points": 2048}), 201)
        for at in range(0, 9000, 500):
            self.ok(self.client.post("/v1/series/short/points", body(values[at:at + 500], T0 + at * HOUR)))
        self.check("short", values, 2048)
        self.assertEqual(self.series("short")["retention_points"], 2048)
        before = self.ok(self.client.get("/v1/series/short/forecast")).json()
        self.restart(kill=True)
        self.check("short", values, 2048)
        after = self.ok(self.client.get("/v1/series/short/forecast")).json()
        for key in ("timestamps", "median", "drafts"):
            self.assertEqual(after[key], before[key])

    def test_lowering_it_takes_effect_and_raising_it_brings_nothing_back(self):
        values = daily_wave(9000, seed=4)
        self.has_series("lower", values, season=[24], fit="off")
        self.assertIsNone(self.series("lower")["retention_points"])
        self.ok(self.client.put("/v1/series/lower", {"retention_points": 3000}))
        for _ in range(200):
            if self.series("lower")["points"] < 9000:
                break
            time.sleep(0.05)
        self.check("lower", values, 3000)
        self.ok(self.client.put("/v1/series/lower", {"retention_points": None}))
        self.check("lower", values, 3000)

    def test_too_few_are_refused_with_the_reason(self):
        for few in (1, 2047):
            self.assertProblem(self.client.put("/v1/series/few", {"retention_points": few}), 422,
                               place="/retention_points", words=("2048", "restart"))
        for wrong in (-1, 1.5, "many", 2 ** 31, [], True):
            self.assertProblem(self.client.put("/v1/series/few", {"retention_points": wrong}), 422,
                               place="/retention_points")
        self.assertProblem(self.client.get("/v1/series/few"), 404)
        self.assertIsNone(self.ok(self.client.put("/v1/series/few", {"retention_points": 0}), 201)
                          .json()["retention_points"])


class Backup(Fresh):
    def back_up(self, name=None):
        return self.client.post("/v1/admin/backup", None if name is None else {"name": name})

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, number, acknowledged, stop):
        """One point after another into a series of its own."""
        client, at = Client(self.daemon.port), 0
        while not stop.is_set():
            answer = client.post(f"/v1/series/w{number}/points", {"points": [[T0 + at * HOUR, at]]})
            if answer.status not in (200, 201):
                break
            at += 1
            acknowledged[number] = at
        client.close()

    def test_every_point_acknowledged_before_a_backup_under_load_is_in_it(self):
        self.has_series("large", daily_wave(200_000), fit="off")
        acknowledged, stop = [0] * WRITERS, threading.Event()
        writers = [threading.Thread(target=self.write, args=(i, acknowledged, stop)) for i in range(WRITERS)]
        for writer in writers:
            writer.start()
        try:
            while min(acknowledged) < 20:
                time.sleep(0.01)
            before = list(acknowledged)
            made = self.ok(self.back_up("load.db"), 201).json()
            after = list(acknowledged)
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        self.assertGreater(sum(after), sum(before), "no write went on during the backup")
        with open(self.path("load.db"), "rb") as file:
            data = file.read()
        self.assertEqual((len(data), hashlib.sha256(data).hexdigest()), (made["bytes"], made["sha256"]))
        self.assertEqual(os.listdir(self.folder).count("load.db"), 1)
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith(".")], [])
        self.check_copy("load.db", before)

    def check_copy(self, name, before):
        """Opens the backup as a second daemon's store."""
        with tempfile.TemporaryDirectory(prefix="tstrm-") as folder:
            store = os.path.join(folder, "store.db")
            os.rename(self.path(name), store)
            daemon = Daemon(BINARY, store).start()
            try:
                client = daemon.client()
                for i, n in enumerate(before):
                    shown = self.ok(client.get(f"/v1/series/w{i}/points?limit=100000")).json()["points"]
                    self.assertGreaterEqual(len(shown), n)
                    self.assertEqual(shown, [[T0 + k * HOUR, k] for k in range(len(shown))])
                    self.assertEqual(self.ok(client.get(f"/v1/series/w{i}")).json()["points"], len(shown))
                self.assertEqual(self.ok(client.get("/v1/series/large")).json()["points"], 200_000)
                self.ok(client.get("/v1/series/large/forecast"))
                client.close()
            finally:
                daemon.stop()

    def test_a_name_is_chosen_and_none_is_overwritten(self):
        self.ok(self.client.put("/v1/series/s", {}), 200, 201)
        first = self.ok(self.back_up(), 201).json()["name"]
        self.assertRegex(first, r"^tstrm-\d{8}T\d{6}(\.\d+)?Z\.db$")
        self.assertTrue(os.path.exists(self.path(first)))
        self.ok(self.back_up("one.db"), 201)
        with open(self.path("one.db"), "rb") as file:
            data = file.read()
        self.assertProblem(self.back_up("one.db"), 409, words=("one.db", "replaces nothing"))
        with open(self.path("one.db"), "rb") as file:
            self.assertEqual(file.read(), data)
        self.assertEqual(os.stat(self.path("one.db")).st_mode & 0o777, 0o600)

    def test_no_name_leaves_the_folder(self):
        seen = sorted(os.listdir(self.folder))
        for wrong in ("../x.db", "/tmp/x.db", "a/x.db", ".x.db", "x", "x.db-wal", "x.db-journal", "", "x" * 126 + ".db",
                      "\u00e4.db", 5, None, ["x.db"]):
            self.assertProblem(self.client.post("/v1/admin/backup", {"name": wrong}), 422, place="/name")
        self.assertProblem(self.client.post("/v1/admin/backup", {"path": "x.db"}), 422, place="/path")
        for unreadable in ("{", '{"name":"x\\u0000.db"}'):
            self.assertProblem(self.client.post("/v1/admin/backup", unreadable, type="application/json"), 400)
        self.assertProblem(self.client.post("/v1/admin/backup", "x.db", type="text/plain"), 415)
        self.assertEqual(sorted(os.listdir(self.folder)), seen)

    def test_a_folder_that_has_gone_is_told_and_the_store_goes_on(self):
        os.rename(self.folder, self.folder + "-away")
        try:
            self.assertProblem(self.back_up("gone.db"), 500, words=("gone.db",))
        finally:
            os.rename(self.folder + "-away", self.folder)
        self.ok(self.client.get("/readyz"))
        self.ok(self.back_up("here.db"), 201)


class NoBackup(Case):
    def test_without_a_folder_there_are_no_backups(self):
        self.assertProblem(self.client.post("/v1/admin/backup"), 409, words=("--backup-dir",))

    def test_a_folder_that_is_not_there_stops_the_start(self):
        daemon = Daemon(BINARY, self.store + ".other", ("--backup-dir", self.store + ".nowhere"))
        with self.assertRaises(AssertionError) as caught:
            daemon.start()
        self.assertIn("backup-dir", str(caught.exception))


class Reload(Case):
    """A daemon with a configuration file."""

    @classmethod
    def new_daemon(cls, **more):
        cls.file = cls.store + ".conf"
        cls.configure("series-max = 1000\n")
        return Daemon(BINARY, cls.store, ("--config", cls.file), cls.environment, **more)

    @classmethod
    def configure(cls, text):
        with open(cls.file, "w", encoding="utf-8") as file:
            file.write(text)

    def reload(self):
        return self.client.post("/-/reload")

    def tearDown(self):
        self.configure("series-max = 1000\n")
        self.ok(self.reload())

    def test_what_may_change_changes_and_the_rest_is_told(self):
        self.ok(self.client.put("/v1/series/one", {}), 200, 201)
        self.configure("series-max = 1\nlog-level = warn\nconnections-max = 77\n")
        changes = {row["option"]: row for row in self.ok(self.reload()).json()["changes"]}
        self.assertEqual({name: row["adopted"] for name, row in changes.items()},
                         {"series-max": True, "log-level": True, "connections-max": False})
        self.assertEqual((changes["series-max"]["from"], changes["series-max"]["to"]), ("1000", "1"))
        self.ok(self.client.put("/v1/series/one", {}))
        self.assertProblem(self.client.put("/v1/series/two", {}), 429, words=("series-max",))
        again = self.ok(self.reload()).json()["changes"]
        self.assertEqual([row["option"] for row in again], ["connections-max"])

    def test_a_wrong_file_is_told_with_its_line_and_changes_nothing(self):
        self.configure("series-max = 5\nlog-level = loud\n")
        self.assertProblem(self.reload(), 422, words=(":2", "log-level", "debug or info"))
        for name in ("a", "b", "c", "d", "e", "f"):
            self.ok(self.client.put(f"/v1/series/{name}", {}), 200, 201)

    def test_a_hangup_does_the_same(self):
        self.configure("series-max = 1000\ndrain-delay = 1s\nbody-bytes-max = 2KiB\n")
        self.daemon.signal(signal.SIGHUP)
        long = {"points": [[T0 + i * HOUR, i] for i in range(200)]}
        for _ in range(200):
            answer = self.client.post("/v1/series/long/points", long)
            if answer.status == 413:
                break
            time.sleep(0.02)
        self.assertProblem(answer, 413)


class Stats(Case):
    def stats(self, query=""):
        return self.ok(self.client.get("/v1/admin/stats" + query)).json()

    def test_numbers_follow_what_happens(self):
        before = self.stats()
        self.has_series("seen", daily_wave(300), season=[24], fit="off")
        self.ok(self.client.post("/v1/series/seen/fit", headers={"Prefer": "wait=120"}))
        for _ in range(2):
            self.ok(self.client.get("/v1/series/seen/forecast"))
        after = self.stats()

        def grew(block, key):
            return after[block][key] - before[block][key]

        self.assertEqual([grew("series", key) for key in ("count", "points", "models")], [1, 300, 1])
        self.assertEqual(grew("jobs", "succeeded"), 1)
        self.assertEqual(grew("store", "points_written"), 300)
        self.assertGreater(grew("store", "commits"), 0)
        self.assertEqual(grew("cache", "hits"), 1)
        self.assertGreater(after["memory"]["resident_bytes"], after["memory"]["series_bytes"])
        self.assertGreater(after["store"]["file_bytes"] + after["store"]["wal_bytes"], 4096)
        self.assertGreaterEqual(after["now"], after["started_at"])

    def test_times_have_the_form_asked_for_and_parameters_are_checked(self):
        self.assertRegex(self.stats("?time=rfc3339")["started_at"], r"^\d{4}-\d\d-\d\dT.*Z$")
        self.assertProblem(self.client.get("/v1/admin/stats?all=1"), 400, place="all")
        self.assertProblem(self.client.post("/v1/admin/stats"), 405)


if __name__ == "__main__":
    main()
