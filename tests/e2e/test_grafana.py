"""The dashboard of deploy/grafana, played as Grafana plays it: variables from their queries, every target of every
panel with its variables put in, as the data source sends it. Each answers with data."""
import glob
import json
import os
import re
import time
import unittest
from urllib.parse import urlencode

from case import Case, HOUR, daily_wave, main, pairs

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy", "grafana")
FORM = "application/x-www-form-urlencoded"
LABEL_VALUES = re.compile(r"label_values\((?:(?P<match>.+),\s*)?(?P<label>\w+)\)")
VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\[\[(\w+)\]\]|\$(\w+)")
STEPS_MS = (15000, 30000, 60000, 120000, 300000, 600000, 1200000, 1800000, 3600000)


def dashboards():
    for path in sorted(glob.glob(os.path.join(FOLDER, "dashboards", "*.json"))):
        with open(path, encoding="utf-8") as file:
            yield os.path.basename(path), json.load(file)


def seconds(text, now):
    """now-2d, now+6h, now."""
    sign, n, unit = re.fullmatch(r"now(?:([+-])(\d+)([mhd]))?", text).groups()
    return now + (int(sign + n) * {"m": 60, "h": 3600, "d": 86400}[unit] if n else 0)


class Dashboard(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = int(time.time())
        last = cls.now * 1000 // HOUR * HOUR
        values = daily_wave(401)
        client = cls.daemon.client()
        client.put("/v1/series/cpu.load", {"frequency": "1h", "season": [24], "fit": "off"})
        client.post("/v1/series/cpu.load/points", {"points": pairs(values[:390], last - 400 * HOUR)})
        for i in range(390, 401):
            client.get("/v1/series/cpu.load/forecast")  # what is said of the step is kept
            client.post("/v1/series/cpu.load/points", {"points": pairs(values[i:i + 1], last - (400 - i) * HOUR)})
        client.close()

    def api(self, path, parameters=None, form=False):
        text = urlencode(parameters or {})
        answer = self.client.post(path, text, type=FORM) if form else self.client.get(path + "?" + text)
        self.assertEqual((answer.status, answer.json()["status"]), (200, "success"), answer)
        return answer.json()["data"]

    def fill(self, text, variables):
        def value(match):
            name = next(group for group in match.groups() if group)
            self.assertIn(name, variables, text)
            return variables[name]
        return VARIABLE.sub(value, text)

    def options(self, variable, variables, window):
        """The values that a variable of the type query offers."""
        query = LABEL_VALUES.fullmatch(self.fill(variable["query"]["query"], variables))
        parameters = {**window, **({"match[]": query["match"]} if query["match"] else {})}
        values = self.api(f"/api/v1/label/{query['label']}/values", parameters)
        pattern = re.compile(variable["regex"].strip("/")) if variable.get("regex") else None
        found = [pattern.search(v) for v in values] if pattern else values
        return [f if isinstance(f, str) else f.group(1) for f in found if f]

    def variables(self, dashboard, window):
        known = {}
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                values = self.options(variable, known, window)
                self.assertTrue(values, variable["name"])
                known[variable["name"]] = values[0]
            else:
                self.assertIn(variable["type"], ("custom", "textbox"))
                known[variable["name"]] = variable["current"]["value"]
        return known

    def send(self, target, variables, window, width=1000):
        start, end = int(window["start"]), int(window["end"])
        step_ms = next(s for s in STEPS_MS if s >= (end - start) * 1000 / width or s == STEPS_MS[-1])
        known = {**variables, "__interval": f"{step_ms // 1000}s", "__rate_interval": "4m", "__range": f"{end - start}s"}
        query = self.fill(target["expr"], known)
        if target.get("instant"):
            return query, self.api("/api/v1/query", {"query": query, "time": str(self.now)}, form=True)
        step = step_ms / 1000
        return query, self.api("/api/v1/query_range", {"query": query, "start": start // step * step, "end": end // step * step,
                                                        "step": step}, form=True)

    def play(self, dashboard):
        window = {"start": str(seconds(dashboard["time"]["from"], self.now)),
                  "end": str(seconds(dashboard["time"]["to"], self.now))}
        variables = self.variables(dashboard, window)
        sent = 0
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                query, data = self.send(target, variables, window)
                self.assertTrue(data["result"], f"{panel['title']}: {query}")
                self.assertEqual(data["resultType"], "vector" if target.get("instant") else "matrix")
                sent += 1
        return sent

    def test_every_query_of_every_dashboard_answers_with_data(self):
        played = {name: self.play(dashboard) for name, dashboard in dashboards()}
        self.assertGreaterEqual(played["forecast.json"], 11)

    def test_the_variable_offers_the_series_by_the_names_of_its_metrics(self):
        _, dashboard = next(dashboards())
        self.assertEqual(self.options(dashboard["templating"]["list"][0], {}, {}), ["cpu_load"])

    def test_the_forecast_reaches_to_the_end_of_the_dashboard(self):
        _, dashboard = next(dashboards())
        window = {"start": str(self.now - 10 * 3600), "end": str(self.now + 2 * 86400 - 7200)}
        target = {"expr": 'cpu_load:predicted{ml_forecast="yhat"}'}
        _, data = self.send(target, {}, window)
        times = [t for t, _ in data["result"][0]["values"]]
        steps = {b - a for a, b in zip(times, times[1:])}
        self.assertEqual(len(steps), 1, "no gap between what was said and what is forecast")
        self.assertLess(int(window["end"]) - times[-1], 300)


class Files(unittest.TestCase):
    def test_dashboards_and_provisioning_name_the_same_data_source(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("python has no yaml module")
        with open(os.path.join(FOLDER, "provisioning", "datasources", "tstrm.yaml"), encoding="utf-8") as file:
            source = yaml.safe_load(file)["datasources"][0]
        self.assertEqual(source["type"], "prometheus")
        for name, dashboard in dashboards():
            for panel in dashboard["panels"]:
                for target in panel["targets"]:
                    self.assertEqual(target["datasource"], {"type": "prometheus", "uid": source["uid"]}, name)

    def test_panels_have_their_own_ids_and_places(self):
        for name, dashboard in dashboards():
            ids = [panel["id"] for panel in dashboard["panels"]]
            places = [tuple(sorted(panel["gridPos"].items())) for panel in dashboard["panels"]]
            self.assertEqual((len(set(ids)), len(set(places))), (len(ids), len(ids)), name)


if __name__ == "__main__":
    main()
