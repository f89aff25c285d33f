"""Prometheus' own programs against the daemon: promtool as a client and as a judge of /metrics, a Prometheus server
that scrapes it, and the same server as an oracle: the same queries on the same data have the same answers.

Skipped where promtool or prometheus is not in the path (tests/run unpacks Debian's package).
"""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from urllib.parse import urlencode

from case import Case, HOUR, T0, daily_wave, main, pairs

# Ranges are no multiple of a minute: 2.x takes a sample that is exactly a range old, 3.x and we do not.
SCALARS = """1+1; 1/3; -2^2; 2^-1; 2^3^2; 1 - 2 - 3; -7 % 4; 7 % -4; 0/0; 1/0; -1/0; 1e21; 1e20; 123456789.125; 1e-6; 1e-7;
    0.1+0.2; 5e-324; 1.7976931348623157e308; 0x1F; .5; 1e3; NaN; inf; -Inf; 1 == bool 1; 2 < bool 1; 1 <= bool 1; 3 != bool 3;
    (1 + 2) * 3; 1 + 2 * 3; +5; --5; -(3 - 5) ^ 2; 2 * 3 % 4; 10 / 4 * 2; 1 > bool 2 == bool 0; 100000000000000000000000;
    4294967296 * 4294967296; 0 * -1; 1 # a comment"""
VECTORS = """a:actual; a:actual * 2; 100 - a:actual; -a:actual; a:actual > 110; a:actual > bool 110; 110 < a:actual; a:actual % 7;
    a:actual ^ 2; a:actual / 0; a:actual offset 10m; a:actual offset -10m; {__name__="a:actual"}; {__name__=~"a:act.+"};
    {__name__=~"a:act"}; a:actual{series="a"}; a:actual{series!="a"}; a:actual{series=~"a|b"}; a:actual{series!~"b.*"};
    a:actual{none=""}; a:actual{none!=""}; max_over_time(a:actual[337s]); min_over_time(a:actual[337s]);
    sum_over_time(a:actual[337s]); count_over_time(a:actual[337s]);
    last_over_time(a:actual[337s]); max_over_time(a:actual[10m37s] offset -10m) > 105; (a:actual + 1) * 2 - 3 >= 200;
    b:actual"""
BROKEN = """1 +; (1; 1 1; a{b}; a{b=c}; a{b="c}; {}; {a=~".*"}; a[5m; a[5q]; 1 < 2; 1 + bool 2; a[5m] + 1; -a[5m];
    max_over_time(a); a offset; $; a{b=~"("}; a{__name__="b"}; a[0s]; "a; {a="b"c="d"}"""


def split(text):
    return [" ".join(part.split()) if "#" not in part else part.strip() for part in text.split(";")]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def ask(port, call, **parameters):
    """Status and JSON of a call of Prometheus' API."""
    url = f"http://127.0.0.1:{port}/api/v1/{call}?{urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
class Promtool(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = int(time.time())
        client = cls.daemon.client()
        client.put("/v1/series/till.7", {"frequency": "1h", "season": [24], "fit": "off"})
        start = cls.now * 1000 // HOUR * HOUR - 200 * HOUR
        client.post("/v1/series/till.7/points", {"points": pairs(daily_wave(201), start)})
        client.close()

    def promtool(self, *arguments, text=None):
        shown = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=60)
        self.assertEqual(shown.returncode, 0, shown.stdout + shown.stderr)
        return shown.stdout

    def server(self):
        return f"http://127.0.0.1:{self.daemon.port}"

    def test_instant_query(self):
        shown = self.promtool("query", "instant", self.server(), 'till_7:ahead{ahead="6h",ml_forecast="yhat"}')
        self.assertRegex(shown, r'^till_7:ahead\{ahead="6h", ml_forecast="yhat", series="till.7"\} => [\d.]+ @\[[\d.]+\]\n$')

    def test_range_query_that_ends_in_the_future(self):
        shown = self.promtool("query", "range", self.server(), 'till_7:predicted{ml_forecast="yhat"}', "--start",
                              str(self.now + 3600), "--end", str(self.now + 24 * 3600), "--step", "15m")
        self.assertEqual(len(re.findall(r"^[\d.]+ @\[\d+\]$", shown, re.MULTILINE)), 23 * 4 + 1)

    def test_series_and_labels(self):
        shown = self.promtool("query", "series", self.server(), "--match", 'till_7:predicted{ml_forecast=~"yhat_.+"}')
        self.assertEqual(len(shown.split("\n")), 3, shown)
        shown = self.promtool("query", "labels", self.server(), "ml_forecast")
        self.assertEqual(shown.split(), ["yhat", "yhat_lower", "yhat_upper"])

    def test_an_error_is_understood(self):
        shown = subprocess.run(["promtool", "query", "instant", self.server(), "rate(a[5m])"], capture_output=True, text=True,
                               timeout=60)
        self.assertNotEqual(shown.returncode, 0)
        self.assertIn('the function "rate"', shown.stderr)

    def test_metrics_pass_its_check(self):
        text = self.ok(self.client.get("/metrics")).body.decode()
        shown = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
        self.assertEqual((shown.returncode, shown.stdout + shown.stderr), (0, ""))


