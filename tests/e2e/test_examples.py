"""Replays schemas/examples: every request has the answer that its file shows, and both have the form that
schemas/openapi.yaml promises.

In an expected body "<integer>", "<number>", "<string>" and "<any>" stand for any of that kind; objects may
have more fields, lists may not have more entries. A response's "shown" is such an answer as a whole, for the document.
"""
import glob
import json
import os
import re

from case import BINARY, Case, Daemon, main
from schema import Validator

FOLDER = os.environ.get("EXAMPLES", os.path.join(os.path.dirname(__file__), "..", "..", "schemas", "examples"))
KINDS = {
    "<integer>": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "<number>": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "<string>": lambda v: isinstance(v, str),
    "<any>": lambda v: True,
}


def difference(expected, seen, place=""):
    """Words for the first difference, or None."""
    if isinstance(expected, str) and expected in KINDS:
        return None if KINDS[expected](seen) else f"{place}: {seen!r} is no {expected}"
    if isinstance(expected, dict) and isinstance(seen, dict):
        for name, value in expected.items():
            if name not in seen:
                return f"{place}/{name}: missing"
            found = difference(value, seen[name], f"{place}/{name}")
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(seen, list):
        if len(expected) != len(seen):
            return f"{place}: {len(seen)} entries instead of {len(expected)}"
        found = (difference(a, b, f"{place}/{i}") for i, (a, b) in enumerate(zip(expected, seen)))
        return next((words for words in found if words), None)
    same = expected == seen and isinstance(expected, bool) == isinstance(seen, bool)
    return None if same else f"{place}: {seen!r} instead of {expected!r}"


class Examples(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(os.environ["OPENAPI_JSON"], encoding="utf-8") as file:
            cls.document = json.load(file)
        cls.validator = Validator(cls.document)

    @classmethod
    def new_daemon(cls, **more):
        return Daemon(BINARY, cls.store, ("--backup-dir", os.path.dirname(cls.store)), cls.environment, **more)

    def operation(self, method, path):
        """What the document says of a request, or None."""
        for template, item in self.document["paths"].items():
            if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path.split("?")[0]):
                return item.get(method.lower())
        return None

    def check_form(self, example, answer):
        """The request's body where it is a good one, and the answer's, against their schemas."""
        operation = self.operation(example["request"]["method"], example["request"]["path"])
        if operation is None:
            return
        sent = example["request"].get("body")
        if isinstance(sent, dict) and answer.status < 300:
            rule = operation["requestBody"]["content"]["application/json"]["schema"]
            self.assertIsNone(self.validator.wrong(sent, rule))
        told = operation["responses"].get(str(answer.status)) or operation["responses"].get("default")
        self.assertIsNotNone(told, f"{answer.status} is not documented")
        content = self.validator.resolve(told).get("content", {})
        if answer.body:
            self.assertIn(answer.type, content)
        if answer.type.endswith("json") and answer.body:
            self.assertIsNone(self.validator.wrong(answer.json(), content[answer.type]["schema"]))

    def send(self, request, known):
        """known: texts that earlier answers made known; {name} in path and headers is replaced by them."""
        def fill(text):
            for name, value in known.items():
                text = text.replace("{" + name + "}", value)
            return text

        headers = {name: fill(value) for name, value in request.get("headers", {}).items()}
        return self.client.request(request["method"], fill(request["path"]), request.get("body"), headers)

    def replay(self, example):
        known = {}
        for request in example.get("before", []):
            answer = self.ok(self.send(request, known), 200, 201, 202, 204)
            if request["path"].endswith("/fit"):
                known["job"] = answer.json()["id"]
            known["etag"] = answer.headers.get("etag", "")
        return self.send(example["request"], known)

    def check(self, name):
        self.ok(self.client.delete("/v1/series/shop.visitors"), 204, 404)
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            example = json.load(file)
        answer, expected = self.replay(example), example["response"]
        self.assertEqual(answer.status, expected["status"], answer)
        for header, value in expected.get("headers", {}).items():
            self.assertTrue(answer.headers.get(header.lower(), "").startswith(value), (header, answer.headers))
        if isinstance(expected.get("body"), str):
            self.assertEqual(answer.body.decode(), expected["body"])
        elif "body" in expected:
            self.assertIsNone(difference(expected["body"], answer.json()), answer)
        if "shown" in expected:
            self.assertIsNone(difference(expected["body"], expected["shown"]))
        self.check_form(example, answer)


def add_tests():
    """One test a file, so that each is counted and named."""
    for path in sorted(glob.glob(os.path.join(FOLDER, "*.json"))):
        name = os.path.basename(path)
        word = name.removesuffix(".json").replace("-", "_")
        setattr(Examples, f"test_the_example_{word}_is_true", lambda self, name=name: self.check(name))


add_tests()

if __name__ == "__main__":
    main()
