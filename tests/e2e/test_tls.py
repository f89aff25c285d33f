"""TLS: real clients with keys over it, certificates that are wrong or replaced, handshakes that never end, and the
daemon's large bodies, waits and streams over it. The authority is made here with openssl; without it all is skipped."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import warnings

from case import BINARY, Case, T0, Response, body, daily_wave, main
from keys import bearer, new_key
from prometheus import Prometheus, Target, find

import test_agents

SECONDS = 30
CONFIG = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
- job_name: tstrm
  scheme: https
  basic_auth: {{username: prometheus, password: {key}}}
  tls_config: {{ca_file: {ca}}}
  static_configs: [{{targets: ["127.0.0.1:{daemon}"]}}]
- {{job_name: node, static_configs: [{{targets: ["127.0.0.1:{target}"]}}]}}
remote_write:
- url: https://127.0.0.1:{daemon}/api/v1/write
  authorization: {{credentials: {key}}}
  tls_config: {{ca_file: {ca}}}
  queue_config: {{batch_send_deadline: 200ms, min_backoff: 50ms, max_backoff: 500ms}}
"""


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


class Authority:
    """Certificates of one's own in a folder."""

    def __init__(self, folder):
        self.folder, self.made = folder, 0
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
        self.ca = os.path.join(folder, "ca.pem")

    def pair(self, days=1):
        """(certificate file, key file) of a new server; days may be negative: expired."""
        self.made += 1
        name = os.path.join(self.folder, f"server{self.made}")
        with open(name + ".ext", "w", encoding="utf-8") as file:
            file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                f"/CN=server{self.made}", "-keyout", name + ".key", "-out", name + ".csr")
        openssl(self.folder, "x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial",
                str(1000 + self.made), "-days", str(days), "-extfile", name + ".ext", "-out", name + ".pem")
        os.chmod(name + ".key", 0o600)
        return name + ".pem", name + ".key"


class Client:
    """One keep-alive connection over TLS that shows a key."""

    def __init__(self, port, ca, key=None):
        self.connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=SECONDS,
                                                      context=ssl.create_default_context(cafile=ca))
        self.headers = bearer(key) if key else {}

    def request(self, method, path, body=None, **headers):
        self.connection.request(method, path, body, {**self.headers, **headers})
        answer = self.connection.getresponse()
        return Response(answer.status, answer.getheaders(), answer.read())

    def serial(self):
        """Of the certificate that this connection was shown."""
        if self.connection.sock is None:
            self.connection.connect()
        return int(self.connection.sock.getpeercert()["serialNumber"], 16)

    def close(self):
        self.connection.close()


