"""Real agents write into the daemon unchanged: a Prometheus server, Prometheus' Go client of remote write 2.0, and
InfluxDB's own Python clients. Each is skipped, with the reason, where it is not there and cannot be fetched."""
import fcntl
import hashlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from urllib.parse import quote

from case import T0, Case, main
from prometheus import Prometheus, Target, find, free_port

ROOT = os.environ.get("BUILD_ROOT", tempfile.gettempdir())
HERE = os.path.dirname(os.path.abspath(__file__))
CONFIG = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
- {{job_name: tstrm, static_configs: [{{targets: ["127.0.0.1:{daemon}"]}}]}}
- {{job_name: node, static_configs: [{{targets: ["127.0.0.1:{target}"], labels: {{site: north}}}}]}}
remote_write:
- url: http://127.0.0.1:{daemon}/api/v1/write
  queue_config: {{batch_send_deadline: 200ms, min_backoff: 50ms, max_backoff: 500ms}}
"""


def once(name, make):
    """A folder under the build root that make(folder) fills, once for all who ask: (folder or None, why not)."""
    folder = os.path.join(ROOT, name)
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(os.path.join(folder, "complete")):
            return folder, None
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        why = make(folder)
        if why:
            shutil.rmtree(folder, ignore_errors=True)
            return None, why
        with open(os.path.join(folder, "complete"), "w") as file:
            file.write(name + "\n")
    return folder, None


def run(command, **more):
    """Why it failed, in a line, or None."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, **more)
    except (OSError, subprocess.TimeoutExpired) as failure:
        return f"{command[0]}: {failure}"
    last = (done.stdout + done.stderr).strip().splitlines()[-1:]
    return None if done.returncode == 0 else f"{' '.join(command[:4])}: {''.join(last) or 'failed'}"


def wait_for(look, seconds=60):
    """The first true value of look(), or the last."""
    until = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.2)
    return found


class Agents(Case):
    def points(self, series):
        answer = self.client.get(f"/v1/series/{quote(series, safe='')}/points?limit=100000")
        return answer.json()["points"] if answer.status == 200 else []

    def names(self):
        return [series["id"] for series in self.ok(self.client.get("/v1/series?limit=1000")).json()["series"]]


