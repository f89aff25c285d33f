"""deploy/run: a stranger's first command shows a forecast of real data and stops cleanly."""
import os
import re
import signal
import subprocess

from case import Case, main

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy", "run")


class DeployRun(Case):
    def command(self, *more):
        store = os.path.join(os.path.dirname(self.store), "run.db")
        return [RUN, "--no-build", "--build", os.environ["BUILD_ROOT"], "--store", store, *more]

    def test_it_shows_a_forecast_twice_and_names_the_port_it_took(self):
        taken = f"127.0.0.1:{self.daemon.port}"
        for _ in range(2):
            shown = subprocess.run(self.command("--once", "--listen", taken), capture_output=True, text=True,
                                   timeout=250, stdin=subprocess.DEVNULL)
            self.assertEqual(shown.returncode, 0, shown.stdout + shown.stderr)
            self.assertIn("is taken", shown.stdout)
            self.assertRegex(shown.stdout, r"lower +median +upper")
            self.assertRegex(shown.stdout, r"[▁▂▃▄▅▆▇█]{40}")
            self.assertIn("/v1/series/store.purchases/forecast", shown.stdout)

    def test_an_interrupt_stops_it_and_its_daemon_cleanly(self):
        with subprocess.Popen(self.command("--listen", f"127.0.0.1:{self.daemon.port}"), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              start_new_session=True) as process:
            seen = []
            for line in process.stdout:
                seen.append(line)
                if "Ctrl-C" in line:
                    os.killpg(process.pid, signal.SIGINT)
            self.assertEqual(process.wait(60), 0, "".join(seen))
        daemon = int(re.search(r"process (\d+)", "".join(seen)).group(1))
        self.assertRaises(ProcessLookupError, os.kill, daemon, 0)

    def test_an_unknown_option_is_refused(self):
        shown = subprocess.run(self.command("--frobnicate"), capture_output=True, text=True, timeout=60)
        self.assertEqual(shown.returncode, 2)
        self.assertIn("--frobnicate", shown.stderr)


if __name__ == "__main__":
    main()