class Tls(Case):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("openssl"):
            raise unittest.SkipTest("there is no openssl to make certificates with")
        if not BINARY:
            super().setUpClass()
        folder = tempfile.TemporaryDirectory(prefix="tstrm-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.authority = Authority(folder.name)
        cls.cert, cls.cert_key = os.path.join(cls.folder, "in-use.pem"), os.path.join(cls.folder, "in-use.key")
        cls.install(*cls.authority.pair())
        cls.file = os.path.join(folder.name, "keys")
        cls.key = new_key(BINARY, "tester", "admin", cls.file)
        cls.arguments = ("--api-keys", cls.file, "--tls-cert", cls.cert, "--tls-key", cls.cert_key,
                         "--ingest-frequency", "1s", "--ingest-series-max", "5000")
        super().setUpClass()

    @classmethod
    def install(cls, cert, key):
        shutil.copy(cert, cls.cert)
        shutil.copy(key, cls.cert_key)

    def setUp(self):
        self.client = self.new_client()

    def new_client(self):
        client = Client(self.daemon.port, self.authority.ca, self.key)
        self.addCleanup(client.close)
        return client

    def fill(self, name, values):
        self.ok(self.client.request("POST", f"/v1/series/{name}/points", json.dumps(body(values)),
                                    **{"Content-Type": "application/json"}), 200, 201)


class Certificates(Tls):
    def test_a_new_pair_is_shown_after_a_reload_and_connections_go_on(self):
        before = self.client.serial()
        self.install(*self.authority.pair())
        self.ok(self.client.request("POST", "/-/reload"))
        self.assertEqual(self.client.serial(), before)
        self.ok(self.client.request("GET", "/v1/series"))
        after = self.new_client().serial()
        self.assertNotEqual(after, before)
        self.install(*self.authority.pair())
        self.daemon.signal(signal.SIGHUP)
        until = time.monotonic() + SECONDS
        while self.new_client().serial() == after and time.monotonic() < until:
            time.sleep(0.05)
        self.assertNotEqual(self.new_client().serial(), after)

    def test_a_wrong_pair_is_refused_and_the_old_one_stays(self):
        serial = self.client.serial()
        good = self.authority.pair()
        self.addCleanup(self.install, *good)
        other_key, expired = self.authority.pair()[1], self.authority.pair(days=-1)
        text = os.path.join(self.folder, "keys")
        for cert, key, words in ((good[0], other_key, "is not the private key of"), (*expired, "expired at"),
                                 (text, good[1], "no chain of certificates"), (good[0], text, "no private key")):
            with self.subTest(words):
                self.install(cert, key)
                answer = self.client.request("POST", "/-/reload")
                self.assertProblem(answer, 422, words=[words, "in-use."])
                self.assertEqual(self.new_client().serial(), serial)
                done = subprocess.run([BINARY, "--check-config", *self.arguments], capture_output=True, text=True,
                                      check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(words, done.stderr)
        os.unlink(self.cert_key)
        self.assertProblem(self.client.request("POST", "/-/reload"), 422, words=["No such file"])

    def test_an_expired_certificate_does_not_start(self):
        cert, key = self.authority.pair(days=-1)
        done = subprocess.run([BINARY, "--listen", "127.0.0.1:0", "--store", f"{self.folder}/x.db", "--tls-cert", cert,
                               "--tls-key", key], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("expired at", done.stderr)

    def test_one_without_the_other_is_refused(self):
        for option, other in (("--tls-cert", "--tls-key"), ("--tls-key", "--tls-cert")):
            done = subprocess.run([BINARY, "--check-config", option, self.cert], capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(other, done.stderr)

    def test_a_key_that_others_may_read_is_warned_of(self):
        cert, key = self.authority.pair()
        self.install(cert, key)
        os.chmod(self.cert_key, 0o644)
        self.addCleanup(os.chmod, self.cert_key, 0o600)
        self.ok(self.client.request("POST", "/-/reload"))
        self.assertLogged("may read the private key")

    def test_the_day_of_expiry_is_a_metric(self):
        text = self.ok(self.client.request("GET", "/metrics")).body.decode()
        at = float(re.search(r"^tstrm_tls_certificate_expiry_timestamp_seconds (\S+)$", text, re.MULTILINE)[1])
        self.assertLess(abs(at - time.time() - 86400), 3600)


class Handshakes(threading.Thread):
    """Two that never end, while other tests go on: one says nothing, one says half a hello, byte by byte."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.closed = port, None  # after how many seconds the slow one was; None: never

    def run(self):
        hello = ssl.MemoryBIO()
        half = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
        try:
            half.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.silent = socket.create_connection(("127.0.0.1", self.port), 60)
        slow, begun = socket.create_connection(("127.0.0.1", self.port), 60), time.monotonic()
        try:
            for byte in hello.read()[:200]:
                slow.sendall(bytes([byte]))
                time.sleep(0.2)
        except ConnectionError:
            self.closed = time.monotonic() - begun
        slow.close()


class Connections(Tls):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.endless = Handshakes(cls.daemon.port)
        cls.endless.start()

    def handshake(self, version):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.authority.ca)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", self.daemon.port), SECONDS) as raw:
            with context.wrap_socket(raw, server_hostname="localhost") as connection:
                return connection.version(), connection.cipher()[0]

    def test_versions_before_1_2_are_refused(self):
        self.assertEqual(self.handshake(ssl.TLSVersion.TLSv1_3)[0], "TLSv1.3")
        version, cipher = self.handshake(ssl.TLSVersion.TLSv1_2)
        self.assertEqual(version, "TLSv1.2")
        self.assertTrue(cipher.startswith("ECDHE-"), cipher)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.handshake(ssl.TLSVersion.TLSv1_1)

    def test_plain_http_ends_without_an_answer(self):
        with self.daemon.socket(SECONDS) as plain:
            plain.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                self.assertNotIn(b"HTTP", plain.recv(1000))
            except ConnectionError:
                pass

    def test_who_says_nothing_or_dribbles_is_cut_off(self):
        """The deadline is 15 s; it holds for the whole handshake, bytes or none. Sorted behind the others."""
        self.endless.join(60)
        self.assertIsNotNone(self.endless.closed)
        self.assertLess(self.endless.closed, 39)  # 200 bytes take 40 s
        self.assertEqual(self.endless.silent.recv(1), b"")
        self.endless.silent.close()

    def test_large_bodies_both_ways_and_a_refusal_within_one(self):
        points = "t,value\n" + "".join(f"{T0 + i * 3600000},{i % 97}\n" for i in range(100_000))
        answer = self.client.request("POST", "/v1/series/large/points", points, **{"Content-Type": "text/csv"})
        self.ok(answer, 201, 200)
        got = self.ok(self.client.request("GET", "/v1/series/large/points?limit=100000&format=csv"))
        self.assertEqual(got.body.count(b"\n"), 100_001)
        for size in (10_000, 8_000_000):
            client = self.new_client()
            wrong = "t,value\nx,y\n" + " " * size
            try:
                answer = client.request("POST", "/v1/series/large/points", wrong, **{"Content-Type": "text/csv"})
                self.assertIn(answer.status, (400, 422), answer)
            except (ConnectionError, ssl.SSLError):
                self.assertGreater(size, 1_000_000)  # the client was still sending when it was told

    def test_a_refusal_within_a_long_body_is_readable(self):
        context = ssl.create_default_context(cafile=self.authority.ca)
        with socket.create_connection(("127.0.0.1", self.daemon.port), SECONDS) as raw:
            with context.wrap_socket(raw, server_hostname="localhost") as connection:
                head = (f"POST /v1/series/large/points HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\n"
                        "Content-Type: text/csv\r\nContent-Length: 9000000\r\n\r\nt,value\nx,y\n")
                connection.sendall(head.encode())
                connection.sendall(b" " * 100_000)
                answer = b""
                while piece := connection.recv(65536):
                    answer += piece
                self.assertRegex(answer, rb"^HTTP/1.1 4(00|22) ")
                self.assertIn(b'"line 2', answer)

    def test_events_come_over_it_and_its_end_is_noticed(self):
        self.fill("long", daily_wave(2048))
        job = self.ok(self.client.request("POST", "/v1/series/long/backtest",
                                          json.dumps({"horizon": 168, "windows": 100, "step": 1}),
                                          **{"Content-Type": "application/json"}), 202).json()["id"]
        self.addCleanup(self.client.request, "DELETE", f"/v1/jobs/{job}")
        stream = self.new_client()
        stream.connection.request("GET", f"/v1/jobs/{job}/events", headers=stream.headers)
        answer = stream.connection.getresponse()
        self.assertTrue(answer.readline().startswith(b"event: state"))
        self.assertEqual(self.streams(), 1)
        answer.close()
        stream.connection.close()
        until = time.monotonic() + SECONDS
        while self.streams() and time.monotonic() < until:
            time.sleep(0.1)
        self.assertEqual(self.streams(), 0)

    def streams(self):
        text = self.ok(self.client.request("GET", "/metrics")).body.decode()
        return float(re.search(r"^tstrm_event_streams (\S+)$", text, re.MULTILINE)[1])

    def test_waits_end_with_their_answer(self):
        self.fill("fitted", daily_wave(500))
        answer = self.client.request("POST", "/v1/series/fitted/fit", **{"Prefer": "wait=60"})
        self.assertEqual(answer.json()["state"], "succeeded", answer)

    def test_many_connect_at_once(self):
        failed = []

        def some():
            try:
                for _ in range(10):
                    client = Client(self.daemon.port, self.authority.ca, self.key)
                    if client.request("GET", "/v1/series").status != 200:
                        failed.append("status")
                    client.close()
            except OSError as error:
                failed.append(repr(error))
        threads = [threading.Thread(target=some) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])

    def test_the_health_check_speaks_it(self):
        at = f"127.0.0.1:{self.daemon.port}"
        command = [BINARY, "--healthcheck", "--listen", at]
        self.assertEqual(subprocess.run([*command, "--tls-cert", self.cert, "--tls-key", self.cert_key],
                                        check=False, timeout=60).returncode, 0)
        self.assertEqual(subprocess.run(command, check=False, timeout=60, capture_output=True).returncode, 1)


class RealClients(Tls):
    def test_curl(self):
        if not shutil.which("curl"):
            self.skipTest("there is no curl")
        def curl(*arguments):
            return subprocess.run(["curl", "-sS", "--max-time", str(SECONDS), "-w", "%{http_code}", *arguments],
                                  capture_output=True, text=True, check=False)
        address = f"https://127.0.0.1:{self.daemon.port}/v1/series"
        done = curl("--cacert", self.authority.ca, "-H", f"Authorization: Bearer {self.key}", address)
        self.assertTrue(done.stdout.endswith("200"), done)
        self.assertTrue(curl("--cacert", self.authority.ca, address).stdout.endswith("401"))
        self.assertTrue(curl("--cacert", self.authority.ca, "-u", f"me:{self.key}", address).stdout.endswith("200"))
        self.assertNotEqual(curl(address).returncode, 0)  # an authority that it does not know

    def test_influxdb_client(self):
        name = test_agents.venv_name()
        folder, why = test_agents.once(name, test_agents.make_venv)
        if folder is None:
            self.skipTest(why)
        program = """
import sys
from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
url, key, ca, t0 = *sys.argv[1:4], int(sys.argv[4])
for token in (key, key[:-1] + ("A" if key[-1] != "A" else "E")):
    with InfluxDBClient(url=url, token=token, org="home", ssl_ca_cert=ca) as client:
        with client.write_api(write_options=SYNCHRONOUS) as api:
            try:
                api.write("b", "home", [Point("tls").field("v", i).time(t0 + i * 1000, WritePrecision.MS)
                                        for i in range(5)])
                print("written")
            except ApiException as error:
                print(error.status, error.body)
"""
        done = subprocess.run([os.path.join(folder, "bin", "python3"), "-W", "ignore", "-c", program,
                               f"https://127.0.0.1:{self.daemon.port}", self.key, self.authority.ca, str(T0)],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        written, refused = done.stdout.splitlines()
        self.assertEqual(written, "written")
        self.assertTrue(refused.startswith("401 ") and '"code":"unauthorized"' in refused, refused)
        self.assertEqual(len(self.ok(self.client.request("GET", "/v1/series/tls_v/points")).json()["points"]), 5)

    def test_prometheus_scrapes_and_writes(self):
        program, why = find(test_agents.ROOT)
        if program is None:
            self.skipTest(why)
        target = Target(lambda: f"# TYPE node_load1 gauge\nnode_load1 {time.time() % 10:.4f}\n")
        self.addCleanup(target.stop)
        prometheus = Prometheus(program, CONFIG.format(daemon=self.daemon.port, target=target.port, key=self.key,
                                                       ca=self.authority.ca))
        self.addCleanup(prometheus.stop)
        prometheus.start()

        def known():
            series = self.ok(self.client.request("GET", "/v1/series?limit=1000")).json()["series"]
            return {one["id"].partition("{")[0] for one in series}
        self.assertTrue(test_agents.wait_for(lambda: {"node_load1", "tstrm_keys"} <= known()), known())
        self.assertEqual(prometheus.metric("prometheus_remote_storage_samples_failed_total"), 0)


if __name__ == "__main__":
    main()
