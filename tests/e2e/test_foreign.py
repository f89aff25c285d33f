"""What others may put in: pages of other sites, names that point here, texts that want to be a page or a log line."""
import http.client
import json
import unittest

from case import BINARY, Case, Daemon, main, pairs

HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'; DROP TABLE series; --", "a\nlevel=error msg=forged",
           "\x1b[31mred\x1b[0m", "\u202etxt.exe", "{{7*7}}", "=cmd|' /C calc'!A0"]


class Foreign(Case):
    arguments = ("--log-format", "json", "--log-level", "debug")

    def ask(self, method, path, headers, body=None, daemon=None):
        """One request on a connection of its own, with exactly these headers besides the length."""
        connection = http.client.HTTPConnection("127.0.0.1", (daemon or self.daemon).port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


class Pages(Foreign):
    """Forms and fetches that a page elsewhere can make a browser send without being allowed anything."""

    SENT = (("POST", "/v1/series/page/fit", None, None), ("POST", "/-/reload", None, None),
            ("POST", "/write?db=x", b"page value=1", "text/plain"), ("POST", "/query", b"q=CREATE%20DATABASE%20x",
                                                                   "application/x-www-form-urlencoded"),
            ("POST", "/v1/series/page/points", b"timestamp,value\n1795392000000,1\n", "text/csv"),
            ("DELETE", "/v1/series/page", None, None), ("PUT", "/v1/series/page", b"{}", "application/json"),
            ("POST", "/v1/admin/backup", b"{}", "application/json"), ("POST", "/api/v1/query", b"query=1",
                                                                    "application/x-www-form-urlencoded"))

    def refused(self, **headers):
        for method, path, body, type in self.SENT:
            with self.subTest(path):
                more = {"Content-Type": type} if type else {}
                status, _, told = self.ask(method, path, {**headers, **more}, body)
                self.assertEqual(status, 403, told)
                self.assertIn(b"not this daemon's", told)
        self.assertProblem(self.client.get("/v1/series/page"), 404)

    def test_a_page_of_another_origin_changes_nothing(self):
        self.refused(Origin="https://evil.example")

    def test_a_page_without_an_origin_changes_nothing(self):
        self.refused(Origin="null")

    def test_a_page_on_another_port_changes_nothing(self):
        self.refused(Origin="http://127.0.0.1:1")

    def test_a_browser_that_says_the_page_is_elsewhere_changes_nothing(self):
        self.refused(**{"Sec-Fetch-Site": "cross-site"})

    def test_a_page_of_this_daemon_may_change_things(self):
        own = f"http://127.0.0.1:{self.daemon.port}"
        for headers in ({"Origin": own}, {"Origin": own, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
            status, _, told = self.ask("PUT", "/v1/series/own", {**headers, "Content-Type": "application/json"}, b"{}")
            self.assertIn(status, (200, 201), told)

    def test_no_page_elsewhere_may_read_an_answer(self):
        self.ok(self.client.put("/v1/series/read", {}), 201)
        for method in ("GET", "OPTIONS"):
            status, headers, _ = self.ask(method, "/v1/series/read", {
                "Origin": "https://evil.example", "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "content-type"})
            self.assertIn(status, (200, 204))
            self.assertEqual([name for name in headers if name.lower().startswith("access-control")], [])


class Names(Foreign):
    """A name of somebody else's that points to this machine makes a browser take us for that site."""

    def test_a_name_that_is_not_ours_is_refused_for_reading_too(self):
        for path, shape in (("/v1/series", "detail"), ("/", "detail"), ("/api/v1/query?query=1", "error")):
            status, _, told = self.ask("GET", path, {"Host": f"evil.example:{self.daemon.port}"})
            self.assertEqual(status, 421, told)
            self.assertIn("--host-names", json.loads(told)[shape])

    def test_our_own_names_are_taken(self):
        for name in ("localhost", "127.0.0.1:1", "[::1]", "tstrm"):
            self.assertEqual(self.ask("GET", "/v1/series", {"Host": name})[0], 200, name)

    def test_more_names_can_be_given(self):
        daemon = Daemon(BINARY, self.store + ".names", ("--host-names", "tstrm.example.org")).start()
        try:
            for name, wanted in (("tstrm.example.org", 200), ("evil.example", 421)):
                self.assertEqual(self.ask("GET", "/v1/series", {"Host": name}, daemon=daemon)[0], wanted)
            status, _, _ = self.ask("PUT", "/v1/series/proxied", {"Origin": "https://tstrm.example.org", "Content-Type":
                                                                 "application/json"}, b"{}", daemon=daemon)
            self.assertEqual(status, 201)
        finally:
            daemon.stop()


class Texts(Foreign):
    """Texts of others are data wherever they turn up again."""

    def test_ids_and_labels_never_make_a_page(self):
        for i, text in enumerate(HOSTILE):
            label = "".join(c for c in text if c >= " ")
            self.ok(self.client.put(f"/v1/series/hostile{i}", {"labels": {"note": label}}), 201)
            self.ok(self.client.post(f"/v1/series/hostile{i}/points", {"points": pairs([1, 2, 3, 4])}))
        for path in ("/v1/series", "/v1/series/hostile0", "/v1/series/hostile0/forecast", "/api/v1/labels", "/v1/jobs",
                     "/api/v1/series?match[]=%7Bnote%3D~%22.%2B%22%7D", "/v1/series?format=csv", "/metrics",
                     "/v1/series/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/%3Cscript%3E", "/v1/jobs/%3Cb%3E"):
            answer = self.client.get(path)
            self.assertEqual(answer.headers.get("x-content-type-options"), "nosniff", path)
            self.assertNotIn("html", answer.headers["content-type"], path)
        page = self.client.get("/")
        self.assertIn("default-src 'none'", page.headers["content-security-policy"])
        self.assertNotIn(b"<script", page.body)

    def test_a_cached_answer_and_one_that_is_packed_say_so_too(self):
        self.has_series("sniff", [1, 2, 3, 4, 5, 6])
        for headers in ({}, {}, {"Accept-Encoding": "gzip"}):
            answer = self.ok(self.client.get("/v1/series/sniff/forecast", headers=headers))
            self.assertEqual(answer.headers["x-content-type-options"], "nosniff")

    def test_no_text_of_a_request_makes_a_log_line_of_its_own(self):
        for text in HOSTILE:
            quoted = "".join(f"%{byte:02X}" for byte in text.encode())
            for path in (f"/v1/series/{quoted}", f"/v1/series?prefix={quoted}", f"/{quoted}", f"/api/v1/query?query={quoted}"):
                self.client.get(path, headers={"traceparent": text.replace("\n", " ").encode("utf-8", "replace")})
            self.client.put(f"/v1/series/{quoted}", {"labels": {text: text}})
        self.ok(self.client.get("/livez"))
        lines = [line for line in self.daemon.log().splitlines() if line.strip()]
        self.assertGreater(len(lines), len(HOSTILE))
        for line in lines:
            self.assertIsInstance(json.loads(line), dict, line)
            self.assertFalse(any(ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0 for c in line), line)

    def test_an_id_is_a_name_and_no_path(self):
        for text in ("../../etc/passwd", "..", "%2e%2e%2f", "/etc/passwd", "C:\\x", "a/../../b"):
            quoted = "".join(f"%{byte:02X}" for byte in text.encode())
            status = self.client.post(f"/v1/series/{quoted}/points", {"points": pairs([1])}).status
            self.assertIn(status, (201, 400, 422), text)
            if status == 201:
                self.assertEqual(self.ok(self.client.get(f"/v1/series/{quoted}")).json()["id"], text)


if __name__ == "__main__":
    main()
