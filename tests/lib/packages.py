"""Virtual environments for tests that need packages of others: one for each set of packages, under the build folder.

Knows how to make one, once, while other tests that want the same wait for it; refuses to know what it is for.
Surprising: a test file that needs packages runs twice, the first time in the system's Python, where it only makes
the environment and starts itself again inside; where that fails, its tests are skipped with the reason.
"""
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import tap

INSTALL_SECONDS = 120
INSIDE = "TEST_RUNS_IN_ITS_ENVIRONMENT"


def inside():
    """Whether this is the second run, where the packages are."""
    return INSIDE in os.environ


def run(command):
    """None, or the last line of why the command failed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as failure:
        return str(failure).replace("\n", " ")
    lines = (done.stdout + done.stderr).strip().splitlines()
    return None if done.returncode == 0 else (lines or ["failed"])[-1]


def install(folder, packages):
    """None, or why there are no such packages in a new environment in folder; then nothing is left there."""
    python = os.path.join(folder, "bin", "python3")
    shutil.rmtree(folder, ignore_errors=True)
    for command in ([sys.executable, "-m", "venv", folder],
                    [python, "-m", "pip", "install", "--quiet", "--retries", "1", "--disable-pip-version-check",
                     *packages]):
        why = run(command)
        if why is not None:
            shutil.rmtree(folder, ignore_errors=True)
            return f"{' '.join(command[1:4])}: {why}"
    with open(os.path.join(folder, "complete"), "w") as file:
        file.write(" ".join(packages) + "\n")
    return None


def interpreter(name, packages):
    """(interpreter of an environment with the packages, None), or (None, why there is none)."""
    root = os.environ.get("BUILD_ROOT", tempfile.gettempdir())
    digest = hashlib.sha256(" ".join((*packages, sys.version)).encode()).hexdigest()[:12]
    folder = os.path.join(root, f"{name}-venv-{digest}")
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = os.path.exists(os.path.join(folder, "complete"))
        why = None if complete else install(folder, packages)
    return (os.path.join(folder, "bin", "python3"), None) if why is None else (None, why)


def main(name, packages, *cases):
    """Runs the calling program's cases where the packages are, or skips them with the reason why there is no such
    place. Never returns."""
    if not inside():
        python, why = interpreter(name, packages)
        if python is not None:
            os.execve(python, [python, os.path.abspath(sys.argv[0]), *sys.argv[1:]], {**os.environ, INSIDE: "1"})
        for case in cases:
            unittest.skip(f"{' '.join(packages)} cannot be installed here ({why})")(case)
    tap.main()
