#!/usr/bin/env python3
"""Adds up test reports and prints one line: N passed, N failed, N skipped.

Knows meson's JUnit report (a test program without cases of its own counts as one) and TAP. A report that
is missing or empty is a failure: it means that a run did not come to its end.

usage: count.py REPORT...
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

PASSED, FAILED, SKIPPED = 0, 1, 2


def of_case(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return FAILED
    return SKIPPED if case.find("skipped") is not None else PASSED


def of_junit(path):
    """(outcome, name) of every case; a program that failed outside its cases adds one failure."""
    found = []
    for suite in ElementTree.parse(path).getroot().iter("testsuite"):
        cases = [(of_case(case), f"{suite.get('name')}: {case.get('name')}") for case in suite.iter("testcase")]
        failed = sum(1 for outcome, _ in cases if outcome == FAILED)
        told = int(suite.get("failures") or 0) + int(suite.get("errors") or 0)
        found += cases + [(FAILED, f"{suite.get('name')}: the program itself")] * (failed == 0 and told > 0)
    return found


def of_tap(path):
    found = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            match = re.match(r"(not )?ok \d+ - (.*?)( # SKIP.*)?$", line.rstrip())
            if match:
                outcome = FAILED if match.group(1) else SKIPPED if match.group(3) else PASSED
                found.append((outcome, match.group(2)))
    return found


def outcomes(path):
    try:
        found = of_junit(path) if path.endswith(".xml") else of_tap(path)
    except (OSError, ElementTree.ParseError) as error:
        return [(FAILED, f"{path}: {error}")]
    return found or [(FAILED, f"{path}: no test in it")]


def main(paths):
    found = [(outcome, f"{os.path.dirname(path).split(os.sep)[0]}: {name}")
             for path in paths for outcome, name in outcomes(path)]
    for outcome, name in found:
        if outcome == FAILED:
            print(f"failed: {name}")
    counts = [sum(1 for outcome, _ in found if outcome == kind) for kind in (PASSED, FAILED, SKIPPED)]
    print(f"{counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
    return 1 if counts[FAILED] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
