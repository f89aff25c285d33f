#!/usr/bin/env python3
"""Runs a program under a list of system calls: confine.py [--families 2,10] CALL,CALL,… -- PROGRAM ARGUMENT…

Knows seccomp's filter programs; refuses to know why a call is on the list. Any other call ends the program with
SIGSYS, as does a socket of another address family. Surprising: the filter is put together here, because a test needs
it where no systemd runs; the numbers of the calls come from the compiler's own headers. Source: seccomp(2).
"""
import ctypes
import os
import platform
import re
import struct
import subprocess
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, KILL = 0x7FFF0000, 0x80000000
CALL_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
OTHER_TABLE = 0x40000000  # calls of x86-64's second table


def numbers():
    """Name to number of every system call of this machine."""
    text = subprocess.run(["gcc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", os.devnull], capture_output=True,
                          text=True, check=True).stdout
    return {name: int(number) for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", text, re.MULTILINE)}


def step(code, value, then=0, otherwise=0):
    return struct.pack("HBBI", code, then, otherwise, value)


def program(calls, families):
    table = numbers()
    steps = [step(LOAD, ARCHITECTURE_AT), step(EQUAL, ARCHITECTURES[platform.machine()], 1), step(RETURN, KILL),
             step(LOAD, CALL_AT), step(AT_LEAST, OTHER_TABLE, 0, 1), step(RETURN, KILL)]
    for name in sorted(calls & set(table)):
        if name == "socket" and families:
            continue
        steps += [step(EQUAL, table[name], 0, 1), step(RETURN, ALLOW)]
    if "socket" in calls and families:
        steps += [step(EQUAL, table["socket"], 0, 1 + 2 * len(families)), step(LOAD, FIRST_ARGUMENT_AT)]
        for family in families:
            steps += [step(EQUAL, family, 0, 1), step(RETURN, ALLOW)]
    return steps + [step(RETURN, KILL)]


def confine(calls, families):
    steps = program(calls, families)
    code = ctypes.create_string_buffer(b"".join(steps))

    class Filter(ctypes.Structure):
        _fields_ = [("n", ctypes.c_ushort), ("steps", ctypes.c_void_p)]

    libc = ctypes.CDLL(None, use_errno=True)
    filter = Filter(len(steps), ctypes.addressof(code))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or \
            libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(filter), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel did not take the filter")


def main():
    arguments = sys.argv[1:]
    families = ()
    if arguments[0] == "--families":
        families = tuple(int(number) for number in arguments[1].split(","))
        del arguments[:2]
    calls = set(arguments[0].split(","))
    assert arguments[1] == "--", arguments
    confine(calls, families)
    os.execv(arguments[2], arguments[2:])


if __name__ == "__main__":
    main()
