"""Bodies that are packed on the wire, both ways: who gets gzip, what it unpacks to, and what comes in as zstd."""
import gzip
import json
import re
import shutil
import subprocess
import unittest

from case import Case, body, daily_wave, main


def zstd_frame(data):
    """The bytes as a zstd frame of uncompressed blocks (RFC 8878, 3.1.1), so that no library is needed."""
    frame = b"\x28\xb5\x2f\xfd" + bytes([0xA0]) + len(data).to_bytes(4, "little")
    blocks = [data[i:i + 60000] for i in range(0, len(data), 60000)]
    for i, block in enumerate(blocks):
        last = i == len(blocks) - 1
        frame += (int(last) | len(block) << 3).to_bytes(3, "little") + block
    return frame


class Answers(Case):
    def setUp(self):
        super().setUp()
        self.client.put("/v1/series/wave", {"frequency": "1h", "season": [24], "fit": "off"})
        self.ok(self.client.post("/v1/series/wave/points", body(daily_wave(500))))

    def both(self, path, **headers):
        """The answer as it is, and the one that was packed, unpacked."""
        plain = self.ok(self.client.get(path, headers=headers))
        packed = self.ok(self.client.get(path, headers={**headers, "Accept-Encoding": "gzip"}))
        self.assertNotIn("content-encoding", plain.headers)
        self.assertEqual(packed.headers["content-encoding"], "gzip", path)
        for answer in (plain, packed):
            self.assertIn("Accept-Encoding", answer.headers["vary"])
        self.assertLess(len(packed.body), len(plain.body))
        return plain, gzip.decompress(packed.body), packed

    def test_answers_unpack_to_what_they_are(self):
        for path in ("/v1/series/wave/forecast?horizon=48", "/v1/series/wave/points?limit=400", "/openapi.json",
                     "/v1/series/wave/points?format=csv", "/v1/series/wave/forecast?horizon=48&format=csv"):
            plain, unpacked, packed = self.both(path)
            self.assertEqual(unpacked, plain.body, path)
            self.assertEqual(int(packed.headers["content-length"]), len(packed.body))
            self.assertEqual(packed.type, plain.type)

    def test_metrics_are_packed_for_those_who_ask(self):
        _, unpacked, packed = self.both("/metrics")
        self.assertIn(b"tstrm_build_info", unpacked)
        self.assertEqual(packed.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")

    def test_short_answers_go_as_they_are(self):
        for path in ("/livez", "/v1/series/wave"):
            answer = self.ok(self.client.get(path, headers={"Accept-Encoding": "gzip"}))
            self.assertNotIn("content-encoding", answer.headers)
            self.assertNotIn("vary", answer.headers)

    def test_an_answer_says_which_headers_its_form_depends_on(self):
        for path, vary in (("/v1/series/wave/points?limit=400", "Accept, Accept-Encoding"),
                           ("/v1/series/wave/points?limit=400&format=csv", "Accept-Encoding"),
                           ("/v1/series/wave/points?limit=2", "Accept"), ("/v1/jobs?series=none", "Accept"),
                           ("/v1/jobs?series=none&format=csv", None), ("/metrics", "Accept-Encoding")):
            self.assertEqual(self.ok(self.client.get(path)).headers.get("vary"), vary, path)

    def test_a_client_that_does_not_want_gzip_gets_none(self):
        for accept in ("identity", "gzip;q=0", "br", "gzip;q=0.5, identity", "*;q=0"):
            answer = self.ok(self.client.get("/openapi.json", headers={"Accept-Encoding": accept}))
            self.assertNotIn("content-encoding", answer.headers, accept)

    def test_long_answers_are_packed_while_they_are_sent(self):
        self.client.put("/v1/series/long", {"frequency": "1h"})
        self.ok(self.client.post("/v1/series/long/points", body([i * 1.0625 for i in range(40_000)])))
        path = "/v1/series/long/points?limit=40000"
        plain, unpacked, packed = self.both(path)
        self.assertGreater(len(plain.body), 256 << 10)
        self.assertEqual(unpacked, plain.body)
        self.assertEqual(packed.headers["transfer-encoding"], "chunked")
        self.assertNotIn("content-length", packed.headers)
        self.assertEqual(self.ok(self.client.get(path)).body, plain.body)

    def test_head_says_the_length_that_get_has(self):
        path = "/v1/series/wave/forecast?horizon=48"
        for accept in ("gzip", "identity"):
            for path in ("/v1/series/wave/forecast?horizon=48", "/openapi.json"):
                got = self.ok(self.client.get(path, headers={"Accept-Encoding": accept}))
                head = self.ok(self.client.request("HEAD", path, headers={"Accept-Encoding": accept}))
                self.assertEqual(head.body, b"")
                for name in ("content-length", "content-encoding", "etag", "vary"):
                    self.assertEqual(head.headers.get(name), got.headers.get(name), (path, name))

    def test_each_variant_of_a_forecast_has_its_own_tag_and_both_are_fresh(self):
        for path in ("/v1/series/wave/forecast?horizon=30", "/v1/series/wave/forecast?horizon=31&trace=1"):
            plain, unpacked, packed = self.both(path)
            self.assertEqual(unpacked, plain.body)
            tags = plain.headers["etag"], packed.headers["etag"]
            self.assertNotEqual(*tags)
            for tag in tags:
                for accept in ("gzip", "identity"):
                    again = self.client.get(path, headers={"Accept-Encoding": accept, "If-None-Match": tag})
                    self.assertEqual((again.status, again.headers["etag"], again.body), (304, tag, b""))
                    self.assertEqual(again.headers["vary"], "Accept, Accept-Encoding")
            self.ok(self.client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": '"other-gzip"'}))

    def test_a_tag_is_known_before_there_are_bytes(self):
        tag = self.ok(self.client.get("/v1/series/wave/forecast?horizon=20",
                                      headers={"Accept-Encoding": "gzip"})).headers["etag"]
        self.assertTrue(tag.endswith('-gzip"'))
        # Another spelling of the question is another entry of the cache: nothing is there to be sent.
        again = self.client.get("/v1/series/wave/forecast?horizon=20&levels=80,95",
                                headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
        self.assertEqual((again.status, again.headers["etag"]), (304, tag))

    def test_a_packed_copy_counts_in_the_cache(self):
        def cache_bytes():
            shown = self.ok(self.client.get("/metrics")).body.decode()
            return float(re.search(r"^tstrm_forecast_cache_bytes (\S+)", shown, re.MULTILINE).group(1))
        path = "/v1/series/wave/forecast?horizon=77"
        self.ok(self.client.get(path))
        before = cache_bytes()
        length = len(self.ok(self.client.get(path, headers={"Accept-Encoding": "gzip"})).body)
        grown = cache_bytes() - before
        self.assertGreaterEqual(grown, length)
        self.ok(self.client.get(path, headers={"Accept-Encoding": "gzip"}))
        self.assertEqual(cache_bytes() - before, grown)

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_unpacks_them(self):
        url = f"http://127.0.0.1:{self.daemon.port}/v1/series/wave/forecast?horizon=48"
        shown = subprocess.run(["curl", "-sS", "--compressed", "--fail", "--max-time", "60", url], capture_output=True)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual(len(json.loads(shown.stdout)["median"]), 48)


class Requests(Case):
    def post(self, data, coding, path="/v1/forecast"):
        return self.client.post(path, data, type="application/json", headers={"Content-Encoding": coding})

    def question(self, n=200):
        return json.dumps({"horizon": 3, "series": [{"values": daily_wave(n)}]}).encode()

    def has_zstd(self):
        refused = self.post(b"x", "br")
        return "zstd" in refused.headers["accept-encoding"]

    def test_an_unknown_coding_is_refused_with_those_that_are_known(self):
        for coding in ("br", "deflate", "gzip, gzip"):
            refused = self.post(b"x" * 100, coding)
            self.assertProblem(refused, 415, words=("Content-Encoding", "gzip", coding))
            self.assertIn(refused.headers["accept-encoding"], ("gzip", "gzip, zstd"))
            self.assertEqual(refused.json()["type"], "/problems/content-encoding")

    def test_a_long_body_in_an_unknown_coding_is_told_so_too(self):
        with self.daemon.socket() as line:
            line.sendall(b"POST /v1/forecast HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                         b"Content-Encoding: br\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
            answer = line.recv(65536)
        self.assertTrue(answer.startswith(b"HTTP/1.1 415"), answer)
        self.assertIn(b"\r\nAccept-Encoding: gzip", answer)

    def test_gzip_and_zstd_bodies_are_read_as_what_they_unpack_to(self):
        question = self.question(4000)
        plain = self.ok(self.client.post("/v1/forecast", question, type="application/json"))
        packed = self.ok(self.post(gzip.compress(question), "gzip"))
        self.assertEqual(packed.body, plain.body)
        if not self.has_zstd():
            self.skipTest("this build takes no zstd")
        self.assertEqual(self.ok(self.post(zstd_frame(question), "zstd")).body, plain.body)

    def test_points_come_in_zstd(self):
        if not self.has_zstd():
            self.skipTest("this build takes no zstd")
        lines = "".join(f"{1_795_392_000_000 + i * 3_600_000},{i}\n" for i in range(5000)).encode()
        taken = self.client.post("/v1/series/packed/points", zstd_frame(lines), type="text/csv",
                                 headers={"Content-Encoding": "zstd"})
        self.assertEqual(self.ok(taken, 201).json()["accepted"], 5000)

    @unittest.skipUnless(shutil.which("zstd"), "the zstd program is not installed")
    def test_what_the_zstd_program_packs_is_taken(self):
        if not self.has_zstd():
            self.skipTest("this build takes no zstd")
        question = self.question(3000)
        packed = subprocess.run(["zstd", "-c", "-3"], input=question, capture_output=True, check=True).stdout
        self.assertLess(len(packed), len(question))
        self.assertEqual(len(self.ok(self.post(packed, "zstd")).json()["forecasts"]), 1)

    def test_a_packed_body_that_is_wrong_is_a_clear_error(self):
        codings = {"gzip": gzip.compress(self.question())}
        if self.has_zstd():
            codings["zstd"] = zstd_frame(self.question())
        for coding, packed in codings.items():
            self.assertProblem(self.post(packed[:-5], coding), 400, words=(coding, "cut short"))
            self.assertProblem(self.post(b"no " + packed, coding), 400, words=("not what Content-Encoding", coding))
            self.assertProblem(self.post(packed + b"x", coding), 400, words=("after the end", coding))


class Bounds(Case):
    arguments = ("--body-bytes-max", "64KiB", "--inflight-bytes-max", "128KiB")

    def test_what_unpacks_to_more_than_the_limit_is_cut_there(self):
        packed = gzip.compress(b" " * 1_000_000)
        self.assertLess(len(packed), 4096)
        refused = self.client.post("/v1/forecast", packed, type="application/json",
                                   headers={"Content-Encoding": "gzip"})
        self.assertProblem(refused, 413, words=("65536",))


if __name__ == "__main__":
    main()
