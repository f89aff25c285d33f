#!/usr/bin/env python3
"""Writes zone_golden.h: what Python's zoneinfo says of the time zones in tests/fuzz/corpus/zone.

Knows datetime's clocks; refuses to know how core reads a file. Surprising: where clocks are put forward
Python has no moment for the local times left out, so that the change itself is looked for by bisection.

    python3 tests/core/golden/make_zone_golden.py > tests/core/golden/zone_golden.h

Run with Python 3.11.2, on files of release 2025b; needs nothing besides.
"""
import os
import random
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "fuzz", "corpus", "zone")
ZONES = ("Berlin", "New_York", "Lord_Howe", "Kathmandu", "Sao_Paulo", "Apia", "Dublin", "Kwajalein", "Nuuk")
# Years, the last not included: those that files write out, and some that only a rule knows.
WINDOWS = ((1970, 2038), (2038, 2052), (2399, 2403), (2436, 2441), (9990, 9999))
EPOCH = datetime(1970, 1, 1)
HALF_DAY = 43200


def zone_of(name):
    with open(os.path.join(FOLDER, name), "rb") as file:
        return ZoneInfo.from_file(file, key=name)


def seconds_of(year):
    return int((datetime(year, 1, 1) - EPOCH).total_seconds())


def offset(zone, second):
    moment = (EPOCH + timedelta(seconds=second)).replace(tzinfo=timezone.utc)
    return int(moment.astimezone(zone).utcoffset().total_seconds())


def bisect(zone, low, high):
    """The first second in (low, high] with the offset that high has."""
    wanted = offset(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        if offset(zone, middle) == wanted:
            high = middle
        else:
            low = middle
    return high


def changes(zone, first, last):
    """(second, offset from then on) between two seconds; looks twice a day."""
    found, before = [], offset(zone, first)
    for second in range(first + HALF_DAY, last, HALF_DAY):
        now = offset(zone, second)
        if now != before:
            found.append((bisect(zone, second - HALF_DAY, second), now))
        before = now
    return found


def instant(zone, local):
    """The first second at which the zone's clocks have reached a local one."""
    early = local - int((EPOCH + timedelta(seconds=local)).replace(tzinfo=zone, fold=0).utcoffset().total_seconds())
    if early + offset(zone, early) == local:
        return early
    low, high = local - 100000, local + 100000
    while high - low > 1:  # one jump forward lies between, and it jumps over local
        middle = (low + high) // 2
        if middle + offset(zone, middle) >= local:
            high = middle
        else:
            low = middle
    return high


def write(kind, name, rows):
    print(f"static const struct {kind} {name}[] = {{")
    for at in range(0, len(rows), 3):
        print("    " + " ".join("{%d, %d}," % row for row in rows[at:at + 3]))
    print("};")


def local_rows(zone, marks, dice):
    """Local times around changes, and anywhere."""
    rows = set()
    for at, after in marks:
        before = offset(zone, at - 1)
        low, high = sorted((at + before, at + after))
        midnight = high - high % 86400
        rows.update((low - 1, low, (low + high) // 2, high - 1, high, midnight))
    rows.update(dice.randrange(seconds_of(1970), seconds_of(9999)) for _ in range(30))
    return [(local, instant(zone, local)) for local in sorted(rows)]


def write_zone(name):
    zone, dice = zone_of(name), random.Random(name)
    windows, rows = [], []
    for first, last in ((seconds_of(a), seconds_of(b)) for a, b in WINDOWS):
        found = changes(zone, first, last)
        windows.append((first, last, offset(zone, first), len(found)))
        rows += found
    marks = dice.sample(rows, min(len(rows), 25)) + [row for row in rows if row[1] - offset(zone, row[0] - 1) > 80000]
    write("change", f"{name}_changes", rows or [(0, 0)])
    write("reading", f"{name}_readings", local_rows(zone, marks, dice))
    return windows


def main():
    print("/* Made by make_zone_golden.py from Python's zoneinfo; not to be changed by hand. Seconds since 1970. */")
    print("#ifndef TESTS_CORE_ZONE_GOLDEN_H\n#define TESTS_CORE_ZONE_GOLDEN_H\n")
    print("#include <stddef.h>\n#include <stdint.h>\n")
    print("struct change {\n    int64_t at;\n    int32_t offset; /* from then on */\n};")
    print("struct reading {\n    int64_t local, utc;\n};")
    print("/* Years without a gap: `n` changes, the first of them behind those of the windows before. */")
    print("struct window {\n    int64_t first, last;\n    int32_t offset; /* at first */\n    size_t n;\n};\n")
    table = [(name, write_zone(name)) for name in ZONES]
    print(f"\n#define GOLDEN_WINDOWS {len(WINDOWS)}")
    print("static const struct golden {\n    const char *name;\n    const struct change *changes;")
    print("    const struct reading *readings;\n    size_t reading_n;")
    print("    struct window windows[GOLDEN_WINDOWS];\n} golden[] = {")
    for name, windows in table:
        print(f'    {{"{name}", {name}_changes, {name}_readings,')
        print(f"     sizeof {name}_readings / sizeof {name}_readings[0],")
        print("     {" + ",\n      ".join("{%d, %d, %d, %d}" % window for window in windows) + "}},")
    print("};\n\n#endif")


if __name__ == "__main__":
    main()
