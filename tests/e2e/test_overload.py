"""More than the daemon can take, in small: each limit refuses in the right shape, others are served meanwhile, and all
comes back. The figures at full size are tests/bench/overload.py's."""
import os
import re
import subprocess
import tempfile
import threading
import time
import unittest

from case import BINARY, T0, Case, Daemon, body, daily_wave, main
from flood import (Crowd, answers, connect, descriptors, gzip_bomb, head, json_bombs, metric, raise_descriptors,
                   resident)
from tstrmd import sanitized

MIB = 1 << 20
SLOW_BODY = head("POST", "/v1/series/slow/points", "Content-Type: text/csv", "Content-Length: 90000") + b"x" * 100
FORECAST = head("GET", "/v1/series/poll/forecast?horizon=12")


class Overload(Case):
    """A daemon with a series whose forecast is polled."""

    def setUp(self):
        super().setUp()
        if self.client.get("/v1/series/poll").status == 404:
            self.has_series("poll", daily_wave(300), season=[24], fit="off")
        self.poll()

    def poll(self):
        return self.ok(self.client.get("/v1/series/poll/forecast?horizon=12"))

    def metric(self, name):
        return metric(self.ok(self.client.get("/metrics")).body.decode(), name)

    def until(self, holds, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def back_to(self, fds):
        self.until(lambda: descriptors(self.daemon.process.pid) <= fds, "descriptors are left open")
        self.until(lambda: self.metric("tstrm_connections") == 1, "connections are left")
        self.assertEqual(self.metric("tstrm_requests_memory_bytes"), 0)


class Crowds(Overload):
    N = int(os.environ.get("OVERLOAD_CONNECTIONS", "1500"))
    arguments = ("--connections-max", str(N + 100))

    def test_thousands_of_idle_connections_cost_others_nothing(self):
        if raise_descriptors() < self.N + 200:
            self.skipTest("too few descriptors allowed (ulimit -Hn)")
        fds = descriptors(self.daemon.process.pid)
        with Crowd(self.daemon.port, self.N) as crowd:
            self.assertEqual(len(crowd.peers), self.N)
            self.until(lambda: self.metric("tstrm_connections") == self.N + 1, "not all were taken")
            for _ in range(50):
                self.poll()
        self.back_to(fds)


class FewDescriptors(unittest.TestCase):
    def test_connections_that_do_not_fit_the_limit_of_open_files_are_said_and_not_taken(self):
        if not BINARY:
            self.skipTest("the environment variable TSTRMD names no daemon")
        with tempfile.TemporaryDirectory(prefix="tstrm-") as folder:
            daemon = Daemon(BINARY, os.path.join(folder, "s.db"), ("--connections-max", "500"),
                            wrapper=("sh", "-c", 'ulimit -n 200; exec "$@"', "sh")).start()
            self.assertIn("does not fit", daemon.log())
            self.assertIn("used=136", daemon.log())
            self.assertIn("open_files=564", daemon.log())
            daemon.stop()


class FullTable(Overload):
    arguments = ("--connections-max", "20")

    def test_the_idle_make_room(self):
        with Crowd(self.daemon.port, 19):
            self.until(lambda: self.metric("tstrm_connections") >= 20, "not all were taken")
            time.sleep(1.2)  # idle for long enough
            for _ in range(5):
                client = self.daemon.client()
                self.ok(client.get("/v1/series/poll/forecast?horizon=12"))
                client.close()

    def test_where_all_are_busy_the_next_is_told_and_probes_are_answered(self):
        fds = descriptors(self.daemon.process.pid)
        with Crowd(self.daemon.port, 25, SLOW_BODY):
            self.until(lambda: self.metric("tstrm_requests_active") >= 20, "not all are busy")
            client = self.daemon.client()
            refused = client.get("/v1/series/poll/forecast?horizon=12")
            self.assertProblem(refused, 503, words=("20 connections",))
            self.assertIn("retry-after", refused.headers)
            client.close()
            client = self.daemon.client()
            self.ok(client.get("/livez"))
            client.close()
            self.poll()
        self.back_to(fds)


class OneClient(Overload):
    """127.0.0.1 is greedy, 127.0.0.2 is somebody else."""

    arguments = ("--client-connections-max", "5", "--client-inflight-bytes-max", "1MiB")

    def ask(self, request, source="127.0.0.2"):
        with connect(self.daemon.port, source) as peer:
            peer.sendall(request.replace(b"Host: x", b"Host: x\r\nConnection: close", 1))
            return answers(peer)

    def test_a_greedy_client_is_refused_and_another_is_served(self):
        with Crowd(self.daemon.port, 4, SLOW_BODY) as crowd:
            self.until(lambda: self.metric("tstrm_requests_active") == 5, "not all are taken")
            refused = self.ask(FORECAST, "127.0.0.1")
            self.assertIn(b"HTTP/1.1 429 ", refused)
            self.assertIn(b"Retry-After: 1\r\n", refused)
            self.assertIn(b"5 connections", refused)
            more = Crowd(self.daemon.port, 100)  # beyond those that are told: cut off
            for _ in range(5):
                self.assertIn(b"HTTP/1.1 200 ", self.ask(FORECAST))
            more.close()
            self.assertEqual(len(crowd.peers), 4)
        self.until(lambda: b"HTTP/1.1 200 " in self.ask(FORECAST, "127.0.0.1"), "it is not served again")

    def test_bodies_of_one_client_leave_memory_to_others(self):
        big = head("POST", "/v1/series/big/points", "Content-Type: text/csv", "Content-Length: 900000")
        small = head("POST", "/v1/series/small/points", "Content-Type: text/csv", "Content-Length: 200000")
        lines = b"".join(b"%d,1\n" % (T0 + i * 60000) for i in range(12500))[:200000]
        lines = lines[:lines.rindex(b"\n")].ljust(200000, b"\n")
        with Crowd(self.daemon.port, 1, big + b"\n" * 899000):
            self.until(lambda: self.metric("tstrm_requests_memory_bytes") >= 899000, "it is not there")
            refused = self.ask(small + lines, "127.0.0.1")
            self.assertIn(b"HTTP/1.1 429 ", refused)
            self.assertIn(b"your client", refused)
            self.assertIn(b"HTTP/1.1 201 ", self.ask(small + lines))
        self.until(lambda: self.metric("tstrm_requests_memory_bytes") == 0, "memory is held")


class Rates(Overload):
    arguments = ("--client-requests-max", "20")

    def setUp(self):
        time.sleep(1)
        super().setUp()

    def test_requests_beyond_the_rate_are_429_and_others_are_served(self):
        seen = [self.client.get("/v1/series/poll/forecast?horizon=12") for _ in range(100)]
        refused = [answer for answer in seen if answer.status != 200]
        self.assertGreater(len(refused), 0)
        self.assertProblem(refused[0], 429, words=("20 requests",))
        self.assertIn("retry-after", refused[0].headers)
        with connect(self.daemon.port, "127.0.0.2") as peer:
            peer.sendall(FORECAST)
            self.assertTrue(peer.recv(4096).startswith(b"HTTP/1.1 200 "))
        for _ in range(50):
            self.ok(self.client.get("/livez"))
        self.until(lambda: self.client.get("/v1/series/poll/forecast?horizon=12").status == 200, "it stays refused")


class Bombs(Overload):
    def bounded(self, send):
        """The resident set grows by less than 64 MiB (in a sanitizer's build nobody can tell)."""
        before = resident(self.daemon.process.pid)
        send()
        self.poll()
        if not sanitized(BINARY):
            self.assertLess(resident(self.daemon.process.pid), before + 64 * MIB)

    def test_json_that_grows_is_refused_while_it_comes(self):
        for name, path, bomb in json_bombs(4 * MIB):
            with self.subTest(name):
                def send():
                    answer = self.client.post(path, bomb, type="application/json")
                    self.assertIn(answer.status, (400, 413, 422), answer)
                    self.assertIn("json", answer.type)
                self.bounded(send)

    def test_numbers_and_texts_that_are_none_are_refused(self):
        for name, text in {"1e400": b"1e400", "digits": b"1" * 10000, "fraction": b"0." + b"1" * 10000,
                           "nul": b'"\\u0000"', "surrogate": b'"\\ud800"', "nan": b"NaN", "hex": b"0x10"}.items():
            for path, around in (("/v1/forecast", b'{"series":[{"values":[1,2,3]}],"horizon":%s}'),
                                 ("/v1/series/poll/points", b'{"points":[[%s,1]]}'),
                                 ("/v2/forecast", b'{"series":{"y":[%s]},"freq":"h","h":1}'),
                                 ("/v1/points", b'{"series":[{"id":"a","points":[[0,%s]]}]}')):
                with self.subTest(name, path=path):
                    answer = self.client.post(path, around % text, type="application/json")
                    self.assertIn(answer.status, (400, 422), answer)
        answer = self.client.post("/v1/forecast", '{"horizon":1,"horizon":2,"series":[]}', type="application/json")
        self.assertProblem(answer, 400, words=("duplicate",))

    def test_a_gzip_bomb_is_cut_off_and_one_inside_another_is_not_unfolded(self):
        for path, kind in (("/v1/forecast", "application/json"), ("/v1/series/poll/points", "text/csv"),
                           ("/v1/points", "application/x-ndjson")):
            with self.subTest(path):
                self.bounded(lambda: self.assertIn(self.client.post(
                    path, gzip_bomb(64 * MIB), type=kind, headers={"Content-Encoding": "gzip"}).status, (400, 413, 422)))
        twice = gzip_bomb(64 * MIB, 2)
        answer = self.client.post("/v1/forecast", twice, type="application/json",
                                  headers={"Content-Encoding": "gzip, gzip"})
        self.assertProblem(answer, 415)
        answer = self.client.post("/v1/forecast", twice, type="application/json", headers={"Content-Encoding": "gzip"})
        self.assertProblem(answer, 400)

    def test_headers_and_targets_without_measure_are_refused_and_the_connection_ends(self):
        for name, request in {
                "cookie": head("GET", "/livez", "Cookie: " + "a=" + "b" * 100_000),
                "many": head("GET", "/livez", *[f"X-{i}: y" for i in range(5000)]),
                "name": head("GET", "/livez", "X" * 50_000 + ": y"),
                "target": head("GET", "/v1/series/" + "a" * 50_000),
                "query": head("GET", "/v1/series?" + "&".join(f"a{i}=1" for i in range(5000)))}.items():
            with self.subTest(name), connect(self.daemon.port) as peer:
                try:
                    peer.sendall(request)
                except OSError:
                    pass
                answer = answers(peer)
                if answer:
                    self.assertIn(int(answer.split()[1]), (400, 413, 414, 431), answer[:200])
        self.poll()

    def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not(self):
        whole = b'{"series":[{"values":[1,2,3]}],"horizon":1}'
        for size, status in ((16 * MIB, 200), (16 * MIB + 1, 413)):
            answer = self.client.post("/v1/forecast", whole.ljust(size), type="application/json")
            self.assertEqual(answer.status, status, answer)
            self.client.close()


class Floods(Overload):
    arguments = ("--workers", "1", "--jobs-queue-max", "10")

    def test_fits_beyond_the_queue_are_429_and_cached_forecasts_go_on(self):
        for i in range(14):
            self.has_series(f"f{i}", daily_wave(2000, i), season=[24], fit="off", model="literal")
        seen = [self.client.post(f"/v1/series/f{i}/fit") for i in range(14)]
        refused = [answer for answer in seen if answer.status != 202]
        self.assertGreater(len(refused), 0)
        for answer in refused:
            self.assertProblem(answer, 429)
            self.assertIn("retry-after", answer.headers)
        for _ in range(100):
            self.poll()
        for i in range(14):
            self.client.delete(f"/v1/series/f{i}")
        self.has_series("after", daily_wave(100), season=[24], fit="off")
        self.until(lambda: self.client.post("/v1/series/after/fit").status == 202, "no fit is taken any more")

    def test_a_flood_of_requests_in_one_breath_is_answered_in_order_while_others_poll(self):
        failures = []

        def flood():
            with connect(self.daemon.port, timeout=60) as peer:
                sender = threading.Thread(target=peer.sendall, args=(FORECAST * 1999 + FORECAST.replace(
                    b"Host: x", b"Host: x\r\nConnection: close"),))
                sender.start()
                seen = answers(peer, 1 << 30)
                sender.join()
                if seen.count(b"HTTP/1.1 200 ") != 2000:
                    failures.append(seen[:200])

        threads = [threading.Thread(target=flood) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.poll()
        self.assertEqual(failures, [])

    def test_answers_that_nobody_reads_are_held_within_the_bound_and_let_go(self):
        self.ok(self.client.post("/v1/series/long/points", body([i % 7 for i in range(60000)])), 201)
        request = head("GET", "/v1/series/long/points?limit=60000")
        fds = descriptors(self.daemon.process.pid)
        with Crowd(self.daemon.port, 20, request, buffer=2048):
            self.until(lambda: self.metric("tstrm_requests_memory_bytes") > 10 * MIB, "nothing is held")
            self.assertLess(self.metric("tstrm_requests_memory_bytes"), 256 * MIB)
            for _ in range(20):
                self.poll()
            if os.environ.get("OVERLOAD_LONG"):  # nobody reads: it ends by itself
                self.until(lambda: self.metric("tstrm_requests_memory_bytes") == 0, "held for longer than 30 s", 45)
        self.back_to(fds)


class Streams(Overload):
    @unittest.skipUnless(os.environ.get("OVERLOAD_LONG"), "takes a minute: set OVERLOAD_LONG")
    def test_streams_of_events_that_nobody_reads_end(self):
        self.has_series("s", daily_wave(2000), season=[24], fit="off")
        job = self.ok(self.client.post("/v1/series/s/backtest", {"horizon": 24, "windows": 80, "step": 5}), 202)
        path = f"/v1/jobs/{job.json()['id']}/events"
        fds = descriptors(self.daemon.process.pid)
        with Crowd(self.daemon.port, 100, head("GET", path), buffer=1024):
            self.until(lambda: self.metric("tstrm_event_streams") == 100 or self.metric("tstrm_event_streams") == 0,
                       "streams did not begin")
            self.until(lambda: self.metric("tstrm_event_streams") == 0, "streams go on", 90)
        self.back_to(fds)


class Memory(Overload):
    LIMIT = 96
    BEYOND = 48  # MiB that work in progress may take when the limit is reached
    arguments = ("--memory-max", f"{LIMIT}MiB")
    SECONDS = float(os.environ.get("OVERLOAD_SECONDS", "4"))

    @classmethod
    def setUpClass(cls):
        if BINARY and sanitized(BINARY):
            raise unittest.SkipTest("a sanitizer's memory is not the daemon's")
        super().setUpClass()

    def new_batch(self, client, n):
        return client.post("/v1/points", {"series": [{"id": f"b{n}.{i}", "points": [[T0 + j * 3600000, j] for j in
                                                                                    range(30)]} for i in range(300)]})

    def hostile(self, seen, until):
        client, n = self.daemon.client(), 0
        wide = b'{"series":[{"values":[' + b"1," * 400000 + b"1]}]}"
        csv = b"".join(b"%d,%d\n" % (T0 + i * 3600000, i % 9) for i in range(200000))
        while time.monotonic() < until:
            n += 1
            for answer in (client.post("/v1/forecast", wide, type="application/json"),
                           client.post(f"/v1/series/c{n % 3}/points", csv, type="text/csv"),
                           self.new_batch(client, f"{id(seen)}.{n}")):
                seen.append(answer)
        client.close()

    def test_a_hostile_mix_stays_below_the_limit_while_polls_go_on(self):
        seen, most = [], 0
        until = time.monotonic() + self.SECONDS
        threads = [threading.Thread(target=self.hostile, args=(seen, until)) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.poll()
            most = max(most, resident(self.daemon.process.pid))
        self.assertLess(most, (self.LIMIT + self.BEYOND) * MIB)
        refused = [answer for answer in seen if answer.status == 503]
        self.assertGreater(len(refused), 0)
        self.assertProblem(refused[0], 503, words=("memory is short",))
        self.assertIn("retry-after", refused[0].headers)
        self.assertEqual({answer.status for answer in seen} - {200, 201, 503}, set())
        self.assertGreater(self.metric("tstrm_memory_refusals_total"), 0)
        self.assertEqual(self.metric("tstrm_memory_max_bytes"), self.LIMIT * MIB)

    def test_where_the_limit_is_below_what_it_needs_it_says_so_and_serves_what_it_can(self):
        daemon = Daemon(BINARY, self.store + ".small", ("--memory-max", "1MiB")).start()
        self.addCleanup(daemon.stop)
        client = daemon.client()
        self.addCleanup(client.close)
        self.ok(client.get("/livez"))
        self.until(lambda: client.get("/readyz").status == 503, "it says nothing")
        self.assertProblem(client.put("/v1/series/new", {"frequency": "1h"}), 503, words=("memory is short",))
        self.assertProblem(client.post("/v1/forecast", {"series": [{"values": [1, 2, 3]}]}), 503)
        self.assertEqual(metric(client.get("/metrics").body.decode(), "tstrm_memory_short"), 1)


class Readme(unittest.TestCase):
    def test_the_limits_of_the_readme_are_those_of_the_program(self):
        """Every option that is a bound is a row of README's table, with its default."""
        if not BINARY:
            self.skipTest("the environment variable TSTRMD names no daemon")
        printed = subprocess.run([BINARY, "--print-config"], capture_output=True, text=True, check=True,
                                 env={"PATH": os.environ["PATH"]}).stdout
        readme = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "README.md")
        with open(readme, encoding="utf-8") as file:
            rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in file if line.startswith("| ")]
        table = {row[2].strip("`"): row[1] for row in rows if len(row) == 4 and row[2].startswith("`--")}
        for line in printed.splitlines():
            name, _, rest = line.partition(" = ")
            value = rest.split("#")[0].strip().strip('"')
            if name.endswith("max") or name == "forecast-cache-bytes":
                with self.subTest(name):
                    self.assertIn("--" + name, table)
                    self.assertEqual(re.sub(r"[, ]", "", table["--" + name]).split(":")[0], value)


if __name__ == "__main__":
    main()