class PrometheusServer(Agents):
    arguments = ("--ingest-frequency", "1s", "--ingest-series-max", "5000")

    @classmethod
    def setUpClass(cls):
        program, why = find(ROOT)
        if program is None:
            raise unittest.SkipTest(why)
        super().setUpClass()
        cls.target = Target(lambda: f"# TYPE node_load1 gauge\nnode_load1 {3 + math.sin(time.time()):.4f}\n"
                                    f'node_cpu_seconds_total{{cpu="0",mode="idle"}} {time.monotonic():.2f}\n')
        cls.addClassCleanup(cls.target.stop)
        cls.prometheus = Prometheus(program, CONFIG.format(daemon=cls.daemon.port, target=cls.target.port))
        cls.addClassCleanup(cls.prometheus.stop)
        cls.prometheus.start()

    def name(self, metric, more=""):
        return f'{metric}{{{more}instance="127.0.0.1:{self.target.port}",job="node",site="north"}}'

    def test_1_series_arrive_under_their_documented_names(self):
        wanted = [self.name("node_load1"), f'up{{instance="127.0.0.1:{self.daemon.port}",job="tstrm"}}',
                  f'node_cpu_seconds_total{{cpu="0",instance="127.0.0.1:{self.target.port}",job="node",mode="idle",'
                  'site="north"}',
                  f'tstrm_series{{instance="127.0.0.1:{self.daemon.port}",job="tstrm"}}']
        self.assertTrue(wait_for(lambda: set(wanted) <= set(self.names())), self.names())

    def test_2_a_forecast_answers_after_enough_samples(self):
        path = f"/v1/series/{quote(self.name('node_load1'), safe='')}/forecast?horizon=5"
        answer = wait_for(lambda: (got := self.client.get(path)).status == 200 and got)
        self.assertTrue(answer)
        self.assertEqual(len(answer.json()["median"]), 5)
        found = self.ok(self.client.get("/api/v1/query?query=node_load1:actual")).json()["data"]["result"]
        self.assertEqual([row["metric"]["site"] for row in found], ["north"])

    def test_3_a_killed_daemon_loses_nothing_that_was_acknowledged(self):
        cls = type(self)
        name, port = self.name("node_load1"), cls.daemon.port
        for round_ in range(2):
            before = len(self.points(name))
            self.assertTrue(wait_for(lambda: len(self.points(name)) > before + 4))
            cls.daemon.signal(signal.SIGKILL)
            cls.daemon.wait()
            time.sleep(2 * round_)  # the second time the sender has to try again
            cls.daemon = cls.new_daemon(listen=f"127.0.0.1:{port}").start()
            self.client = cls.daemon.client()
            self.addCleanup(self.client.close)
        after = len(self.points(name))
        self.assertTrue(wait_for(lambda: len(self.points(name)) > after + 4))
        self.assertEqual(self.prometheus.metric("prometheus_remote_storage_samples_failed_total"), 0)
        answer = json.loads(self.prometheus.get("/api/v1/query", query='node_load1{job="node"}[10m]'))
        known = [(round(t * 1000), float(v)) for t, v in answer["data"]["result"][0]["values"]]
        last = known[-1][0]
        self.assertTrue(wait_for(lambda: self.points(name)[-1][0] >= last))
        stored = {t: v for t, v in self.points(name)}
        self.assertEqual([(t, v) for t, v in known if stored.get(t) != v], [])

    def test_4_a_target_that_goes_leaves_no_stale_points(self):
        name = self.name("node_load1")
        before = len(self.points(name))
        self.assertTrue(wait_for(lambda: len(self.points(name)) > before))
        self.target.stop()
        metric = 'tstrm_ingest_dropped_total{reason="stale_marker"}'

        def dropped():
            text = self.ok(self.client.get("/metrics")).body.decode()
            return float(re.search(rf"^{re.escape(metric)} (\S+)$", text, re.MULTILINE).group(1))

        self.assertTrue(wait_for(lambda: dropped() >= 2))
        self.assertNotIn(None, [v for _, v in self.points(name)])


GO_MODULE = """module example.org/writes

go 1.26.0

require github.com/prometheus/client_golang/exp v0.0.0-20261019101427-217707f26b14
"""
GO_PROGRAM = """package main

import (
    "context"
    "fmt"
    "os"
    "strconv"

    "github.com/prometheus/client_golang/exp/api/remote"
    writev2 "github.com/prometheus/client_golang/exp/api/remote/genproto/v2"
)

func main() {
    t0, _ := strconv.ParseInt(os.Args[2], 10, 64)
    api, err := remote.NewAPI(os.Args[1])
    if err != nil {
        panic(err)
    }
    symbols := writev2.NewSymbolTable()
    refs := symbols.SymbolizeLabels([]string{"__name__", "go_made", "job", "go"}, nil)
    series := &writev2.TimeSeries{LabelsRefs: refs}
    for i := int64(0); i < 5; i++ {
        series.Samples = append(series.Samples, &writev2.Sample{Value: float64(i), Timestamp: t0 + i*1000})
    }
    request := &writev2.Request{Symbols: symbols.Symbols(), Timeseries: []*writev2.TimeSeries{series}}
    stats, err := api.Write(context.Background(), remote.WriteV2MessageType, request)
    if err != nil {
        panic(err)
    }
    fmt.Println(stats.Samples, stats.Histograms, stats.Exemplars)
}
"""


