"""Keys: who may do what, how a key is shown, and how it is taken away; wrong ones by the thousand; and that a key
stands nowhere but in its client. The flood and the argon2 checks are real; only the waiting is short."""
import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time

from case import BINARY, Case, Client, T0, body, daily_wave, main
from keys import basic, bearer, new_key, token
from tstrmd import sanitized

METHODS = ("get", "put", "post", "delete")
SCOPES = ("metrics", "read", "write", "admin")
FLOOD = 10_000


class Keys(Case):
    """A daemon with a key for each scope, in a folder of its own."""

    log_level = "info"

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="tstrm-")
        cls.addClassCleanup(folder.cleanup)
        cls.file = os.path.join(folder.name, "keys")
        if not BINARY:
            super().setUpClass()
        cls.keys = {scope: new_key(BINARY, f"the-{scope}", scope, cls.file) for scope in SCOPES}
        cls.arguments = ("--api-keys", cls.file, "--log-level", cls.log_level, "--backup-dir", folder.name)
        super().setUpClass()

    def ask(self, method, path, key=None, body=None, **more):
        """With the headers of a key, or those that are given."""
        headers = bearer(key) if isinstance(key, str) else key
        return self.client.request(method, path, body, headers=headers, **more)

    def lines(self):
        with open(self.file, encoding="utf-8") as file:
            return file.readlines()

    def write(self, lines):
        with open(self.file, "w", encoding="utf-8") as file:
            file.writelines(lines)

    def reload(self):
        return self.ask("POST", "/-/reload", self.keys["admin"])

    def without(self, name):
        """The file without a key, read again; back at the end of the test."""
        before = self.lines()
        self.addCleanup(self.reload)
        self.addCleanup(self.write, before)
        self.write([line for line in before if not line.startswith(f"the-{name} ")])
        self.ok(self.reload())


class Doors(Keys):
    """Every operation of the document, for every key."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        client = cls.daemon.client()
        cls.document = client.get("/openapi.json").json()
        client.close()

    def operations(self):
        """(method, path that can be asked, scopes that are enough; none: open) of every operation."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    said = [scope for way in item[method]["security"] for of in way.values() for scope in of]
                    enough = set(SCOPES[SCOPES.index(said[0]):]) if said else set()
                    yield method.upper(), re.sub(r"{\w+}", "x", path), enough

    def test_without_a_key_nothing_but_health_and_documents_is_answered(self):
        for method, path, enough in self.operations():
            with self.subTest(f"{method} {path}"):
                answer = self.ask(method, path)
                if enough:
                    self.assertEqual(answer.status, 401, answer)
                    self.assertEqual(answer.headers["www-authenticate"], 'Bearer realm="tstrm"')
                else:
                    self.assertNotIn(answer.status, (401, 403), answer)

    def test_a_key_opens_what_its_scope_says_and_nothing_else(self):
        for scope, key in self.keys.items():
            for method, path, enough in self.operations():
                with self.subTest(f"{scope}: {method} {path}"):
                    answer = self.ask(method, path, key)
                    self.assertNotEqual(answer.status, 401, answer)
                    if enough and scope not in enough:
                        self.assertEqual(answer.status, 403, answer)
                        needed = SCOPES[len(SCOPES) - len(enough)]
                        self.assertIn(f'error="insufficient_scope", scope="{needed}"',
                                      answer.headers["www-authenticate"])
                        self.assertIn(f"scope {needed}", answer.body.decode())
                    elif method == "GET" and path == "/v1/series/x":
                        self.assertEqual(answer.status, 404, answer)

    def test_a_head_needs_what_a_get_needs_and_options_nothing(self):
        self.assertEqual(self.ask("HEAD", "/v1/series").status, 401)
        self.assertEqual(self.ask("HEAD", "/v1/series", self.keys["metrics"]).status, 403)
        self.assertEqual(self.ask("HEAD", "/v1/series", self.keys["read"]).status, 200)
        self.assertEqual(self.ask("OPTIONS", "/v1/series").status, 204)

    def test_each_protocol_is_refused_in_its_own_form(self):
        def refused(method, path, **more):
            answer = self.ask(method, path, **more)
            self.assertEqual(answer.status, 401, answer)
            return answer
        self.assertProblem(refused("GET", "/v1/series"), 401, words=["this needs a key"])
        prometheus = refused("GET", "/api/v1/query?query=up").json()
        self.assertEqual((prometheus["status"], prometheus["errorType"]), ("error", "unauthorized"))
        self.assertEqual(refused("POST", "/api/v1/write", body=b"x").type, "text/plain")
        self.assertIn("needs a key", refused("POST", "/write?db=a", body="a b=1").json()["error"])
        self.assertEqual(refused("POST", "/api/v2/write?bucket=a", body="a b=1").json()["code"], "unauthorized")
        self.assertEqual(refused("POST", "/v2/forecast", body={}).json()["detail"][0]["type"], "unauthorized")
        self.assertEqual(refused("POST", "/v1/timeseries/forecast", body={}).json()["error"]["code"], "401")

    def test_a_large_body_without_a_key_is_not_taken(self):
        before = self.ok(self.ask("GET", "/v1/series", self.keys["read"])).json()
        for size in (1000, 3_000_000):
            answer = self.ask("POST", "/v1/series/big/points", body=b" " * size, type="application/json")
            self.assertProblem(answer, 401)
        self.assertEqual(self.ok(self.ask("GET", "/v1/series", self.keys["read"])).json(), before)


