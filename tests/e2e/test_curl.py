"""A walk through the interface with plain curl, as a reader of the README would take it."""
import json
import os
import shutil
import subprocess
import unittest

from case import Case, daily_wave, main, T0, HOUR


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class Walk(Case):
    def curl(self, *arguments):
        shown = subprocess.run(["curl", "-sS", "--fail-with-body", "--max-time", "60", *arguments],
                               capture_output=True, text=True)
        self.assertEqual(shown.returncode, 0, shown.stdout + shown.stderr)
        return shown.stdout

    def test_a_walk_from_nothing_to_a_forecast(self):
        base = f"http://127.0.0.1:{self.daemon.port}"
        series = base + "/v1/series/walk"
        self.curl("-X", "PUT", series, "-H", "Content-Type: application/json",
                  "-d", '{"frequency":"1h","season":[24]}')
        lines = os.path.join(os.path.dirname(self.store), "walk.csv")
        with open(lines, "w") as file:
            file.write("timestamp,value\n")
            file.writelines(f"{T0 + i * HOUR},{v}\n" for i, v in enumerate(daily_wave(240)))
        taken = json.loads(self.curl(series + "/points", "-H", "Content-Type: text/csv",
                                     "--data-binary", "@" + lines))
        self.assertEqual(taken["accepted"], 240)
        job = json.loads(self.curl("-X", "POST", series + "/fit", "-H", "Prefer: wait=120"))
        self.assertEqual(job["state"], "succeeded")
        forecast = json.loads(self.curl(series + "/forecast?horizon=24&levels=80"))
        self.assertEqual(len(forecast["intervals"]["80"]["upper"]), 24)
        shown = self.curl(series + "/forecast?horizon=3", "-H", "Accept: text/csv")
        self.assertEqual(len(shown.splitlines()), 4)
        self.assertIn("tstrm_forecasts_total", self.curl(base + "/metrics"))
        self.curl("-X", "DELETE", series)


if __name__ == "__main__":
    main()
