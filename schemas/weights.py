#!/usr/bin/env python3
"""Turns a weights file into C: its bytes as core/base_embedded.h declares them.

The bytes are string literals, which compile many times faster than lists of numbers.

usage: weights.py FILE.trmw OUT.c
"""
import sys


def literal(data):
    return '"' + "".join(f"\\{byte:03o}" for byte in data) + '"'


def source(data):
    lines = "\n".join(literal(data[i:i + 64]) for i in range(0, len(data), 64)) or '""'
    return ('#include "core/base_embedded.h"\n\n'
            f"_Alignas(64) const unsigned char trm_base_embedded[] =\n{lines};\n"
            f"const size_t trm_base_embedded_n = {len(data)};\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    with open(sys.argv[2], "w", encoding="ascii") as file:
        file.write(source(data))


if __name__ == "__main__":
    main()
