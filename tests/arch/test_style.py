"""The conventions that a program can check without taste."""
import os
import re
import unittest

from sources import ROOT, files, main, text

C_SOURCES = ("core", "server", "tests", "schemas")
LONGEST_FUNCTION = 80
LONGEST_LINE = 110  # the formatter aims at 100
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]) + r")\b")


def functions(source):
    """(line number, length) of every body that starts and ends in the first column."""
    start = None
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            yield start, number - start + 1
            start = None


class Style(unittest.TestCase):
    def none(self, wrong):
        self.assertEqual(list(wrong), [])

    def test_every_c_file_begins_with_a_comment(self):
        self.none(path for path in files(*C_SOURCES) if not text(path).startswith("/*"))

    def test_every_script_says_what_it_is(self):
        for path in files("schemas", "tests", "deploy", ends=(".py",)):
            self.assertRegex(text(path), r'^(#!.*\n)?"""', path)

    def test_no_function_is_longer_than_a_page(self):
        self.none(f"{path}:{line}: {length} lines" for path in files(*C_SOURCES, ends=(".c",))
                  for line, length in functions(text(path)) if length > LONGEST_FUNCTION)

    def test_no_line_is_wider_than_the_page(self):
        self.none(f"{path}:{number}" for path in files(*C_SOURCES)
                  for number, line in enumerate(text(path).splitlines(), 1) if len(line) > LONGEST_LINE)

    def test_no_line_ends_in_white_space_or_holds_a_tab(self):
        self.none(f"{path}:{number}" for path in files(*C_SOURCES, ends=(".c", ".h", ".py"))
                  for number, line in enumerate(text(path).splitlines(), 1) if line != line.rstrip() or "\t" in line)

    def test_every_file_ends_with_a_line_end(self):
        self.none(path for path in files(*C_SOURCES, "deploy", ends=(".c", ".h", ".py", ".yaml", ".json", ".md"))
                  if not text(path).endswith("\n"))

    def test_nothing_is_left_unfinished(self):
        self.none(path for path in files("core", "server", "schemas", "deploy", "tests",
                                         ends=(".c", ".h", ".py", ".sh", ".yaml", ".sql", ".md", "run"))
                  if UNFINISHED.search(text(path)))

    def test_every_header_guards_itself_by_its_own_name(self):
        for path in files("core", "server"):
            if path.endswith(".h"):
                guard = re.search(r"^#ifndef (\w+)\n#define \1\n", text(path), re.MULTILINE)
                self.assertIsNotNone(guard, path)
                self.assertTrue(guard.group(1).endswith(os.path.basename(path)[:-2].upper() + "_H"), path)

    def test_no_struct_hides_behind_a_typedef(self):
        self.none(path for path in files("core", "server") if re.search(r"^typedef (struct|union|enum)\b", text(path),
                                                                        re.MULTILINE))

    def test_nothing_is_compiled_with_fast_math(self):
        self.none(path for path in files(".", ends=("meson.build",)) if "build" not in path.split(os.sep)[0]
                  and re.search(r"-ffast-math|-Ofast|-ffinite-math-only", text(path)))

    def test_the_programs_below_the_daemon_do_not_print(self):
        self.none(path for path in files("server/keys", "server/wire", "server/store", "server/registry", "server/train",
                                                   "server/service")
                  if re.search(r"\b(printf|fprintf|puts|LOG_(DEBUG|INFO|WARN|ERROR))\(", text(path)))

    def test_the_top_level_holds_only_what_it_should(self):
        known = {"core", "server", "schemas", "deploy", "tests", "meson.build", "meson_options.txt", "LICENSE",
                 "README.md", "Dockerfile", "var"}
        self.none(name for name in os.listdir(ROOT) if name not in known and not name.startswith((".", "build")))


if __name__ == "__main__":
    main()
