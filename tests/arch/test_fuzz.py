"""Every parser of foreign bytes has a fuzz target, and every target has seeds: tests/fuzz/README.md says so."""
import fnmatch
import os
import re
import unittest

from sources import ROOT, files, main, text

PARSER = re.compile(r"json|reader|parse|decode|lexer|uri|headers|negotiate|coding|inflater|unfold|params|query|config|number|"
                    r"alias|chunk|zone|checkpoint|selector|snappy|protobuf|line_|remote_write|promql|browser|utf8|head_check|"
                    r"/load\.c|rows|key_|authorization")
NO_PARSER = re.compile(r"json_memory|_write\.c|report_json|prom_query|config_adopt|service/checkpoints|tool/pretrain_checkpoint")


def table():
    """(patterns of sources, names of targets) of each row."""
    for line in text("tests/fuzz/README.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 4:
            yield re.findall(r"`([^`]+)`", cells[0]), cells[2].split(", ")


def built():
    return set(re.findall(r"^  '(\w+)': \{", text("tests/fuzz/meson.build"), re.MULTILINE))


class Fuzz(unittest.TestCase):
    def test_every_parser_is_in_the_table(self):
        known = [pattern for patterns, _ in table() for pattern in patterns]
        parsers = [path for path in files("core", "server", ends=(".c",))
                   if PARSER.search(path) and not NO_PARSER.search(path)]
        self.assertEqual([path for path in parsers if not any(fnmatch.fnmatch(path, known_) for known_ in known)], [])

    def test_the_table_names_sources_that_are_there(self):
        there = files("core", "server")
        self.assertEqual([pattern for patterns, _ in table() for pattern in patterns
                          if not fnmatch.filter(there, pattern)], [])

    def test_the_table_names_the_targets_that_are_built(self):
        self.assertEqual({target for _, targets in table() for target in targets}, built())

    def test_every_target_has_seeds(self):
        corpus = os.path.join(ROOT, "tests", "fuzz", "corpus")
        self.assertEqual({name for name in os.listdir(corpus) if os.listdir(os.path.join(corpus, name))}, built())


if __name__ == "__main__":
    main()
