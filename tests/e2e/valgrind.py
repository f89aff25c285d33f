"""One start, some use and one clean stop of the daemon under valgrind: no error, no leak.

Not part of the suite, because it needs valgrind and a build without sanitizers:
TSTRMD=build/server/tstrmd tests/e2e/valgrind.py
"""
import shutil
import unittest

from case import BINARY, HOUR, T0, Case, Daemon, body, daily_wave, main

VALGRIND = ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
            "--error-exitcode=99", "--fair-sched=yes"]


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class Valgrind(Case):
    @classmethod
    def new_daemon(cls, **more):
        return Daemon(BINARY, cls.store, ("--workers", "1"), wrapper=VALGRIND)

    @classmethod
    def tearDownClass(cls):
        pass

    def use(self):
        self.has_series("v", daily_wave(200), season=[24], labels={"a": "b"}, fit="off")
        self.ok(self.client.post("/v1/series/v/points", body(daily_wave(250)[200:], T0 + 200 * HOUR)))
        self.ok(self.client.post("/v1/series/v/fit", headers={"Prefer": "wait=50"}), 200, 202)
        for query in ("", "?horizon=100&trace=1", "?levels=50&time=rfc3339"):
            self.ok(self.client.get("/v1/series/v/forecast" + query))
        self.ok(self.client.post("/v1/forecast", {"series": [{"values": [1, 2, 3]}, {"values": [1]}]}))
        self.ok(self.client.post("/v1/series/w/points", "2026-11-23,1\n2026-11-24,2\n", type="text/csv"), 201)
        self.ok(self.client.delete("/v1/series/w"), 204)
        for path in ("/v1/series", "/v1/jobs", "/metrics", "/openapi.json", "/readyz", "/"):
            self.ok(self.client.get(path))
        self.assertProblem(self.client.get("/v1/series/none"), 404)
        self.assertProblem(self.client.post("/v1/series/v/points", '{"points":[[', type="application/json"), 400)

    def test_a_start_some_use_and_a_clean_stop_leak_nothing(self):
        self.use()
        self.client.close()
        self.daemon.stop()
        self.restart_and_stop()

    def restart_and_stop(self):
        """The way back from the store allocates as well."""
        again = self.new_daemon().start()
        client = again.client()
        self.ok(client.get("/v1/series/v/forecast"))
        client.close()
        again.stop()


if __name__ == "__main__":
    main()
