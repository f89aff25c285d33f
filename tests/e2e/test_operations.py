"""Health, numbers, the document about itself, and the command line."""
import os
import re
import subprocess
import tempfile

from case import BINARY, Case, builtin_weights, daily_wave, main, sealed

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? '
                    r'([-+]?(?:[0-9.]+(?:[eE][-+]?[0-9]+)?|Inf)|NaN)$')


class Health(Case):
    def test_every_health_path_says_yes(self):
        for path in ("/livez", "/readyz", "/healthz", "/-/healthy", "/-/ready"):
            with self.subTest(path=path):
                self.ok(self.client.get(path))

    def test_the_root_says_what_this_is(self):
        self.assertIn(b"tstrm", self.ok(self.client.get("/")).body)

    def test_the_served_document_is_the_one_in_the_repository(self):
        answer = self.ok(self.client.get("/openapi.json"))
        self.assertEqual(answer.type, "application/json")
        with open(os.environ["OPENAPI_JSON"], "rb") as file:
            self.assertEqual(answer.body, file.read())

    def test_a_trace_id_is_echoed(self):
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        answer = self.ok(self.client.get("/v1/series", headers={"traceparent": parent}))
        self.assertIn("0af7651916cd43dd8448eb211c80319c", answer.headers.get("traceparent", ""))


class Metrics(Case):
    def samples(self):
        """{(name, labels): value}, every line checked against the text format."""
        answer = self.ok(self.client.get("/metrics"))
        self.assertTrue(answer.headers["content-type"].startswith("text/plain"), answer)
        self.assertTrue(answer.body.endswith(b"\n"))
        seen, types = {}, {}
        for line in answer.body.decode().splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.assertNotIn(name, types, "declared twice")
                types[name] = kind
            elif not line.startswith("#"):
                match = SAMPLE.match(line)
                self.assertIsNotNone(match, line)
                key = match.group(1), match.group(2) or ""
                self.assertNotIn(key, seen, "sampled twice")
                seen[key] = float(match.group(3))
        for name, _ in seen:
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            self.assertTrue(name in types or types.get(family) == "histogram", name)
            self.assertTrue(name.startswith(("tstrm_", "process_")), name)
        return seen, types

    def test_numbers_are_well_formed(self):
        _, types = self.samples()
        for name, kind in types.items():
            self.assertEqual(kind == "counter", name.endswith("_total"), name)

    def test_histograms_add_up(self):
        self.has_series("h", daily_wave(50), fit="off")
        self.ok(self.client.get("/v1/series/h/forecast"))
        seen, types = self.samples()
        for name in (name for name, kind in types.items() if kind == "histogram"):
            buckets = [(float(re.search(r'le="([^"]+)"', labels).group(1).replace("+Inf", "inf")), value)
                       for (family, labels), value in seen.items() if family == name + "_bucket"]
            counts = [value for _, value in sorted(buckets)]
            self.assertEqual(counts, sorted(counts), name)
            self.assertEqual(counts[-1], seen[name + "_count", ""], name)

    def test_the_shared_weights_are_named_with_their_size(self):
        seen, _ = self.samples()
        (labels, value), = [(labels, value) for (name, labels), value in seen.items() if name == "tstrm_weights_info"]
        self.assertEqual(value, 1)
        self.assertRegex(labels, r'^\{name="[^"]+",identity="[0-9a-f]{16}"\}$')
        self.assertGreater(seen["tstrm_weights_parameters", ""], 100_000)
        self.assertGreaterEqual(seen["tstrm_weights_networks", ""], 1)

    def test_what_happens_is_counted_and_no_series_is_named(self):
        before, _ = self.samples()
        self.has_series("secret-name", daily_wave(100), season=[24], fit="off")
        for _ in range(2):
            self.ok(self.client.get("/v1/series/secret-name/forecast"))
        self.ok(self.client.post("/v1/series/secret-name/fit", headers={"Prefer": "wait=120"}))
        after, _ = self.samples()

        def grew(name, labels=""):
            return after[name, labels] - before.get((name, labels), 0)

        self.assertEqual(grew("tstrm_points_written_total"), 100)
        self.assertEqual(grew("tstrm_forecast_cache_hits_total"), 1)
        self.assertEqual(grew("tstrm_fits_total", '{outcome="succeeded"}'), 1)
        self.assertGreaterEqual(grew("tstrm_forecasts_total"), 1)
        self.assertNotIn(b"secret-name", self.client.get("/metrics").body)