class Showing(Keys):
    def test_a_key_is_taken_as_bearer_token_and_password(self):
        key = self.keys["read"]
        for headers in (bearer(key), token(key), basic(key), basic(key, ""), {"Authorization": f"bEARER   {key} "}):
            self.ok(self.ask("GET", "/v1/series", headers))

    def test_anything_else_is_refused(self):
        key = self.keys["read"]
        for value in ("", "Bearer", "Bearer ", key, f"Digest {key}", f"Bearer {key}x", f"Bearer {key[:-1]}",
                      f"Bearer{key}", f"Bearer {key} {key}", "Basic !!!", f"Basic {key}", "Basic " + "A" * 4000,
                      f"Bearer {key[:-1]}{'A' if key[-1] != 'A' else 'E'}"):
            with self.subTest(value[:20]):
                answer = self.ask("GET", "/v1/series", {"Authorization": value})
                self.assertProblem(answer, 401, words=["not known here"])
                self.assertIn('error="invalid_token"', answer.headers["www-authenticate"])

    def test_two_headers_are_refused(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=30)
        self.addCleanup(connection.close)
        connection.putrequest("GET", "/v1/series")
        for name in ("read", "admin"):
            connection.putheader("Authorization", f"Bearer {self.keys[name]}")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 400)

    def test_a_query_is_no_place_for_a_key(self):
        for query in (f"u=a&p={self.keys['write']}", "u=a&p=b", f"p={self.keys['write']}"):
            answer = self.ask("POST", f"/write?db=a&{query}", token(self.keys["write"]), "a b=1")
            self.assertEqual(answer.status, 401, answer)
            self.assertIn("not taken from the query", answer.json()["error"])

    def test_a_key_of_an_unknown_name_is_answered_as_a_wrong_one_is(self):
        answers = [self.ask("GET", "/v1/series", f"tstrm_{name}_{'x' * 43}") for name in ("the-read", "nobody")]
        self.assertEqual(answers[0].body, answers[1].body)
        checked = re.search(r"^tstrm_key_checks_total (\d+)$",
                            self.ask("GET", "/metrics", self.keys["metrics"]).body.decode(), re.MULTILINE)
        self.assertGreaterEqual(int(checked[1]), 3)  # both were, and the one of this question

    def test_a_first_use_by_many_at_once_is_checked_once(self):
        before = self.lines()
        self.addCleanup(self.write, before)
        key = new_key(BINARY, "crowd", "read", self.file)
        self.ok(self.reload())
        statuses, checks = [], self.number("tstrm_key_checks_total")

        def one():
            client = self.daemon.client()
            statuses.append(client.get("/v1/series", headers=bearer(key)).status)
            client.close()
        threads = [threading.Thread(target=one) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 20)
        self.assertEqual(self.number("tstrm_key_checks_total"), checks + 1)

    def number(self, metric):
        text = self.ok(self.ask("GET", "/metrics", self.keys["metrics"])).body.decode()
        return float(re.search(rf"^{re.escape(metric)} (\S+)$", text, re.MULTILINE)[1])

    def test_refusals_are_counted_and_the_key_count_is_shown(self):
        before = self.number('tstrm_key_refusals_total{reason="missing"}')
        self.ask("GET", "/v1/series")
        self.assertEqual(self.number('tstrm_key_refusals_total{reason="missing"}'), before + 1)
        self.assertGreaterEqual(self.number("tstrm_keys"), 4)

    def test_clients_of_timegpt_are_told_that_their_key_is_right(self):
        self.assertIn("is accepted", self.ok(self.ask("GET", "/validate_api_key", self.keys["read"])).json()["detail"])
        self.assertEqual(self.ask("GET", "/validate_api_key").status, 401)


