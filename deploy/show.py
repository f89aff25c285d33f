#!/usr/bin/env python3
"""Loads the sample series into a running daemon, fits them, and shows a forecast in the terminal.

Knows the daemon only by its HTTP interface and needs nothing but python's own library.

usage: show.py HOST:PORT                       load, fit, show
       show.py --free HOST:PORT                print the first free address from this one on
       show.py --ready HOST:PORT --process N   wait until the daemon is ready, or has ended
"""
import datetime
import http.client
import json
import os
import socket
import sys
import textwrap
import time

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sample")
BLOCKS = "▁▂▃▄▅▆▇█"
HISTORY, AHEAD, ROWS, WIDTH = 48, 24, 12, 76


def split(address):
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        sys.exit(f"{address} is no HOST:PORT")
    return host.strip("[]"), int(port)


def free(address):
    host, first = split(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, min(first + 100, 65536)):
        with socket.socket(family) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind((host, port))
            except OSError as error:
                last = error
            else:
                print(f"{address.rpartition(':')[0]}:{port}")
                return
    sys.exit(f"no port from {address} on can be used: {last}")


def call(address, method, path, body=None, **headers):
    """The JSON of an answer; anything but success ends the program with the daemon's own words."""
    connection = http.client.HTTPConnection(*split(address), timeout=300)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
    return json.loads(text) if text and "json" in answer.getheader("Content-Type", "") else None


def running(process):
    """Whether the process is there and no zombie."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_ready(address, process):
    for _ in range(600):
        try:
            call(address, "GET", "/readyz")
            return
        except OSError:
            if not running(process):
                sys.exit("the daemon has ended")
            time.sleep(0.05)
    sys.exit("the daemon is not ready after 30 s")


def load(address, entry):
    path = "/v1/series/" + entry["id"]
    call(address, "PUT", path, json.dumps(entry["settings"]), Content_Type="application/json")
    with open(os.path.join(SAMPLE, entry["file"]), "rb") as file:
        return call(address, "POST", path + "/points", file, Content_Type="text/csv")


def fit(address, entry):
    started = time.monotonic()
    job = call(address, "POST", f"/v1/series/{entry['id']}/fit", Prefer="wait=120")
    if job["state"] != "succeeded":
        sys.exit(f"the fit of {entry['id']} {job['state']}: {job['error']}")
    return time.monotonic() - started


def sparkline(values, low, high):
    span = (high - low) or 1
    return "".join(" " if v is None else BLOCKS[min(7, int(8 * (v - low) / span))] for v in values)


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"


def show(address, entry):
    path = "/v1/series/" + entry["id"]
    forecast = call(address, "GET", path + "/forecast?levels=80")
    points = call(address, "GET", f"{path}/points?start={forecast['timestamps'][0] - tail(forecast)}")["points"]
    history = [v for _, v in points][-HISTORY:]
    band, median = forecast["intervals"]["80"], forecast["median"][:AHEAD]
    unit = entry["settings"]["labels"].get("unit", "")
    print(f"\n{entry['title']} ({unit})\n\n    time (UTC)             lower     median      upper")
    for i, at in list(enumerate(forecast["timestamps"]))[:ROWS]:
        when = datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc)
        row = (band["lower"][i], median[i], band["upper"][i])
        print(f"    {when:%Y-%m-%d %H:%M}  " + "".join(f"{number(v):>11}" for v in row))
    if forecast["horizon"] > ROWS:
        print(f"    … {forecast['horizon'] - ROWS} steps more; lower and upper hold 80 %")
    known = [v for v in history + median if v is not None]
    low, high = min(known), max(known)
    print(f"\n    {sparkline(history, low, high)}│{sparkline(median, low, high)}")
    print(f"    {'history':<{len(history)}}│forecast")
    why = f"Answered by {forecast['method']['answered_by']}: {forecast['method']['why']}."
    print("\n" + textwrap.fill(why, WIDTH, initial_indent="    ", subsequent_indent="    "))


def tail(forecast):
    """Milliseconds that hold as much history as is drawn."""
    times = forecast["timestamps"]
    return (HISTORY + 1) * (times[1] - times[0])


def suggest(address):
    base = f"http://{address}"
    print(f"""
Try next:
    curl '{base}/v1/series/store.purchases/forecast?horizon=24&levels=80,95'
    curl -H 'Accept: text/csv' '{base}/v1/series/us.gasoline/forecast?time=rfc3339'
    curl '{base}/v1/series/yosemite.temperature/forecast?trace=1'
    curl '{base}/v1/series'
    curl '{base}/metrics'
    curl '{base}/openapi.json'""")


def progress(text):
    print(f"    {text}", flush=True)


def load_fit_show(address):
    with open(os.path.join(SAMPLE, "manifest.json"), encoding="utf-8") as file:
        entries = json.load(file)["series"]
    print("\n== Loading real series (deploy/sample/SOURCES.md says where they come from)")
    for i, entry in enumerate(entries, 1):
        taken = load(address, entry)
        progress(f"{i}/{len(entries)} {entry['id']}: {taken['accepted']} points, "
                 f"{taken['accepted'] - taken['unchanged'] - taken['updated']} of them new")
    print("\n== Fitting")
    for i, entry in enumerate(entries, 1):
        progress(f"{i}/{len(entries)} {entry['id']}: {fit(address, entry):.2f} s")
    print("\n== A forecast", end="")
    show(address, entries[0])
    suggest(address)


def main(arguments):
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        load_fit_show(arguments[0])
    elif len(arguments) == 2 and arguments[0] == "--free":
        free(arguments[1])
    elif len(arguments) == 4 and (arguments[0], arguments[2]) == ("--ready", "--process"):
        wait_until_ready(arguments[1], arguments[3])
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
