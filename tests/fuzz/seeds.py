#!/usr/bin/env python3
"""Seeds and dictionaries of the fuzz targets, made from schemas/ as it is now.

    tests/fuzz/seeds.py FOLDER

writes FOLDER/corpus/TARGET/… and FOLDER/dict/TARGET.dict. tests/fuzz/run begins with them, so that a new route or
field is known to the fuzzer as soon as it is described. What a campaign kept of them lies in tests/fuzz/corpus.
"""
import json
import os
import re
import sys

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BODIES = {  # path of a request: the targets that read its body
    r"/v1/series/[^/]+$": ["settings_json", "small_json"],
    r"/v1/forecast$": ["settings_json"],
    r"/v1/series/[^/]+/(fit|backtest)$": ["small_json"],
    r"/v1/admin/backup$": ["small_json"],
    r"/v2/|/v1/timeseries/": ["timegpt_json"],
}
HEADERS = ["Host: a", "Content-Length: ", "Transfer-Encoding: chunked", "Connection: close", "Connection: keep-alive",
           "Expect: 100-continue", "Content-Type: application/json", "Content-Type: text/csv",
           "Content-Type: application/x-ndjson", "Content-Type: application/x-www-form-urlencoded",
           "Content-Type: application/x-protobuf", "Content-Encoding: gzip", "Content-Encoding: zstd",
           "Content-Encoding: snappy", "Accept: text/csv", "Accept: application/json;q=0.5", "Accept-Encoding: gzip",
           "If-None-Match: *", "Prefer: wait=10", "X-Prometheus-Remote-Write-Version: 2.0.0",
           "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]


def examples():
    folder = os.path.join(ROOT, "schemas", "examples")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            yield name.removesuffix(".json"), json.load(file)["request"]


def body_of(request):
    body = request.get("body", "")
    return (body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))).encode()


def path_of(request):
    """The path with the names of things that the fuzzer's house has."""
    path = re.sub(r"/v1/series/(?!nowhere)[^/?]+", "/v1/series/a", request["path"])
    return path.replace("{job}", "019cf0f0e6000001")


def script(request):
    """As http_script.h has it: the body's length is counted when it is sent."""
    headers = {"Host": "a", **request.get("headers", {})}
    body = body_of(request)
    if body:
        headers.setdefault("Content-Type", "application/json")
        headers["Content-Length"] = "\x01"
    head = [f"{request['method']} {path_of(request)} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body + (b"\x02" if body else b"")


def dictionary():
    with open(os.path.join(ROOT, "schemas", "openapi.yaml"), encoding="utf-8") as file:
        api = yaml.safe_load(file)
    words = set(HEADERS) | {"HTTP/1.1\r\n", "HTTP/1.0\r\n", "\r\n\r\n", "\x01\r\n\r\n\x03", "\x01\r\n\r\n\x04", "\r\n\r\n\x05"}
    for path, calls in api["paths"].items():
        words.add(re.sub(r"\{\w+\}", "a", path))
        for method, call in calls.items():
            words.add(method.upper() + " " if method != "parameters" else "")
            for parameter in call.get("parameters", []) if isinstance(call, dict) else []:
                words.add(parameter.get("name", "") + "=")
    text = json.dumps(api)
    words |= {f'"{word}":' for word in re.findall(r'"properties": \{"(\w+)"', text)}
    words |= {word for values in re.findall(r'"enum": \[([^]]*)\]', text) for word in re.findall(r'"(\w+)"', values)}
    return sorted(word for word in words if word and word != "=")


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def quoted(word):
    return '"' + "".join(c if 0x20 <= ord(c) < 0x7f and c not in '"\\' else f"\\x{ord(c):02x}" for c in word) + '"\n'


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    corpus, words = os.path.join(sys.argv[1], "corpus"), os.path.join(sys.argv[1], "dict")
    for name, request in examples():
        write(os.path.join(corpus, "http"), name, b"\0\0" + script(request))
        for pattern, targets in BODIES.items():
            for target in targets if re.search(pattern, request["path"]) and body_of(request) else []:
                write(os.path.join(corpus, target), name, body_of(request))
    lines = "".join(map(quoted, dictionary())).encode()
    for target in ("http", "uri", "settings_json", "small_json", "timegpt_json"):
        write(words, target + ".dict", lines)


if __name__ == "__main__":
    main()