class CommandLine(Case):
    """Runs the program without a server."""

    @classmethod
    def setUpClass(cls):
        if not BINARY:
            super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        pass

    def run_with(self, *arguments, environment=None):
        return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL)

    def test_help_and_version_succeed(self):
        shown = self.run_with("--help")
        self.assertEqual((shown.returncode, "--listen" in shown.stdout), (0, True))
        self.assertEqual(self.run_with("--version").returncode, 0)

    def test_an_unknown_flag_fails_and_is_named(self):
        shown = self.run_with("--frobnicate")
        self.assertNotEqual(shown.returncode, 0)
        self.assertIn("frobnicate", shown.stderr)

    def test_an_unknown_environment_variable_fails_and_is_named(self):
        shown = self.run_with("--check-config", environment={"TSTRM_WORKER": "3"})
        self.assertNotEqual(shown.returncode, 0)
        self.assertIn("TSTRM_WORKER", shown.stderr)

    def test_the_configuration_shows_where_values_come_from(self):
        shown = self.run_with("--print-config", "--workers", "3", environment={"TSTRM_LISTEN": "127.0.0.1:9"})
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("127.0.0.1:9", shown.stdout)
        self.assertIn("TSTRM_LISTEN", shown.stdout)

    def test_listening_beyond_this_machine_is_refused_without_keys(self):
        self.assertNotEqual(self.run_with("--check-config", "--listen", "0.0.0.0:8080").returncode, 0)

    def test_a_store_that_is_no_database_is_refused_and_left_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "letter.txt")
            with open(path, "w") as file:
                file.write("Dear reader,\n" * 1000)
            shown = self.run_with("--listen", "127.0.0.1:0", "--store", path)
            self.assertEqual(shown.returncode, 1)
            self.assertIn("letter.txt", shown.stderr)
            with open(path) as file:
                self.assertEqual(file.read(), "Dear reader,\n" * 1000)

    def refuses_weights(self, content, words):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "other.trmw")
            if content is not None:
                with open(path, "wb") as file:
                    file.write(content)
            shown = self.run_with("--listen", "127.0.0.1:0", "--store", os.path.join(folder, "s.db"),
                                  "--weights", path)
            self.assertEqual(shown.returncode, 1, shown.stderr)
            self.assertIn(path, shown.stderr)
            self.assertIn(words, shown.stderr)
            self.assertFalse(os.path.exists(os.path.join(folder, "s.db")))

    def test_weights_that_are_damaged_cut_foreign_or_absent_are_refused_by_name(self):
        good = builtin_weights()
        broken = bytearray(good)
        broken[len(good) // 2] ^= 1
        for content in (bytes(broken), good[:-1], good + b"x", b"Dear reader,\n", b""):
            self.refuses_weights(content, "damaged, or not a weights file")
        self.refuses_weights(sealed(good[:8] + bytes([99]) + good[9:]), "made for another version")
        self.refuses_weights(sealed(good[:12] + bytes([good[12] ^ 1]) + good[13:]), "made for another version")
        self.refuses_weights(None, "No such file")

    def test_the_configuration_names_the_weights(self):
        self.assertRegex(self.run_with("--print-config").stdout, r"(?m)^weights\s*=\s*builtin\b")
        shown = self.run_with("--print-config", environment={"TSTRM_WEIGHTS": "/a/b.trmw"})
        self.assertIn("/a/b.trmw", shown.stdout)
        self.assertIn("TSTRM_WEIGHTS", shown.stdout)

    def test_a_healthcheck_of_nobody_fails(self):
        self.assertNotEqual(self.run_with("--healthcheck", "--listen", "127.0.0.1:1").returncode, 0)


class TakenAddress(Case):
    def test_an_address_that_is_taken_is_refused_and_named(self):
        with tempfile.TemporaryDirectory() as folder:
            address = f"127.0.0.1:{self.daemon.port}"
            shown = subprocess.run([BINARY, "--listen", address, "--store", os.path.join(folder, "s.db")],
                                   capture_output=True, text=True, timeout=60)
            self.assertEqual(shown.returncode, 1)
            self.assertIn(str(self.daemon.port), shown.stderr)

    def test_a_healthcheck_of_a_running_daemon_succeeds(self):
        shown = subprocess.run([BINARY, "--healthcheck", "--listen", f"127.0.0.1:{self.daemon.port}"],
                               capture_output=True, text=True, timeout=60)
        self.assertEqual(shown.returncode, 0, shown.stderr)

    def test_the_log_is_one_line_an_event(self):
        self.ok(self.client.get("/v1/series/x%0ay"), 400)
        self.assertTrue(all(re.match(r"^ts=\S+ level=\w+ msg=", line) for line in self.daemon.lines),
                        self.daemon.log())


if __name__ == "__main__":
    main()
