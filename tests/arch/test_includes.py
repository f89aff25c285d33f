"""Who may include whom: the table of deploy/HACKING.md, line by line."""
import os
import re
import unittest

from sources import files, main, text

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)

# Headers of libraries; every other <header> is libc.
LIBRARIES = {"microhttpd.h": "microhttpd", "jansson.h": "jansson", "sqlite3.h": "sqlite3", "uv.h": "uv",
             "zlib.h": "zlib", "zstd.h": "zstd", "zstd_errors.h": "zstd", "argon2.h": "argon2",
             "gnutls/gnutls.h": "gnutls", "gnutls/abstract.h": "gnutls", "gnutls/x509.h": "gnutls", "libpq-fe.h": "libpq", "cmocka.h": "cmocka"}

# What pure numerics may take from libc, and the compiler's own headers.
CORE_LIBC = {"assert.h", "float.h", "limits.h", "math.h", "stdbool.h", "stddef.h", "stdint.h", "stdlib.h",
             "string.h", "stdalign.h", "immintrin.h", "arm_neon.h"}

EVERYTHING = ("core/", "server/", "schemas/")

# layer: (project headers or folders, libraries)
TABLE = {
    "core": (("core/",), ()),
    "server/base": (("core/status.h", "core/calendar.h", "core/model.h", "core/zone.h", "server/base/"), ("uv",)),
    "server/keys": (("server/base/", "server/keys/"), ("argon2", "uv")),
    "server/wire": (("core/", "server/base/", "server/wire/"), ()),
    "server/store": (("server/base/", "core/", "server/store/"), ("sqlite3",)),
    "server/registry": (("server/base/", "core/", "server/registry/", "server/train/model_ref.h"), ()),
    "server/train": (("server/base/", "core/", "server/train/"), ("uv",)),
    "server/service": (("server/registry/", "server/train/", "server/store/", "server/base/", "core/",
                        "server/service/"), ()),
    "server/http": (("server/service/", "server/wire/", "server/keys/", "server/base/", "core/", "server/http/",
                     "server/store/store.h", "server/train/pool.h", "server/train/model_ref.h"),
                    ("microhttpd", "jansson", "uv", "zlib", "zstd", "gnutls")),
    "server/tool": (("core/", "server/tool/"), ("jansson", "zlib", "uv")),
    "server": (EVERYTHING, ("uv", "gnutls")),
}
# Formats as data, made at build time, belong to the layer that speaks them.
SCHEMAS = {"server/store": ("schemas/embedded.h", "schemas/embedded_sql.h"),
           "server/http": ("schemas/openapi.h",)}


def layer_of(path):
    folder = os.path.dirname(path)
    return folder if folder in TABLE else None


def includes(path):
    """(is it a project header, name) of every include."""
    return [(mark == '"', name) for mark, name in INCLUDE.findall(text(path))]


def allowed_project(layer, name):
    return name.startswith(TABLE[layer][0]) or name in SCHEMAS.get(layer, ())


def allowed_system(layer, name):
    if name in LIBRARIES:
        return LIBRARIES[name] in TABLE[layer][1]
    return layer != "core" or name in CORE_LIBC


class Includes(unittest.TestCase):
    def test_every_source_lies_in_a_layer_of_the_table(self):
        self.assertEqual([path for path in files("core", "server") if layer_of(path) is None], [])

    def test_every_layer_of_the_table_is_explained_in_hacking(self):
        explained = text("deploy/HACKING.md")
        for layer in TABLE:
            self.assertIn(f"| `{layer}` |" if layer != "server" else "| `server/*.c` |", explained)

    def test_every_layer_has_sources(self):
        self.assertEqual(set(TABLE) - {layer_of(path) for path in files("core", "server")}, set())

    def test_sources_live_in_folders_with_their_own_rules(self):
        for path in files("schemas"):
            self.assertEqual([name for project, name in includes(path) if project and not
                              name.startswith("schemas/")], [], path)

    def test_project_headers_are_named_from_the_root(self):
        for path in files("core", "server", "schemas"):
            for project, name in includes(path):
                if project:
                    self.assertTrue(name.startswith(("core/", "server/", "schemas/")), f"{path}: {name}")
                else:
                    self.assertFalse(name.startswith(("core/", "server/", "schemas/")), f"{path}: {name}")

    def test_no_program_source_includes_a_test_or_a_source(self):
        for path in files("core", "server"):
            for project, name in includes(path):
                self.assertFalse(project and (name.startswith("tests/") or name.endswith(".c")), f"{path}: {name}")


def add_tests():
    """One test a layer, so that each row of the table is counted and named."""
    def check(self, layer):
        wrong = [f'{path} includes {name}' for path in files("core", "server") if layer_of(path) == layer
                 for project, name in includes(path)
                 if not (allowed_project(layer, name) if project else allowed_system(layer, name))]
        self.assertEqual(wrong, [])

    for layer in TABLE:
        word = layer.replace("/", "_")
        setattr(Includes, f"test_{word}_includes_only_what_its_row_allows",
                lambda self, layer=layer: check(self, layer))


add_tests()

if __name__ == "__main__":
    main()
