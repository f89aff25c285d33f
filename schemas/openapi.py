#!/usr/bin/env python3
"""Turns openapi.yaml into the JSON that the daemon serves, and that JSON into C.

Examples named by externalValue are put in by value, so that the served document stands alone.

usage: openapi.py openapi.yaml OUT.json OUT.c
"""
import json
import os
import sys

try:
    import yaml
except ImportError:
    sys.exit(f"{sys.executable} has no yaml module; on Debian: apt-get install python3-yaml, "
             "and /usr/bin first in PATH")


def example_value(path, part):
    """The request's or the response's body of an example file: of a response the whole one that it shows, where its
    body only says what tests look at."""
    with open(path, encoding="utf-8") as file:
        example = json.load(file)[part]
    return example.get("shown", example["body"])


def inline_examples(node, folder, part):
    """Replaces every externalValue below node; part says whose body is meant there."""
    if isinstance(node, list):
        for item in node:
            inline_examples(item, folder, part)
    elif isinstance(node, dict):
        if "externalValue" in node:
            node["value"] = example_value(os.path.join(folder, node.pop("externalValue")), part)
        for key, item in node.items():
            inner = {"requestBody": "request", "responses": "response"}.get(key, part)
            inline_examples(item, folder, inner)


def document(yaml_path):
    with open(yaml_path, encoding="utf-8") as file:
        doc = yaml.safe_load(file)
    inline_examples(doc, os.path.dirname(yaml_path), "response")
    return json.dumps(doc, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def c_source(data):
    lines = [",".join(str(byte) for byte in data[i:i + 24]) for i in range(0, len(data), 24)]
    return ('#include "schemas/openapi.h"\n\nconst unsigned char schemas_openapi_json[] = {\n'
            + ",\n".join(lines)
            + f"\n}};\nconst size_t schemas_openapi_json_n = {len(data)};\n")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    data = document(sys.argv[1])
    with open(sys.argv[2], "wb") as file:
        file.write(data)
    with open(sys.argv[3], "w", encoding="ascii") as file:
        file.write(c_source(data))


if __name__ == "__main__":
    main()
