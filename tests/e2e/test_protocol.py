"""HTTP itself: methods, hostile framing, slow peers. Raw sockets, because a decent client sends none of it."""
import re
import socket
import struct
import threading
import time

from case import Case, daily_wave, main

POINTS = b'{"points":[[1795392000000,1]]}'


def statuses(answer):
    """The status of every answer in the bytes of a connection."""
    return [int(digits) for digits in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


class Methods(Case):
    def test_every_path_refuses_other_methods_and_says_which_it_takes(self):
        paths = {"/v1/series": "GET", "/v1/series/x": "PUT GET DELETE", "/v1/series/x/points": "POST GET",
                 "/v1/series/x/forecast": "GET", "/v1/forecast": "POST", "/v1/series/x/fit": "POST",
                 "/v1/jobs": "GET", "/v1/jobs/0123456789abcdef": "GET DELETE", "/livez": "GET",
                 "/readyz": "GET", "/healthz": "GET", "/-/healthy": "GET", "/-/ready": "GET",
                 "/metrics": "GET", "/openapi.json": "GET", "/": "GET"}
        for path, methods in paths.items():
            for method in ("GET", "PUT", "POST", "DELETE", "PATCH", "BREW"):
                if method in methods.split():
                    continue
                with self.subTest(method=method, path=path):
                    answer = self.client.request(method, path)
                    self.assertProblem(answer, 405)
                    allowed = {name.strip() for name in answer.headers["allow"].split(",")}
                    self.assertEqual(allowed - {"HEAD", "OPTIONS"}, set(methods.split()))

    def test_head_is_answered_like_get_without_a_body(self):
        for path in ("/v1/series", "/livez", "/metrics", "/openapi.json"):
            with self.subTest(path=path):
                answer = self.ok(self.client.request("HEAD", path))
                self.assertEqual(answer.body, b"")


class Raw(Case):
    arguments = ()

    def talk(self, *pieces, timeout=30):
        """What comes back until the peer closes."""
        with self.daemon.socket(timeout) as peer:
            for piece in pieces:
                try:
                    peer.sendall(piece)
                except OSError:
                    break
            return self.rest(peer)

    @staticmethod
    def rest(peer):
        """Everything until the peer closes; a reset is an end as well."""
        seen = b""
        try:
            while True:
                more = peer.recv(65536)
                if not more:
                    return seen
                seen += more
        except ConnectionResetError:
            return seen

    def alive(self):
        self.ok(self.client.get("/livez"))


class Smuggling(Raw):
    """Two readers of one request must never disagree where it ends."""

    def refuse(self, head, *rest):
        answer = self.talk(head, *rest)
        seen = statuses(answer)
        self.assertTrue(seen and seen[0] in (400, 501), answer)
        self.assertNotIn(200, seen, answer)
        self.assertNotIn(201, seen, answer)
        self.assertProblem(self.client.get("/v1/series/smuggled"), 404)
        self.assertProblem(self.client.get("/v1/series/outer"), 404)

    INNER = (b"POST /v1/series/smuggled/points HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
             b"Content-Length: 30\r\nConnection: close\r\n\r\n" + POINTS)

    def outer(self, *framing):
        return (b"POST /v1/series/outer/points HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + b"".join(line + b"\r\n" for line in framing) + b"\r\n")

    def test_two_lengths_are_refused(self):
        self.refuse(self.outer(b"Content-Length: 30", b"Content-Length: 0") + POINTS, self.INNER)

    def test_two_equal_lengths_are_refused(self):
        self.refuse(self.outer(b"Content-Length: 30", b"Content-Length: 30") + POINTS, self.INNER)

    def test_a_list_of_lengths_is_refused(self):
        self.refuse(self.outer(b"Content-Length: 30, 30") + POINTS, self.INNER)

    def test_a_length_beside_chunks_is_refused(self):
        self.refuse(self.outer(b"Content-Length: 30", b"Transfer-Encoding: chunked") + b"0\r\n\r\n", self.INNER)

    def test_chunks_beside_a_length_are_refused(self):
        self.refuse(self.outer(b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"0\r\n\r\n", self.INNER)

    def test_another_transfer_encoding_is_refused(self):
        self.refuse(self.outer(b"Transfer-Encoding: chunked, identity") + b"0\r\n\r\n", self.INNER)

    def test_two_transfer_encodings_are_refused(self):
        self.refuse(self.outer(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity") + b"0\r\n\r\n",
                    self.INNER)

    def test_a_space_before_a_headers_colon_is_refused(self):
        self.refuse(self.outer(b"Content-Length : 30", b"Content-Length: 30") + POINTS, self.INNER)

    def test_a_bare_cr_within_a_header_is_refused(self):
        self.refuse(self.outer(b"X: a\rTransfer-Encoding: chunked", b"Content-Length: 30") + POINTS, self.INNER)

    def test_a_target_with_a_blank_or_a_nul_is_refused(self):
        for blank in (b" ", b"\r", b"\x7f", b"\0"):
            self.refuse(b"GET /v1/series" + blank + b"x HTTP/1.1\r\nHost: x\r\n\r\n", self.INNER)
        self.refuse(b"GET  /v1/series HTTP/1.1\r\nHost: x\r\n\r\n", self.INNER)

    def test_a_folded_header_is_refused(self):
        self.refuse(self.outer(b"Content-Len: 30", b" gth") + POINTS, self.INNER)
        self.refuse(self.outer(b"Content-Length: 30", b"X: a", b"  b") + POINTS, self.INNER)

    def test_a_header_without_a_name_is_refused(self):
        self.refuse(self.outer(b"Content-Length: 30", b": a") + POINTS, self.INNER)
        self.refuse(self.outer(b": a", b"Content-Length: 30") + POINTS, self.INNER)

    def test_a_nul_in_the_head_is_refused(self):
        self.refuse(self.outer(b"Content-Length: 30", b"X: a\0b") + POINTS, self.INNER)
        self.refuse(self.outer(b"Content-Length: 30", b"X: a\0b", b"Y: c") + POINTS, self.INNER)
        self.refuse(self.outer(b"\0: a", b"Content-Length: 30") + POINTS, self.INNER)

    def test_blanks_around_a_headers_value_are_nothing(self):
        answer = self.talk(b"GET /livez HTTP/1.1\r\nHost:x\r\nX:\r\nY: \t b \t\r\nConnection: close\r\n\r\n")
        self.assertEqual(statuses(answer), [200], answer)
        self.assertEqual(statuses(self.talk(b"GET /livez HTTP/1.0\n\n")), [200])

    def test_a_request_without_a_host_gets_one_well_formed_answer(self):
        answer = self.talk(b"GET /v1/series HTTP/1.1\r\n\r\n")
        self.assertEqual(statuses(answer), [400], answer)
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertIn(b"application/problem+json", head)
        self.assertIn(b"Content-Length: %d" % len(body), head)

    def test_a_refused_head_has_no_body(self):
        answer = self.talk(b"HEAD /v1/series HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        self.assertEqual(statuses(answer), [400], answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n"), answer)

    def test_a_wrong_method_with_a_body_without_end_is_told_which_it_takes(self):
        answer = self.talk(b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        self.assertEqual(statuses(answer), [405], answer)
        self.assertIn(b"\r\nAllow: GET, HEAD, OPTIONS\r\n", answer)

    def test_a_negative_length_is_refused(self):
        self.refuse(self.outer(b"Content-Length: -30") + POINTS, self.INNER)

    def test_a_length_with_a_plus_is_refused(self):
        self.refuse(self.outer(b"Content-Length: +30") + POINTS, self.INNER)

    def test_a_length_that_overflows_is_refused(self):
        answer = self.talk(self.outer(b"Content-Length: 18446744073709551646") + POINTS)
        self.assertIn(statuses(answer)[0], (400, 413))
        self.assertProblem(self.client.get("/v1/series/outer"), 404)

    def test_a_bad_chunk_size_stores_nothing(self):
        self.talk(self.outer(b"Transfer-Encoding: chunked") + b"zz\r\n" + POINTS + b"\r\n0\r\n\r\n")
        self.assertProblem(self.client.get("/v1/series/outer"), 404)

    def test_what_only_looks_like_framing_is_refused_and_ends_the_connection(self):
        chunks = b"1e\r\n" + POINTS + b"\r\n0\r\n\r\n"
        for line, rest in ((b"Transfer-Encoding: xchunked", chunks), (b"Transfer-Encoding: \x0bchunked", chunks),
                           (b'Transfer-Encoding: "chunked"', chunks), (b"Transfer-Encoding: chunked,", chunks),
                           (b"Transfer-Encoding : chunked", chunks), (b"Transfer-Encoding\t: chunked", chunks),
                           (b"Transfer-Encoding:\r\n chunked", chunks), (b"X: y\r\n Transfer-Encoding: chunked", chunks),
                           (b"Content-Length : 30", POINTS), (b"Content-Length:\r\n 30", POINTS),
                           (b"Content-Length: 0x1e", POINTS), (b"Content-Length: 3 0", POINTS),
                           (b"Content-Length:", POINTS), (b"X: y\rContent-Length: 30", POINTS),
                           (b"X\x00: y\r\nContent-Length: 30", POINTS), (b"X(: y\r\nContent-Length: 30", POINTS),
                           (b"X: \x1by\r\nContent-Length: 30", POINTS), (b"Rubbish\r\nContent-Length: 30", POINTS),
                           (b"Host: y\r\nContent-Length: 30", POINTS)):
            with self.subTest(line=line):
                self.refuse(self.outer(line) + rest, self.INNER)

    def test_sizes_of_chunks_that_are_none_are_refused_and_end_the_connection(self):
        for size in (b"+1e", b"-1e", b"0x1e", b" 1e", b"1e ", b"", b"1g", b"1_e"):
            with self.subTest(size=size):
                self.refuse(self.outer(b"Transfer-Encoding: chunked") + size + b"\r\n" + POINTS + b"\r\n0\r\n\r\n",
                            self.INNER)
        for rest in (b"1000000000000001e\r\n" + POINTS, b"1e\r\n" + POINTS + b"0\r\n\r\n",
                     b"1e\r\n" + POINTS + b"XX0\r\n\r\n"):
            with self.subTest(rest=rest):
                seen = statuses(self.talk(self.outer(b"Transfer-Encoding: chunked") + rest, self.INNER))
                self.assertTrue(seen and set(seen) <= {400, 413}, seen)
                self.assertProblem(self.client.get("/v1/series/outer"), 404)
                self.assertProblem(self.client.get("/v1/series/smuggled"), 404)

    def test_two_readers_agree_on_what_is_unusual_and_right(self):
        """Extensions, trailers, zeros in front, the absolute form: read once, and the next request is the next."""
        chunked = b"Transfer-Encoding: chunked"
        for framing, rest in (((chunked,), b"1e;a=b\r\n" + POINTS + b"\r\n0\r\n\r\n"),
                              ((chunked,), b"0001e\r\n" + POINTS + b"\r\n0\r\n\r\n"),
                              ((chunked,), b"1e\r\n" + POINTS + b"\r\n0\r\nContent-Length: 30\r\n\r\n"),
                              ((b"content-length:30",), POINTS), ((b"Content-Length: \t30",), POINTS)):
            for first in (b"POST /v1/series/outer/", b"POST http://x/v1/series/outer/"):
                with self.subTest(rest=rest, first=first):
                    whole = (self.outer(*framing) + rest).replace(b"POST /v1/series/outer/", first)
                    seen = statuses(self.talk(whole, self.INNER))
                    self.assertEqual(len(seen), 2, seen)
                    self.assertTrue(set(seen) <= {200, 201}, seen)
        for series in ("outer", "smuggled"):
            self.ok(self.client.delete(f"/v1/series/{series}"), 204)

    def test_other_versions_and_forms_of_a_request_line_store_nothing(self):
        whole = self.outer(b"Content-Length: 30") + POINTS
        for first in (b"POST /v1/series/outer/points", b"POST /v1/series/outer/points HTTP/2.0",
                      b"POST /v1/series/outer/points http/1.1", b"POST /v1/series/outer/points x HTTP/1.1",
                      b"post /v1/series/outer/points HTTP/1.1", b"PO(ST /v1/series/outer/points HTTP/1.1",
                      b"POST\t/v1/series/outer/points HTTP/1.1", b"POST x:80 HTTP/1.1", b"CONNECT x:80 HTTP/1.1"):
            with self.subTest(first=first):
                with self.daemon.socket(5) as peer:
                    peer.sendall(whole.replace(b"POST /v1/series/outer/points HTTP/1.1", first))
                    peer.shutdown(socket.SHUT_WR)
                    for status in statuses(self.rest(peer)):
                        self.assertIn(status, (400, 405, 415, 505))
                self.assertProblem(self.client.get("/v1/series/outer"), 404)

    def test_a_chunked_body_that_ends_early_stores_nothing(self):
        with self.daemon.socket() as peer:
            peer.sendall(self.outer(b"Transfer-Encoding: chunked") + b"1e\r\n" + POINTS + b"\r\n")
            peer.shutdown(socket.SHUT_WR)
            self.rest(peer)
        self.assertProblem(self.client.get("/v1/series/outer"), 404)

    def test_a_body_that_ends_before_its_length_stores_nothing(self):
        with self.daemon.socket() as peer:
            peer.sendall(self.outer(b"Content-Length: 31") + POINTS)
            peer.shutdown(socket.SHUT_WR)
            self.rest(peer)
        self.assertProblem(self.client.get("/v1/series/outer"), 404)


class Hostile(Raw):
    def test_rubbish_is_answered_or_closed(self):
        for text in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), b"\r\n\r\n\r\n", b"GET\r\n\r\n",
                     b"GET / HTTP/9.9\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\nHost x\r\nConnection: close\r\n\r\n",
                     b"GET / HTTP/1.1\r\n\r\n"):
            with self.subTest(text=text[:30]), self.daemon.socket() as peer:
                peer.sendall(text)
                peer.shutdown(socket.SHUT_WR)
                for status in statuses(self.rest(peer)):
                    self.assertTrue(status < 300 or 400 <= status < 600, status)
        self.alive()

    def test_headers_without_end_are_refused(self):
        answer = self.talk(b"GET /livez HTTP/1.1\r\nHost: x\r\n", *[b"X-Filler: " + b"y" * 1000 + b"\r\n"] * 200,
                           b"\r\n")
        for status in statuses(answer):
            self.assertIn(status, (400, 413, 431))
        self.alive()

    def test_a_path_without_end_is_refused(self):
        answer = self.talk(b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for status in statuses(answer):
            self.assertIn(status, (400, 404, 413, 414, 431))
        self.alive()

    def test_requests_in_one_breath_are_answered_in_order(self):
        ask = b"GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n"
        answer = self.talk(b"".join([ask % (b"/livez", b""), ask % (b"/v1/series/none", b""),
                                     ask % (b"/v1/series", b""), ask % (b"/none", b"Connection: close\r\n")]))
        self.assertEqual(statuses(answer), [200, 404, 200, 404])

    def test_writes_in_one_breath_are_answered_in_order(self):
        ask = (b"POST /v1/series/pipeline/points HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
               b"Content-Length: 30\r\n%s\r\n" + POINTS)
        self.assertEqual(statuses(self.talk(ask % b"" + ask % b"" + ask % b"Connection: close\r\n")),
                         [201, 200, 200])

    def test_a_client_that_leaves_at_once_harms_nobody(self):
        self.has_series("left", daily_wave(500), season=[24], fit="off")
        for _ in range(50):
            with self.daemon.socket() as peer:
                peer.sendall(b"POST /v1/series/left/fit HTTP/1.1\r\nHost: x\r\nPrefer: wait=5\r\n"
                             b"Content-Length: 0\r\n\r\n")
            with self.daemon.socket() as peer:
                peer.sendall(b"GET /v1/series/left/forecast?horizon=1024 HTTP/1.1\r\nHost: x\r\n\r\n")
        self.alive()

    def test_a_client_that_resets_its_connection_leaves_nothing_behind(self):
        self.has_series("reset", daily_wave(500), season=[24], fit="off")
        asks = (b"POST /v1/series/reset/fit HTTP/1.1\r\nHost: x\r\nPrefer: wait=5\r\nContent-Length: 0\r\n\r\n",
                b"GET /v1/series/reset/forecast?horizon=1024 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /livez HTTP/1.1\r\n")
        for i in range(60):
            with self.daemon.socket() as peer:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.sendall(asks[i % 3])
                time.sleep(0.002 * (i % 7))
        until = time.monotonic() + 60
        while True:
            open_n = self.ok(self.client.get("/v1/admin/stats")).json()["requests"]["connections"]
            if open_n == 1 or time.monotonic() > until:
                break
            time.sleep(0.2)
        self.assertEqual(open_n, 1)

    def test_many_connections_at_once_are_answered(self):
        self.has_series("crowd", daily_wave(100), season=[24], fit="off")
        failures = []

        def ask():
            client = self.daemon.client()
            try:
                for _ in range(20):
                    if client.get("/v1/series/crowd/forecast?horizon=4").status != 200:
                        failures.append("status")
            except OSError as error:
                failures.append(error)
            finally:
                client.close()

        threads = [threading.Thread(target=ask) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class SlowPeers(Raw):
    """A byte now and then keeps no connection open for longer than its deadline."""

    def drip(self, start, byte):
        """Sends a byte every 0.2 s until the peer has had enough; the seconds are a bound, not a measure."""
        with self.daemon.socket(60) as peer:
            peer.sendall(start)
            peer.settimeout(0.2)
            for _ in range(60 * 5):
                try:
                    if not peer.recv(4096):
                        return
                except TimeoutError:
                    pass
                except OSError:
                    return
                try:
                    peer.sendall(byte)
                except OSError:
                    return
        self.fail("the connection was still open after a minute of dripping")

    def test_a_header_that_drips_in_is_cut_off(self):
        self.drip(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"y")
        self.alive()

    def test_a_body_that_drips_in_is_cut_off_and_stores_nothing(self):
        self.drip(b"POST /v1/series/drip/points HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
                  b"Content-Length: 100000\r\n\r\n2026-11-23T00:00:00Z,1\n", b"\n")
        self.assertProblem(self.client.get("/v1/series/drip"), 404)


if __name__ == "__main__":
    main()
