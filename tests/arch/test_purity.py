"""core is pure: its archives want nothing from outside but arithmetic and memory, and own no mutable byte."""
import glob
import os
import re
import subprocess
import unittest

from sources import main

MEMORY = {"malloc", "calloc", "realloc", "free", "aligned_alloc", "memcpy", "memmove", "memset", "memcmp",
          "memchr", "strlen", "strcmp", "strncmp", "strchr", "qsort", "abort"}
MATHS = {name + suffix for suffix in ("", "f") for name in (
    "acos", "asin", "atan", "atan2", "cbrt", "ceil", "copysign", "cos", "cosh", "erf", "erfc", "exp", "exp2",
    "expm1", "fabs", "floor", "fma", "fmax", "fmin", "fmod", "frexp", "hypot", "ldexp", "lgamma", "llrint",
    "llround", "log", "log10", "log1p", "log2", "lrint", "lround", "modf", "nearbyint", "nextafter", "pow",
    "remainder", "rint", "round", "scalbn", "sin", "sincos", "sinh", "sqrt", "tan", "tanh", "trunc")}
COMPILER = {"__stack_chk_fail", "__assert_fail", "__cpu_model", "__cpu_indicator_init", "_GLOBAL_OFFSET_TABLE_",
            "__memcpy_chk", "__memset_chk", "__memmove_chk"}
SANITIZER = re.compile(r"^__(asan|odr_asan|ubsan|tsan|lsan|sanitizer)[_.]|^__start_asan|^__stop_asan")
WRITABLE = re.compile(r"^(\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\*COM\*)")


def archives():
    return sorted(glob.glob(os.path.join(os.environ["BUILD_ROOT"], "core", "*.a")))


def symbols():
    """(name, class, section) of every symbol in core's archives."""
    shown = subprocess.run(["nm", "--format=sysv", *archives()], capture_output=True, text=True, check=True)
    rows = [[cell.strip() for cell in line.split("|")] for line in shown.stdout.splitlines() if "|" in line]
    return [(row[0], row[2], row[6]) for row in rows if len(row) == 7 and row[0] != "Name"]


class Purity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.symbols = symbols()

    def test_core_has_been_built(self):
        self.assertTrue(any(name == "trm_forecast" for name, _, _ in self.symbols), archives())

    def test_core_wants_only_arithmetic_and_memory_from_outside(self):
        defined = {name for name, kind, _ in self.symbols if kind not in ("U", "w")}
        wanted = {name for name, kind, _ in self.symbols if kind == "U"} - defined
        strange = {name for name in wanted - MEMORY - MATHS - COMPILER if not SANITIZER.match(name)}
        self.assertEqual(strange, set())

    def test_core_has_no_mutable_global(self):
        if any(SANITIZER.match(name) for name, _, _ in self.symbols):
            self.skipTest("a sanitizer adds its own data; the plain build is checked")
        mutable = {name for name, _, section in self.symbols if WRITABLE.match(section)}
        self.assertEqual(mutable, set())

    def test_core_names_its_public_functions_with_its_prefix(self):
        public = {name for name, kind, _ in self.symbols if kind in ("T", "D", "B", "R")}
        self.assertEqual({name for name in public if not name.startswith("trm_") and not SANITIZER.match(name)},
                         set())


if __name__ == "__main__":
    main()