@unittest.skipUnless(shutil.which("prometheus") and shutil.which("promtool"), "prometheus is not installed")
class Server(Case):
    """A Prometheus server that has the values of the series `a`, a minute apart, and scrapes the daemon."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.values = daily_wave(600)
        client = cls.daemon.client()
        client.put("/v1/series/a", {"frequency": "1m", "fit": "off"})
        client.post("/v1/series/a/points", {"points": pairs(cls.values, T0, 60000)})
        client.close()
        folder = tempfile.TemporaryDirectory(prefix="tstrm-prometheus-")
        cls.addClassCleanup(folder.cleanup)
        cls.start_prometheus(folder.name)

    @classmethod
    def start_prometheus(cls, folder):
        lines = [f'a:actual{{series="a"}} {v} {T0 // 1000 + 60 * i}' for i, v in enumerate(cls.values)]
        with open(os.path.join(folder, "a.txt"), "w", encoding="utf-8") as file:
            file.write("# TYPE a:actual gauge\n" + "\n".join(lines) + "\n# EOF\n")
        data = os.path.join(folder, "data")
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", file.name, data], check=True,
                       capture_output=True, timeout=60)
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("scrape_configs:\n- job_name: tstrm\n  scrape_interval: 1s\n  static_configs:\n"
                       f"  - targets: ['127.0.0.1:{cls.daemon.port}']\n")
        cls.port = free_port()
        cls.prometheus = subprocess.Popen(
            ["prometheus", "--config.file", config, "--storage.tsdb.path", data, "--storage.tsdb.retention.time", "10y",
             "--web.listen-address", f"127.0.0.1:{cls.port}", "--log.level", "error"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.stop_prometheus)
        cls.until(lambda: ask(cls.port, "query", query="1")[0] == 200)

    @classmethod
    def stop_prometheus(cls):
        cls.prometheus.terminate()
        try:
            cls.prometheus.wait(30)
        except subprocess.TimeoutExpired:
            cls.prometheus.kill()
            cls.prometheus.wait()

    @classmethod
    def until(cls, holds, tries=300):
        for _ in range(tries):
            try:
                if holds():
                    return
            except (OSError, ValueError):
                pass
            time.sleep(0.1)
        raise AssertionError("it did not come to hold")

    def both(self, call, **parameters):
        """Their answer, then ours."""
        return ask(self.port, call, **parameters), ask(self.daemon.port, call, **parameters)

    def test_the_daemon_is_a_target_that_is_up_and_its_metrics_arrive(self):
        def arrived():
            up = ask(self.port, "query", query='up{job="tstrm"} == 1')[1]["data"]["result"]
            info = ask(self.port, "query", query="tstrm_build_info")[1]["data"]["result"]
            return len(up) == 1 and len(info) == 1 and info[0]["value"][1] == "1"
        self.until(arrived)
        targets = ask(self.port, "targets")[1]["data"]["activeTargets"]
        self.assertEqual([(t["health"], t["lastError"]) for t in targets], [("up", "")])

    def test_scalars_are_written_as_prometheus_writes_them(self):
        for query in split(SCALARS):
            theirs, ours = self.both("query", query=query, time="1795470523.25")
            self.assertEqual(ours, theirs, query)
        theirs, ours = self.both("query_range", query="1.5", start="10", end="12", step="0.5")
        self.assertEqual(ours, theirs)

    def test_vectors_have_the_same_rows_labels_and_values(self):
        middle = T0 // 1000 + 300 * 60
        for query in split(VECTORS):
            for time_s in (middle, middle + 30, middle + 100):
                theirs, ours = self.both("query", query=query, time=time_s)
                self.assertEqual(ours, theirs, (query, time_s))
            theirs, ours = self.both("query_range", query=query, start=middle + 30, end=middle + 3630, step="45s")
            self.assertEqual(ours, theirs, query)

    def test_means_are_the_same_but_for_the_last_digit(self):
        for offset in range(0, 600, 7):
            answers = self.both("query", query="avg_over_time(a:actual[337500ms])", time=T0 // 1000 + 2000 + offset)
            theirs, ours = (float(answer["data"]["result"][0]["value"][1]) for _, answer in answers)
            self.assertAlmostEqual(ours, theirs, places=11)

    def test_the_look_back_at_the_end_of_the_data_is_the_same(self):
        end = T0 // 1000 + 599 * 60
        theirs, ours = self.both("query_range", query="a:actual", start=end - 10, end=end + 400, step="7")
        self.assertEqual(ours, theirs)

    def test_what_is_no_promql_is_refused_by_both(self):
        for query in split(BROKEN):
            (their_status, theirs), (our_status, ours) = self.both("query", query=query)
            self.assertEqual((our_status, ours["status"], ours["errorType"]),
                             (their_status, theirs["status"], theirs["errorType"]), query)

    def test_limits_are_told_in_the_same_words(self):
        for parameters in ({"start": 0, "end": 11001, "step": 1}, {"start": 5, "end": 4, "step": 1},
                           {"start": 0, "end": 4, "step": 0}):
            theirs, ours = self.both("query_range", query="1", **parameters)
            self.assertEqual(ours, theirs)

    def test_durations_and_times_are_read_alike(self):
        for step in ("1m30s", "90", "9e1"):
            theirs, ours = self.both("query_range", query="a:actual", start="2026-11-23T01:00:30Z", end=T0 / 1000 + 3930,
                                     step=step)
            self.assertEqual(ours, theirs, step)


if __name__ == "__main__":
    main()
