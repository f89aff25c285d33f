"""The daemon against its own document: schemathesis (PyPI) reads /openapi.json as it is served, makes requests of it,
good and bad ones, for every operation, and holds the answers against what the document promises.

Knows how many requests there have to be and which operations it leaves to other tests; refuses to know what a good
answer is. Surprising: requests are counted by the daemon, not by the one who claims to have made them.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

from case import BINARY, HOUR, T0, Case, Daemon, body, daily_wave

import packages
from tstrmd import sanitized

PACKAGES = ("schemathesis==4.32.5", "hypothesis==6.170.17", "jsonschema-rs==0.60.3")
HOOKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib", "fuzz_hooks.py")
SEED = 20261124
PROCESSES = 2  # of the tool, each with its share of the operations: its own threads disturb one another
HANG_SECONDS = 30

# Requests there must be at least, and how many random ones are tried of an operation without a body and of one with it,
# which take long to make up. (The tool's systematic ones, a third of all, come on top.)
REQUESTS, PER_OPERATION, PER_BODY = (1000, 2, 2) if sanitized(BINARY) else (10000, 280, 60)
RUN_SECONDS = 2400 if sanitized(BINARY) else 540
GROWTH_BYTES = 64 << 20

# Operations that a schema cannot drive, with the test that does.
LEFT_OUT = {}

GOOD = ["2xx", "3xx", 404, 409, 413, 422, 429]
BAD = [400, 404, 405, 406, 409, 411, 413, 414, 415, 422, 429, 431]
# A 400 for a request that fits the document: what is wrong has a grammar that no schema describes, or lies between
# parameters.
GRAMMARS = (
    ("tag", "prometheus", "queries, selectors and durations of PromQL"),
    ("operation-id", "timegptParams", "offset aliases of pandas"),
    ("operation-id", "postPoints", "times in CSV and NDJSON"),
    ("operation-id", "postManyPoints", "times in NDJSON"),
    ("operation-id", "remoteWrite", "protobuf and snappy"),
    ("operation-id", "influxWrite1", "line protocol"),
    ("operation-id", "influxWrite2", "line protocol"),
    ("operation-id", "influxQueryGet", "InfluxQL"),
    ("operation-id", "influxQuery", "InfluxQL"),
    ("operation-id", "getForecast", "quantiles and the bounds of levels together"),
    ("operation-id", "getAhead", "durations; a direction beside a threshold"),
)


def configuration(left_out, with_body):
    """schemathesis.toml."""
    def statuses(check, allowed):
        return f"{check}.expected-statuses = {json.dumps(allowed)}\n"

    text = (f"seed = {SEED}\nworkers = 1\ncontinue-on-failure = true\nrequest-timeout = {HANG_SECONDS}\n"
            f"suppress-health-check = ['all']\nwarnings = false\n"
            f"[generation]\nmax-examples = {PER_OPERATION}\nno-shrink = true\ndatabase = 'none'\nmode = 'all'\n"
            f"[checks]\nunsupported_method.enabled = false\nignored_auth.enabled = false\n"
            + statuses("positive_data_acceptance", GOOD) + statuses("negative_data_rejection", BAD)
            + "[phases]\nstateful.enabled = false\n"
              "fuzzing.extra-data-sources.responses = false\nfuzzing.error-feedback.enabled = false\n")
    for kind, name, _ in GRAMMARS:
        text += f"[[operations]]\ninclude-{kind} = '{name}'\nchecks." + statuses("positive_data_acceptance", [400, 415, *GOOD])
    for name in with_body:
        text += f"[[operations]]\ninclude-operation-id = '{name}'\ngeneration.max-examples = {PER_BODY}\n"
    for name in left_out:
        text += f"[[operations]]\ninclude-operation-id = '{name}'\nenabled = false\n"
    return text


class Fuzz(Case):
    @classmethod
    def new_daemon(cls, **more):
        return Daemon(BINARY, cls.store, ("--backup-dir", os.path.dirname(cls.store)), cls.environment, **more)

    def metric(self, name):
        """The sum of a metric over its labels."""
        text = self.client.get("/metrics").body.decode()
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))

    def fill(self):
        """Series of several kinds; (ids, ids of jobs)."""
        self.has_series("hourly", daily_wave(400), season=[24])
        self.has_series("aggregated", daily_wave(500), step=17 * 60 * 1000, aggregate="mean")
        self.has_series("labelled", daily_wave(60), labels={"site": "north", "kind": "a"})
        self.has_series("doomed", daily_wave(5))
        self.ok(self.client.put("/v1/series/zoned", {"frequency": "1d", "timezone": "Europe/Berlin"}), 201)
        self.ok(self.client.post("/v1/series/zoned/points", body([100 + i % 7 for i in range(90)], T0 - HOUR, 24 * HOUR)))
        self.ok(self.client.put("/v1/series/empty", {}), 201)
        jobs = [self.ok(self.client.post("/v1/series/hourly/fit", headers={"Prefer": "wait=20"}), 200, 202).json()["id"]
                for _ in range(2)]
        return {"series": ["hourly", "aggregated", "labelled", "zoned", "empty"], "jobs": jobs}

    def begin(self, left_out, with_body, known):
        """Starts a process of the tool in a folder of its own; (process, folder)."""
        folder = tempfile.TemporaryDirectory(prefix="tstrm-fuzz-")
        self.addCleanup(folder.cleanup)
        config = os.path.join(folder.name, "schemathesis.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(configuration(left_out, with_body))
        with open(os.path.join(folder.name, "openapi.json"), "wb") as file:  # from a URL it would leave that one out
            file.write(self.client.get("/openapi.json").body)
        with open(os.path.join(folder.name, "printed"), "w", encoding="utf-8") as printed:
            process = subprocess.Popen(
                [sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run", "--no-color", "--report", "json",
                 "--report-json-path", "report.json", "--url", f"http://127.0.0.1:{self.daemon.port}", "openapi.json"],
                env={**os.environ, "PYTHONPATH": os.path.dirname(HOOKS), "SCHEMATHESIS_HOOKS": HOOKS,
                     "FUZZ_KNOWN": json.dumps(known)}, cwd=folder.name,
                stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, folder.name

    def finish(self, process, folder):
        """Waits for its end, which has to be without a finding; how many operations it has tested."""
        status = process.wait(RUN_SECONDS)
        with open(os.path.join(folder, "printed"), encoding="utf-8") as file:
            printed = file.read()
        self.assertEqual(status, 0, printed)
        with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assertTrue(report["complete"], printed)
        return report["operations"]["tested"]

    def test_the_daemon_keeps_every_promise_of_its_document(self):
        known = self.fill()
        document = self.client.get("/openapi.json").json()
        found = [operation for item in document["paths"].values()
                 for operation in item.values() if isinstance(operation, dict) and "operationId" in operation]
        with_body = [operation["operationId"] for operation in found if "requestBody" in operation]
        operations = with_body + [operation["operationId"] for operation in found if "requestBody" not in operation]
        self.assertEqual([name for name in LEFT_OUT if name not in operations], [])
        before, memory, begun = self.metric("tstrm_requests_total"), self.resident(), time.monotonic()
        runs = [self.begin([name for i, name in enumerate(operations) if i % PROCESSES != share or name in LEFT_OUT],
                           with_body, known)
                for share in range(PROCESSES)]
        tested = sum(self.finish(*run) for run in runs)
        self.client.close()  # the daemon has, after so long
        made, seconds = self.metric("tstrm_requests_total") - before, time.monotonic() - begun
        grown = self.resident() - memory
        sys.stderr.write(f"{made:.0f} requests in {seconds:.0f} s, {made / seconds:.0f} a second; "
                         f"memory {memory >> 10} KiB, then {grown >> 10} KiB more\n")
        self.assertEqual(tested, len(operations) - len(LEFT_OUT))
        self.assertGreaterEqual(made, REQUESTS)
        self.no_server_error()
        self.ok(self.client.get("/readyz"))
        if not sanitized(BINARY):
            self.assertLess(grown, GROWTH_BYTES)

    def resident(self):
        return int(self.metric("tstrm_process_resident_memory_bytes"))

    def no_server_error(self):
        """The counters know of every answer, also of those that nobody looked at."""
        text = self.client.get("/metrics").body.decode()
        self.assertEqual(re.findall(r'^tstrm_requests_total{.*status="5xx"} [1-9].*$', text, re.MULTILINE), [])


if __name__ == "__main__":
    packages.main("fuzz", PACKAGES, Fuzz)
