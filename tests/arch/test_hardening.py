"""The programs are built so that a memory fault is hard to turn into more: read in the binaries themselves."""
import os
import re
import subprocess
import unittest

from sources import main

PROGRAMS = ("server/tstrmd", "server/tool/tstrm")


def readelf(program, *arguments):
    path = os.path.join(os.environ["BUILD_ROOT"], program)
    return subprocess.run(["readelf", "--wide", *arguments, path], capture_output=True, text=True, check=True).stdout


class Hardening(unittest.TestCase):
    def test_the_programs_load_at_any_address(self):
        for program in PROGRAMS:
            self.assertRegex(readelf(program, "--file-header"), r"Type:\s+DYN \(Position-Independent Executable")

    def test_no_segment_is_writable_and_executable_and_the_stack_is_not_executable(self):
        for program in PROGRAMS:
            segments = re.findall(r"^  ([A-Z_]+)(?: +0x[0-9a-f]+){5} ([RWE ]{3})", readelf(program, "--program-headers"),
                                  re.MULTILINE)
            self.assertIn(("GNU_STACK", "RW "), segments)
            self.assertTrue(any(kind == "LOAD" and flags == "R E" for kind, flags in segments), segments)
            self.assertEqual([kind for kind, flags in segments if "W" in flags and "E" in flags], [])

    def test_addresses_of_library_functions_are_resolved_at_the_start_and_then_read_only(self):
        for program in PROGRAMS:
            self.assertIn("GNU_RELRO", readelf(program, "--program-headers"))
            self.assertRegex(readelf(program, "--dynamic"), r"FLAGS.*BIND_NOW|FLAGS_1.*NOW")

    def test_no_library_is_looked_for_in_an_unusual_place(self):
        for program in PROGRAMS:
            self.assertNotRegex(readelf(program, "--dynamic"), r"\((RPATH|RUNPATH)\)")

    def test_buffers_on_the_stack_are_guarded(self):
        for program in PROGRAMS:
            self.assertIn("__stack_chk_fail", readelf(program, "--dyn-syms"))

    @unittest.skipUnless(os.environ["FORTIFIED"] == "yes", "a sanitizer's build, or one without optimisation")
    def test_calls_that_write_to_buffers_know_their_size(self):
        for program in PROGRAMS:
            checked = set(re.findall(r"\b(__\w+_chk)\b", readelf(program, "--dyn-syms"))) - {"__stack_chk_fail"}
            self.assertGreaterEqual(len(checked), 3, checked)


if __name__ == "__main__":
    main()
