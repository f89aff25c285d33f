"""What schemathesis is told beside the document (SCHEMATHESIS_HOOKS names this file): what exists on the daemon, how
texts that are no JSON look, and which answers are right although a schema cannot say why.

Knows nothing of the checks. Surprising: choices are made by a hash of what was drawn, never by a generator of its own,
so that a seed still decides the whole run.
"""
import hashlib
import json
import os
import re

import schemathesis
from remote_write import message_1, snappy
from schemathesis.core.parameters import ParameterLocation

KNOWN = json.loads(os.environ.get("FUZZ_KNOWN", '{"series": [], "jobs": []}'))
QUERIES = ("1+1", "up", "hourly", 'hourly:predicted{ml_forecast="yhat"}', "hourly:actual", "hourly:anomalous",
           '{__name__=~"hour.*"}', "max_over_time(hourly:predicted[6h])", "hourly:ahead > 1", "time()", "(", "rate(x[5m])")
TEXTS = ("text/csv", "text/plain", "application/x-ndjson")
SERIES_BYTES, LABEL_BYTES = 200, (64, 256)
HOUR = 3600 * 1000
T0 = 1_795_392_000_000

# Limits that hold for whatever a target or a body has, fields that are ignored included; info.description has them.
READER_LIMITS = ("must not contain %00", "NUL byte in object key", "\\\\u0000 is not allowed", "real number overflow",
                 "maximum parsing depth")


def choice(value, n):
    """0 to n - 1, the same for the same value."""
    return int.from_bytes(hashlib.sha256(repr(value).encode()).digest()[:4], "big") % n


def replace(case, location, values, name, known):
    """Three in four values of a parameter become known ones, where the values of its place are good ones."""
    if known and values and name in values and not case.meta.is_negative_at(location) and choice(values, 4):
        values[name] = known[choice(values[name], len(known))]


def points(seed):
    """(time, value or None) at times that are on the hour."""
    hours = range(choice((seed, "first"), 2000), 3000, 1 + choice((seed, "step"), 50))
    return [(T0 + hour * HOUR, choice((seed, hour), 10**6) if choice((hour, seed), 7) else None) for hour in hours]


def lines(path, media_type, seed):
    """A text of one point a line, as the operation wants it."""
    if path == "/v1/points":
        made = [json.dumps({"series": f"many{t // HOUR % 3}", "t": t, "v": v}) for t, v in points(seed)]
    elif media_type == "text/plain":
        made = [f"fuzz,host=a{t // HOUR % 3} value={v or 0},on=true {t}000000" for t, v in points(seed)]
    elif media_type == "text/csv":
        made = [f"{t},{'' if v is None else v}" for t, v in points(seed)]
    else:
        made = [json.dumps([t, v]) for t, v in points(seed)]
    return ("\r\n" if choice((seed, "end"), 2) else "\n").join(made)


def remote_write(case):
    """A message of Prometheus', packed as it packs them."""
    seed = case.body if isinstance(case.body, bytes) else repr(case.body)
    series = ([("__name__", "fuzz"), ("host", "a")], [(t, float(v or 0)) for t, v in points(seed)])
    case.body = snappy(message_1(series))
    case.headers["Content-Encoding"] = "snappy"


@schemathesis.hook
def map_case(context, case):
    path = case.operation.path
    if path.startswith("/v1/series/{id}"):
        known = ["doomed"] if case.method == "DELETE" else KNOWN["series"]
        replace(case, ParameterLocation.PATH, case.path_parameters, "id", known)
        replace(case, ParameterLocation.PATH, case.path_parameters, "version", [1, 2, 3, 4])
    elif path.startswith("/v1/jobs/{id}"):
        replace(case, ParameterLocation.PATH, case.path_parameters, "id", KNOWN["jobs"])
    elif path.startswith("/api/v1/"):
        replace(case, ParameterLocation.QUERY, case.query, "query", QUERIES)
        body = case.body if isinstance(case.body, dict) else {}
        replace(case, ParameterLocation.BODY, body, "query", QUERIES)
    if case.media_type in TEXTS and isinstance(case.body, str) and choice(case.body, 4):
        case.body = lines(path, case.media_type, case.body)
    if path == "/api/v1/write" and case.meta.generation.mode.is_positive and choice(case.body, 4):
        remote_write(case)
    return case


def is_id(value):
    """A schema counts characters, an id is 200 bytes at most; and . and .. in a path a client resolves itself. Longer
    texts are meant to be too long."""
    size = len(str(value).encode(errors="surrogatepass"))
    return value not in (".", "..") and (size <= SERIES_BYTES or len(str(value)) > SERIES_BYTES)


@schemathesis.hook
def filter_path_parameters(context, path_parameters):
    return all(is_id(value) for value in (path_parameters or {}).values())


def is_label(text):
    """Of name=value, as of ids."""
    parts = zip(str(text).split("=", 1), LABEL_BYTES)
    return all(len(part.encode(errors="surrogatepass")) <= size or len(part) > size for part, size in parts)


@schemathesis.hook
def filter_query(context, query):
    labels = (query or {}).get("label", [])
    return is_id((query or {}).get("series", "")) and all(map(is_label, labels if isinstance(labels, list) else [labels]))


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether a failure counts. What lies beyond the limits of all requests is refused whatever its schema says; of a
    parameter that comes twice Prometheus takes the first, and so do we for its clients; and what is sent as an
    empty `limit`, null or an empty list, is the empty text that it may be."""
    text = response.text if response.status_code == 400 else ""
    if failure.title == "Schema-valid request rejected":
        return not any(limit in text for limit in READER_LIMITS)
    if "Content-Encoding" in (case.headers or {}):
        return False  # remote_write() made it good
    twice = any(isinstance(value, list) for value in (case.query or {}).values())
    empty = re.search(r"[?&]limit=(&|$)", response.request.url) is not None
    return not (failure.title == "Schema-violating request accepted" and case.operation.path.startswith("/api/v1/") and
                (twice or empty))


@schemathesis.serializer("application/x-ndjson", "application/x-protobuf")
def bytes_of(context, value):
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")
