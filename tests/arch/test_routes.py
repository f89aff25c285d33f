"""The daemon's table of routes and schemas/openapi.yaml name the same methods and paths."""
import json
import os
import re
import unittest

from sources import main, text

TIMEGPT = re.compile(r'TIMEGPT_ROUTE\("(?P<path>[^"]+)"')
METHODS = ("get", "put", "post", "delete", "patch")
SHORT = re.compile(r'(?P<macro>GET|OPEN)_ROUTE\("(?P<path>[^"]+)",\s*\w+,\s*"(?P<params>[^"]*)"')
LONG = re.compile(r'{\s*\.method = METHOD_(?P<method>\w+),\s*\.path = "(?P<path>[^"]+)"'
                  r'(?:[^}]*?\.scope = KEY_SCOPE_(?P<scope>\w+))?(?P<macros>[^}]*?)\.params = "(?P<params>[^"]*)"', re.DOTALL)


def table():
    """(method, path, set of query parameters) of every row of the daemon's table."""
    source = text("server/http/routes.c")
    rows = [("GET", row["path"], row["params"]) for row in SHORT.finditer(source)]
    rows += [(row["method"], row["path"], row["params"]) for row in LONG.finditer(source)]
    rows += [("POST", row["path"], "") for row in TIMEGPT.finditer(source)]
    return [(method, path, frozenset(params.replace("*", "").split())) for method, path, params in rows]


def scopes():
    """The scope of every (method, path), None where the row has none."""
    source = text("server/http/routes.c")
    table = {("GET", row["path"]): {"GET": "read", "OPEN": "open"}[row["macro"]] for row in SHORT.finditer(source)}
    for row in LONG.finditer(source):
        by_macro = "read" if "PROM_" in row["macros"] else None
        table[row["method"], row["path"]] = row["scope"].lower() if row["scope"] else by_macro
    table.update({("POST", row["path"]): "read" for row in TIMEGPT.finditer(source)})
    return table


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.environ["OPENAPI_JSON"], encoding="utf-8") as file:
            cls.document = json.load(file)

    def operations(self):
        return [(method, path, operation) for path, item in self.document["paths"].items()
                for method, operation in item.items() if method in METHODS]

    def parameters(self, path, operation):
        """Every parameter of an operation, those of its path included."""
        return [self.resolve(p) for p in self.document["paths"][path].get("parameters", [])
                + operation.get("parameters", [])]

    def test_the_table_and_the_document_agree_on_methods_and_paths(self):
        documented = {(method.upper(), path) for method, path, _ in self.operations()}
        self.assertEqual({(method, path) for method, path, _ in table()}, documented)

    def test_the_table_and_the_document_agree_on_query_parameters(self):
        documented = {(method.upper(), path, frozenset(p["name"] for p in self.parameters(path, operation)
                                                       if p["in"] == "query"))
                      for method, path, operation in self.operations()}
        self.assertEqual(set(table()), documented)

    def test_every_row_has_a_scope_and_the_document_says_it(self):
        documented = {}
        for method, path, operation in self.operations():
            said = [(name, of) for way in operation["security"] for name, of in way.items()]
            if not said:
                documented[method.upper(), path] = "open"
                continue
            self.assertEqual([name for name, _ in said], ["key", "password"], path)
            self.assertEqual(said[0][1], said[1][1], path)
            documented[method.upper(), path], = said[0][1]
        self.assertEqual(scopes(), documented)

    def test_only_health_and_documents_are_open(self):
        self.assertEqual({path for (_, path), scope in scopes().items() if scope == "open"},
                         {"/livez", "/readyz", "/healthz", "/-/healthy", "/-/ready", "/v2/health/live",
                          "/v2/health/ready", "/ping", "/openapi.json", "/"})

    def test_a_write_needs_more_than_read_unless_it_changes_nothing(self):
        harmless = {"/v1/forecast", "/v1/timeseries/forecast", "/model_params", "/validate_api_key"}
        for (method, path), scope in scopes().items():
            stateless = path in harmless or path.startswith(("/v2/", "/api/v1/")) and path not in (
                "/api/v1/write", "/api/v2/write")
            if method != "GET" and not stateless:
                self.assertIn(scope, ("write", "admin"), (method, path))

    def test_no_route_stands_in_the_table_twice(self):
        rows = [(method, path) for method, path, _ in table()]
        self.assertEqual(len(rows), len(set(rows)))

    def test_every_reference_of_the_document_leads_somewhere(self):
        def walk(node):
            if isinstance(node, list):
                for item in node:
                    walk(item)
            elif isinstance(node, dict):
                if "$ref" in node:
                    at = self.document
                    for part in node["$ref"].removeprefix("#/").split("/"):
                        self.assertIn(part, at, node["$ref"])
                        at = at[part]
                for item in node.values():
                    walk(item)
        walk(self.document)

    def test_every_operation_has_its_own_name_and_documented_answers(self):
        names = [operation["operationId"] for _, _, operation in self.operations()]
        self.assertEqual(len(names), len(set(names)))
        for method, path, operation in self.operations():
            self.assertTrue(operation["summary"] and operation["responses"], (method, path))

    def test_every_placeholder_is_a_parameter(self):
        for path, item in self.document["paths"].items():
            for name in re.findall(r"{(\w+)}", path):
                parameters = [self.resolve(p) for p in item.get("parameters", [])]
                self.assertIn(("path", name), [(p["in"], p["name"]) for p in parameters], path)

    def resolve(self, parameter):
        if "$ref" not in parameter:
            return parameter
        return self.document["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]


if __name__ == "__main__":
    main()