class TakingAway(Keys):
    arguments = ()

    def test_an_open_connection_is_refused_from_the_next_request_on(self):
        client = self.daemon.client()
        self.addCleanup(client.close)
        self.ok(client.get("/v1/series", headers=bearer(self.keys["read"])))
        self.without("read")
        self.assertProblem(client.get("/v1/series", headers=bearer(self.keys["read"])), 401)
        self.ok(client.get("/v1/series", headers=bearer(self.keys["write"])))

    def test_a_smaller_scope_holds_at_once(self):
        before = self.lines()
        self.addCleanup(self.reload)
        self.addCleanup(self.write, before)
        self.ok(self.ask("GET", "/v1/series", self.keys["write"]))
        self.write([line.replace(" write ", " metrics ") for line in before])
        self.ok(self.reload())
        self.assertEqual(self.ask("GET", "/v1/series", self.keys["write"]).status, 403)

    def long_job(self):
        """A backtest that takes seconds; its id."""
        name = f"long{time.monotonic_ns()}"
        admin = self.keys["admin"]
        self.ok(self.ask("POST", f"/v1/series/{name}/points", admin, body(daily_wave(2048))), 200, 201)
        answer = self.ask("POST", f"/v1/series/{name}/backtest", admin, {"horizon": 168, "windows": 100, "step": 1})
        job = self.ok(answer, 202).json()["id"]
        self.addCleanup(self.ask, "DELETE", f"/v1/jobs/{job}", admin)
        return name, job

    def test_a_stream_of_events_ends(self):
        _, job = self.long_job()
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", f"/v1/jobs/{job}/events", headers=bearer(self.keys["read"]))
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.readline().startswith(b"event: state"))
        self.without("read")
        try:
            rest = answer.read()
        except http.client.IncompleteRead as cut:
            rest = cut.partial
        self.assertNotIn(b"event: end", rest)

    def test_a_waiting_request_is_refused(self):
        self.long_job()  # in front of it, so that it must wait
        name = f"behind{time.monotonic_ns()}"
        self.ok(self.ask("POST", f"/v1/series/{name}/points", self.keys["admin"], body(daily_wave(2048))),
                200, 201)
        answers = []

        def wait():
            client = self.daemon.client()
            answers.append(client.request("POST", f"/v1/series/{name}/backtest", {"horizon": 168, "windows": 100, "step": 1},
                                          headers={**bearer(self.keys["write"]), "Prefer": "wait=60"}))
            client.close()
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.3)
        self.without("write")
        thread.join(30)
        self.assertProblem(answers[0], 401, words=["have changed meanwhile"])
        for job in self.ok(self.ask("GET", f"/v1/jobs?series={name}", self.keys["admin"])).json()["jobs"]:
            self.ask("DELETE", f"/v1/jobs/{job['id']}", self.keys["admin"])

    def test_a_wrong_file_changes_nothing_and_is_told(self):
        before = self.lines()
        self.addCleanup(self.write, before)
        for wrong, words in (("the-read read\n", "expected name, scopes and hash"), ("a b c\n", "is no scope"),
                             ("a read $argon2i$v=19$x\n", "must begin with $argon2id$")):
            self.write(before[:2] + ["# a comment\n", wrong])
            answer = self.reload()
            self.assertProblem(answer, 422, words=[f"{self.file}:4: ", words])
            self.daemon.signal(signal.SIGHUP)
            self.ok(self.ask("GET", "/v1/series", self.keys["read"]))
        os.unlink(self.file)
        self.assertProblem(self.reload(), 422, words=["No such file"])
        self.ok(self.ask("GET", "/v1/series", self.keys["write"]))
        self.assertLogged("the old one stays")

    def test_a_key_with_a_new_secret_takes_the_old_ones_place(self):
        before = self.lines()
        self.addCleanup(self.reload)
        self.addCleanup(self.write, before)
        self.ok(self.ask("GET", "/v1/series", self.keys["read"]))
        self.write([line for line in before if not line.startswith("the-read ")])
        new = new_key(BINARY, "the-read", "read", self.file)
        self.ok(self.ask("GET", "/v1/series", self.keys["read"]))  # nobody has read the file yet
        self.ok(self.reload())
        self.assertEqual(self.ask("GET", "/v1/series", self.keys["read"]).status, 401)
        self.ok(self.ask("GET", "/v1/series", new))


