#!/usr/bin/env python3
"""Makes a store of the present schema version for good: schema_N.sql, and schema_N.json with what the daemon says is in it.

Before a migration is added, run it with the daemon of before; tests/e2e/test_migrations.py then holds every later
daemon to these files. Surprising: what needs a newer schema is asked for only where the daemon has it.

usage: make_store.py TSTRMD
"""
import contextlib
import json
import math
import os
import random
import sqlite3
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from tstrmd import Daemon  # noqa: E402

HOUR = 3600 * 1000
T0 = 1_793_952_000_000
MONTHS = (1704067200000, 1706745600000, 1709251200000, 1711929600000, 1714521600000)
SERIES = ("wave", "short", "monthly", "own", "meter")
SETTINGS = ("frequency", "season", "horizon", "min", "max", "integer", "fit", "labels", "model", "aggregate", "timezone",
            "retention_points")


def wave(n):
    noise = random.Random(5)
    return [round(100 + 30 * math.sin(2 * math.pi * i / 24) + noise.gauss(0, 2), 3) for i in range(n)]


class Filler:
    def __init__(self, client):
        self.client = client

    def ask(self, method, path, body=None, **more):
        answer = self.client.request(method, path, body, **more)
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer}")
        return answer

    def put(self, series, **settings):
        self.ask("PUT", f"/v1/series/{series}", {"fit": "off", **settings})

    def post(self, series, values, start=T0, step=HOUR):
        points = [[start + i * step, v] for i, v in enumerate(values)]
        self.ask("POST", f"/v1/series/{series}/points", {"points": points})

    def job(self, path, body=None):
        job = self.ask("POST", path, body, headers={"Prefer": "wait=60"}).json()
        if job["state"] != "succeeded":
            raise SystemExit(f"{path}: {job}")

    def fill(self, version):
        self.put("wave", frequency="1h", season=[24], horizon=24, min=0, labels={"site": "a", "unit": "kW"})
        self.post("wave", wave(150))
        self.job("/v1/series/wave/fit")
        self.put("short", season=[7])
        self.post("short", [3, None, 5.5, 4, 6, 1e300, -7])
        self.put("monthly", frequency="1mo")
        for i, t in enumerate(MONTHS):
            self.post("monthly", [i], start=t)
        self.put("gone")
        self.post("gone", [1, 2, 3])
        self.ask("DELETE", "/v1/series/gone")
        if version >= 2:
            self.put("own", frequency="1h", season=[24], horizon=6, model="trm")
            self.post("own", wave(60))
        if version >= 4:
            self.fill_4()
        self.post("wave", [77.25], start=T0 + 5 * HOUR)
        self.post("wave", [50, 51], start=T0 + 160 * HOUR)

    def fill_4(self):
        """Irregular points, a time zone, a retention, a backtest, and a forecast that was said and scored."""
        self.put("meter", frequency="1h", aggregate="mean", timezone="Europe/Berlin", retention_points=2048)
        self.post("meter", wave(120), step=HOUR // 3)
        self.ask("GET", "/v1/series/wave/forecast")
        time.sleep(0.3)
        self.post("wave", wave(3), start=T0 + 150 * HOUR)
        self.job("/v1/series/wave/backtest", {"horizon": 6, "windows": 2})

    def told(self):
        found = {}
        for series in SERIES:
            answer = self.client.get(f"/v1/series/{series}")
            if answer.status == 404:
                continue
            shown = answer.json()
            points = self.ask("GET", f"/v1/series/{series}/points?limit=10000").json()["points"]
            found[series] = {"settings": {key: shown[key] for key in SETTINGS if key in shown}, "points": points,
                             "revision": shown["revision"], "model_version": shown["model_version"]}
        return found


def version_of(store):
    with contextlib.closing(sqlite3.connect(store)) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def dump(store, version, path):
    with contextlib.closing(sqlite3.connect(store)) as db, open(path, "w", encoding="utf-8") as out:
        application = db.execute("PRAGMA application_id").fetchone()[0]
        out.write(f"-- A file of schema version {version}, frozen: written by a daemon of then (make_store.py).\n"
                  f"PRAGMA application_id={application};\nPRAGMA user_version={version};\n")
        out.writelines(line + "\n" for line in db.iterdump())


def main(binary):
    with tempfile.TemporaryDirectory(prefix="tstrm-") as folder:
        store = os.path.join(folder, "store.db")
        daemon = Daemon(binary, store, ("--workers", "1")).start()
        version = version_of(store)
        client = daemon.client()
        filler = Filler(client)
        filler.fill(version)
        time.sleep(0.3)
        told = filler.told()
        client.close()
        daemon.stop()
        path = os.path.join(HERE, f"schema_{version}")
        dump(store, version, path + ".sql")
    with open(path + ".json", "w", encoding="utf-8") as out:
        json.dump(told, out, separators=(",", ":"))
        out.write("\n")
    print(f"{path}.sql: {os.path.getsize(path + '.sql')} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
