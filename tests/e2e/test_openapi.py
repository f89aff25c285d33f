"""schemas/openapi.yaml, as the daemon serves it, by the judgement of others: openapi-spec-validator for the document
and jsonschema for every example in it, so that our own checker's (tests/lib/schema.py) misreadings would show."""
import glob
import json
import os
import re

from case import Case

import packages

PACKAGES = ("openapi-spec-validator==0.9.0", "openapi-schema-validator==0.9.0", "jsonschema==4.26.0",
            "rfc3339-validator==0.1.4")
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas", "examples")
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")

if packages.inside():
    from jsonschema import Draft202012Validator, FormatChecker
    from openapi_spec_validator import OpenAPIV31SpecValidator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012


def place(error):
    return f"/{'/'.join(str(part) for part in error.absolute_path)}: {error.message[:300]}"


class OpenApi(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        client = cls.daemon.client()
        cls.served = client.get("/openapi.json")
        client.close()
        cls.document = cls.served.json()
        cls.registry = Registry().with_resource("urn:document", DRAFT202012.create_resource(cls.document))

    def pointer(self, *parts):
        return "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)

    def resolve(self, node, *parts):
        """(node, its place), behind any $ref."""
        while "$ref" in node:
            parts = node["$ref"].removeprefix("#/").split("/")
            node = self.document
            for part in parts:
                node = node[part]
        return node, parts

    def wrong(self, value, *parts):
        """What is wrong with a value by the schema at a place of the document; places keep their $refs working."""
        schema = {"$ref": f"urn:document#/{self.pointer(*parts)}"}
        validator = Draft202012Validator(schema, registry=self.registry, format_checker=FormatChecker(["date", "date-time"]))
        return [place(error) for error in validator.iter_errors(value)]

    def operations(self):
        return [(method, path, operation) for path, item in self.document["paths"].items()
                for method, operation in item.items() if method in METHODS]

    def media(self):
        """(place, media type, its object) of every body of a request or an answer, with the place as parts."""
        for method, path, operation in self.operations():
            at = ("paths", path, method)
            bodies = [(operation["requestBody"], (*at, "requestBody"))] if "requestBody" in operation else []
            bodies += [(answer, (*at, "responses", status)) for status, answer in operation["responses"].items()]
            for body, where in bodies:
                body, where = self.resolve(body, *where)
                for name, content in body.get("content", {}).items():
                    yield (*where, "content", name), name, content

    def test_the_document_is_openapi_3_1(self):
        self.assertEqual(self.served.status, 200)
        self.assertTrue(self.document["openapi"].startswith("3.1."))
        self.assertEqual([place(error) for error in OpenAPIV31SpecValidator(self.document).iter_errors()], [])

    def test_every_schema_is_json_schema_2020_12(self):
        for name, schema in self.document["components"]["schemas"].items():
            with self.subTest(name):
                Draft202012Validator.check_schema(schema)

    def test_the_examples_in_the_document_have_the_form_of_their_schemas(self):
        looked_at = 0
        for where, name, content in self.media():
            for example in content.get("examples", {}).values():
                if name.endswith("json"):
                    with self.subTest(" ".join(where)):
                        self.assertEqual(self.wrong(example["value"], *where, "schema"), [])
                    looked_at += 1
        self.assertGreater(looked_at, 10)

    def test_the_examples_of_single_values_have_the_form_of_their_schemas(self):
        for name, schema in self.document["components"]["schemas"].items():
            for value in schema.get("examples", []):
                self.assertEqual(self.wrong(value, "components", "schemas", name), [], name)

    def operation_of(self, request):
        """The document's operation for a request of an example file, or None."""
        path = request["path"].split("?")[0]
        for template, item in self.document["paths"].items():
            if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path) and request["method"].lower() in item:
                return template, request["method"].lower(), item[request["method"].lower()]
        return None

    def test_what_the_example_files_send_has_the_form_of_its_schema(self):
        sent = 0
        for file in sorted(glob.glob(os.path.join(FOLDER, "*.json"))):
            with open(file, encoding="utf-8") as text:
                example = json.load(text)
            found = self.operation_of(example["request"])
            body = example["request"].get("body")
            if found is None or not isinstance(body, dict) or example["response"]["status"] >= 300:
                continue
            where = ("paths", *found[:2], "requestBody", "content", "application/json", "schema")
            self.assertEqual(self.wrong(body, *where), [], file)
            sent += 1
        self.assertGreater(sent, 10)

    def test_every_default_of_a_parameter_fits_it(self):
        for name, parameter in self.document["components"]["parameters"].items():
            if "default" in parameter["schema"]:
                self.assertEqual(self.wrong(parameter["schema"]["default"], "components", "parameters", name, "schema"),
                                 [], name)


if __name__ == "__main__":
    packages.main("openapi", PACKAGES, OpenApi)