def make_go(folder):
    for name, text in (("go.mod", GO_MODULE), ("main.go", GO_PROGRAM)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    return run(["go", "mod", "tidy"], cwd=folder) or run(["go", "build", "-o", "writes", "."], cwd=folder)


class GoClient(Agents):
    """Prometheus' own client library of remote write 2.0."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which("go"):
            raise unittest.SkipTest("go is not in PATH")
        folder, why = once("go-remote-write-" + hashlib.sha256((GO_MODULE + GO_PROGRAM).encode()).hexdigest()[:12],
                           make_go)
        if folder is None:
            raise unittest.SkipTest(why)
        cls.program = os.path.join(folder, "writes")
        super().setUpClass()

    def test_its_message_is_stored_and_it_reads_the_counts(self):
        done = subprocess.run([self.program, f"http://127.0.0.1:{self.daemon.port}", str(T0)], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "5 0 0"), done.stderr)
        self.assertEqual(self.points('go_made{job="go"}'), [[T0 + i * 1000, i] for i in range(5)])


PACKAGES = ("influxdb-client==1.49.0", "influxdb==5.3.2")
INFLUX_2 = """
import sys
from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
url, t0 = sys.argv[1], int(sys.argv[2])
with InfluxDBClient(url=url, token="any", org="home", enable_gzip=True) as client:
    assert client.ping()
    with client.write_api(write_options=SYNCHRONOUS) as api:
        api.write("b", "home", [Point("m2").tag("host", "a b").field("usage", 1.5 + i).field("n", i)
                                .time(t0 + i * 1000, WritePrecision.MS) for i in range(5)])
        try:
            api.write("b", "home", f"good f=1 {t0}\\nbad\\n", write_precision=WritePrecision.MS)
        except ApiException as error:
            print(error.status, error.body)
"""
INFLUX_1 = """
import sys
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError
port, t0 = int(sys.argv[1].rsplit(":", 1)[1]), int(sys.argv[2])
client = InfluxDBClient("127.0.0.1", port, database="telegraf", gzip=len(sys.argv) > 3)
assert client.ping().startswith("1.8")
client.create_database("telegraf")
assert client.write_points([{"measurement": "m1", "tags": {"host": "a"}, "time": t0 + i * 1000,
                             "fields": {"usage": 0.5 * i, "name": "text"}} for i in range(5)], time_precision="ms")
try:
    client.write(["bad"], params={"db": "telegraf", "precision": "ms"}, protocol="line")
except InfluxDBClientError as error:
    print(error.code, error.content)
"""


def venv_name():
    return "influx-venv-" + hashlib.sha256(" ".join((*PACKAGES, sys.version)).encode()).hexdigest()[:12]


def make_venv(folder):
    python = os.path.join(folder, "bin", "python3")
    return run([sys.executable, "-m", "venv", folder]) or run(
        [python, "-m", "pip", "install", "--quiet", "--retries", "1", "--disable-pip-version-check", *PACKAGES])


class InfluxClients(Agents):
    @classmethod
    def setUpClass(cls):
        folder, why = once(venv_name(), make_venv)
        if folder is None:
            raise unittest.SkipTest(why)
        cls.python = os.path.join(folder, "bin", "python3")
        super().setUpClass()

    def run_client(self, program, *more):
        done = subprocess.run([self.python, "-W", "ignore", "-c", program, f"http://127.0.0.1:{self.daemon.port}",
                               str(T0), *more], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_version_2_writes_and_understands_a_refusal(self):
        told = self.run_client(INFLUX_2)
        self.assertEqual(self.points('m2_usage{host="a b"}'), [[T0 + i * 1000, 1.5 + i] for i in range(5)])
        self.assertEqual(self.points('m2_n{host="a b"}'), [[T0 + i * 1000, i] for i in range(5)])
        status, _, body = told.partition(" ")
        self.assertEqual((status, json.loads(body)["code"], json.loads(body)["line"]), ("400", "invalid", 2))
        self.assertEqual(self.points("good_f"), [[T0, 1]])

    def test_version_1_creates_its_database_and_writes(self):
        for more in ((), ("gzip",)):
            told = self.run_client(INFLUX_1, *more)
            self.assertTrue(told.startswith("400 ") and "partial write" in told, told)
        self.assertEqual(self.points('m1_usage{host="a"}'), [[T0 + i * 1000, 0.5 * i] for i in range(5)])


if __name__ == "__main__":
    main()