class Flood(Keys):
    def flood(self, port, n, answers, name):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for i in range(n):
            connection.request("GET", "/v1/series", headers=bearer(f"tstrm_{name}_{i:043d}"))
            answer = connection.getresponse()
            answer.read()
            answers.append((answer.status, answer.headers.get("Retry-After")))
        connection.close()

    def test_wrong_keys_by_the_thousand_take_nothing_from_right_ones(self):
        n = FLOOD // 20 if sanitized(BINARY) else FLOOD
        self.ok(self.ask("GET", "/v1/series", self.keys["read"]))
        answers = []
        threads = [threading.Thread(target=self.flood, args=(self.daemon.port, n // 2, answers, name))
                   for name in ("the-read", "nobody")]
        for thread in threads:
            thread.start()
        known = 0
        while any(thread.is_alive() for thread in threads):
            self.ok(self.ask("GET", "/v1/series", self.keys["read"]))
            known += 1
            if known == 20:  # one that has not been seen before, from another address
                other = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=60,
                                                   source_address=("127.0.0.2", 0))
                other.request("GET", "/v1/series", headers=bearer(self.keys["write"]))
                self.assertEqual(other.getresponse().status, 200)
                other.close()
        self.assertEqual(len(answers), n // 2 * 2)
        self.assertEqual({status for status, _ in answers} - {401, 429}, set())
        self.assertTrue(all(int(retry) >= 1 for status, retry in answers if status == 429))
        self.assertGreater(known, 20)
        told = self.ask("GET", "/v1/series", self.keys["admin"])  # a first use from the address that floods
        self.assertIn(told.status, (200, 429), told)
        text = self.ok(self.ask("GET", "/metrics", self.keys["read"])).body.decode()
        self.assertLess(int(re.search(r"^tstrm_key_checks_total (\d+)$", text, re.MULTILINE)[1]), 100)


class Secrets(Keys):
    """A run at the most talkative level, with keys in right and wrong places."""

    log_level = "debug"

    def test_a_key_stands_in_no_log_and_no_answer(self):
        outputs = []
        keys = [*self.keys.values(), f"tstrm_{'n' * 32}_{'Z' * 43}", f"tstrm_a_{'q' * 20}{'Q' * 23}"]
        for key in keys:
            for headers in (bearer(key), token(key), basic(key), {"Authorization": key}, {"X-Api-Key": key},
                            {"Cookie": f"key={key}"}, {"traceparent": key}, {"Prefer": key}):
                for method, path, sent in (("GET", "/v1/series", None), ("GET", "/metrics", None),
                                           ("GET", f"/v1/series?limit={key}", None),
                                           ("GET", f"/v1/series?{key}=1", None),
                                           ("GET", f"/v1/series/{key}/forecast", None),
                                           ("PUT", "/v1/series/s", {"frequency": key}),
                                           ("PUT", f"/v1/series/{key}x", {key: key}),
                                           ("POST", f"/write?precision={key}&u=a&p={key}", f"m f={key}"),
                                           ("POST", "/api/v2/write", f"m f={key}"),
                                           ("GET", f"/api/v1/query?query={key}!", None),
                                           ("GET", "/v1/admin/stats", None)):
                    outputs.append(self.ask(method, path, headers, sent))
        admin = self.keys["admin"]
        outputs += [self.ask("GET", path, admin) for path in ("/metrics", "/v1/admin/stats")]
        outputs.append(self.reload())
        self.assertLogged("path=/-/reload")
        texts = [str(answer.headers) + answer.body.decode(errors="replace") for answer in outputs]
        printed = subprocess.run([BINARY, "--print-config", "--api-keys", self.file], capture_output=True, text=True,
                                 check=True)
        texts += [self.daemon.log(), printed.stdout, "".join(self.lines())]
        self.assertIn("key=the-read", self.daemon.log())  # the name may
        for key in keys:
            secret = key[-43:]
            for text in texts:
                for piece in (secret, secret[:30], secret[-12:]):
                    at = text.find(piece)
                    self.assertEqual(at, -1, text[max(at - 200, 0):at + 60])


class Making(Keys):
    def run_daemon(self, *arguments):
        return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60, check=False)

    def test_a_key_is_printed_once_with_its_line(self):
        done = self.run_daemon("--new-key", "grafana", "--scopes", "read,metrics")
        self.assertEqual(done.returncode, 0, done.stderr)
        key, line = done.stdout.splitlines()
        self.assertRegex(key, r"^tstrm_grafana_[A-Za-z0-9_-]{43}$")
        self.assertRegex(line, r"^grafana read,metrics \$argon2id\$v=19\$m=19456,t=2,p=1\$[^ ]+$")
        self.assertNotIn(key[-43:], line)
        self.assertNotEqual(key, self.run_daemon("--new-key", "grafana").stdout.splitlines()[0])

    def test_a_file_is_made_or_gone_on_with_and_names_are_not_taken_twice(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "keys")
            new_key(BINARY, "a", "read", file)
            self.assertEqual(os.stat(file).st_mode & 0o007, 0)
            with open(file, "a", encoding="utf-8") as lines:
                lines.write("# no line end")
            new_key(BINARY, "b", "write", file)
            with open(file, encoding="utf-8") as lines:
                self.assertEqual([line.split()[0] for line in lines], ["a", "#", "b"])
            done = self.run_daemon("--new-key", "a", "--api-keys", file)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("has a key named a already", done.stderr)

    def test_what_is_wrong_is_told(self):
        for arguments, words in (((), "a key's name has"), (("a b",), "a key's name has"),
                                 (("a", "--scopes", "reed"), '"reed" is no scope'), (("a", "--listen"), "unexpected"),
                                 (("a", "--scopes", "read,"), '"" is no scope')):
            done = self.run_daemon("--new-key", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(words, done.stderr)

    def test_a_public_address_needs_keys_or_tls(self):
        done = self.run_daemon("--check-config", "--listen", "0.0.0.0:80")
        self.assertEqual(done.returncode, 2)
        for option in ("--api-keys", "--tls-cert", "--insecure"):
            self.assertIn(option, done.stderr)
        self.assertEqual(self.run_daemon("--check-config", "--listen", "0.0.0.0:80", "--api-keys", self.file).returncode,
                         0)
        self.assertEqual(self.run_daemon("--check-config", "--listen", "0.0.0.0:80", "--insecure").returncode, 0)
        self.assertEqual(self.run_daemon("--check-config", "--api-keys", "/nowhere").returncode, 2)

    def first_lines(self, *arguments):
        """The log of a daemon until it listens, on a loopback address in a form that does not look like one."""
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen([BINARY, "--listen", "[::ffff:127.0.0.1]:0", "--store", f"{folder}/s.db",
                                        *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            lines = []
            for line in process.stderr:
                lines.append(line)
                if "msg=listening" in line:
                    process.send_signal(signal.SIGINT)
            process.stderr.close()
            self.assertEqual(process.wait(30), 0, lines)
            return "".join(lines)

    def test_what_is_missing_is_warned_of_once(self):
        log = self.first_lines("--insecure")
        self.assertEqual(log.count("neither keys nor TLS"), 1, log)
        log = self.first_lines("--api-keys", self.file)
        self.assertEqual(log.count("keys without TLS"), 1, log)
        self.assertEqual(log.count("level=warn"), 1, log)


class Everybody(Case):
    def test_without_the_option_no_key_is_asked_for_and_any_is_taken(self):
        self.ok(self.client.get("/v1/series"))
        self.ok(self.client.get("/v1/series", headers=bearer("anything")))
        self.ok(self.client.post("/write?db=a&u=a&p=b", f"m f=1 {T0 * 1_000_000}"), 204)


if __name__ == "__main__":
    main()
