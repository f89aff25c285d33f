"""As much of JSON Schema 2020-12 as schemas/openapi.yaml uses. A keyword that it does not know is an error,
so that the document cannot promise what nobody checks."""
import re

ANNOTATIONS = {"description", "summary", "title", "examples", "example", "default", "format"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
         "number": (int, float), "integer": int}


def is_type(value, name):
    if name in ("number", "integer") and isinstance(value, bool):
        return False
    return isinstance(value, TYPES[name]) or name == "integer" and isinstance(value, float) and value.is_integer()


class Validator:
    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        """The node itself, or what its $ref leads to."""
        while "$ref" in node:
            at = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            node = {**at, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def wrong(self, value, schema, place=""):
        """Words for the first thing wrong with value, or None."""
        schema = self.resolve(schema)
        for keyword, wanted in schema.items():
            if keyword in ANNOTATIONS or keyword == "prefixItems" and not isinstance(value, list):
                continue
            check = getattr(self, "check_" + keyword, None)
            if check is None:
                raise KeyError(f"the keyword {keyword} is unknown to this checker")
            words = check(value, wanted, schema, place)
            if words:
                return words
        return None

    def check_type(self, value, wanted, schema, place):
        names = wanted if isinstance(wanted, list) else [wanted]
        return None if any(is_type(value, name) for name in names) else f"{place}: {value!r} is no {wanted}"

    def check_enum(self, value, wanted, schema, place):
        return None if value in wanted else f"{place}: {value!r} is none of {wanted}"

    def check_const(self, value, wanted, schema, place):
        return None if value == wanted else f"{place}: {value!r} is not {wanted!r}"

    def check_not(self, value, wanted, schema, place):
        return f"{place}: {value!r} is what it must not be" if self.wrong(value, wanted, place) is None else None

    def check_oneOf(self, value, wanted, schema, place):
        words = [self.wrong(value, option, place) for option in wanted]
        return None if words.count(None) == 1 else f"{place}: {words.count(None)} of {len(words)} forms fit: {words}"

    def check_anyOf(self, value, wanted, schema, place):
        found = [self.wrong(value, rule, place) for rule in wanted]
        return None if None in found else f"{place}: no form fits: {found}"

    def check_required(self, value, wanted, schema, place):
        missing = [name for name in wanted if isinstance(value, dict) and name not in value]
        return f"{place}: without {missing}" if missing else None

    def check_properties(self, value, wanted, schema, place):
        if not isinstance(value, dict):
            return None
        words = (self.wrong(value[name], wanted[name], f"{place}/{name}") for name in wanted if name in value)
        return next((text for text in words if text), None)

    def check_additionalProperties(self, value, wanted, schema, place):
        others = [name for name in value if name not in schema.get("properties", {})] if isinstance(value, dict) else []
        if wanted is False:
            return f"{place}: has {others} as well" if others else None
        words = (self.wrong(value[name], wanted, f"{place}/{name}") for name in others)
        return next((text for text in words if text), None)

    def check_propertyNames(self, value, wanted, schema, place):
        words = (self.wrong(name, wanted, place) for name in value) if isinstance(value, dict) else ()
        return next((text for text in words if text), None)

    def check_items(self, value, wanted, schema, place):
        words = (self.wrong(item, wanted, f"{place}/{i}") for i, item in enumerate(value)) \
            if isinstance(value, list) else ()
        return next((text for text in words if text), None)

    def check_prefixItems(self, value, wanted, schema, place):
        words = (self.wrong(item, rule, f"{place}/{i}") for i, (item, rule) in enumerate(zip(value, wanted)))
        return next((text for text in words if text), None)

    @staticmethod
    def bound(value, fits, place, rule):
        return None if fits else f"{place}: {value!r} breaks {rule}"

    def check_minimum(self, value, wanted, schema, place):
        return self.bound(value, not is_type(value, "number") or value >= wanted, place, f"minimum {wanted}")

    def check_maximum(self, value, wanted, schema, place):
        return self.bound(value, not is_type(value, "number") or value <= wanted, place, f"maximum {wanted}")

    def check_uniqueItems(self, value, wanted, schema, place):
        twice = wanted and isinstance(value, list) and any(item in value[:i] for i, item in enumerate(value))
        return f"{place}: an item comes twice" if twice else None

    def check_exclusiveMinimum(self, value, wanted, schema, place):
        return self.bound(value, not is_type(value, "number") or value > wanted, place, f"above {wanted}")

    def check_exclusiveMaximum(self, value, wanted, schema, place):
        return self.bound(value, not is_type(value, "number") or value < wanted, place, f"below {wanted}")

    def check_minItems(self, value, wanted, schema, place):
        return self.bound(value, not isinstance(value, list) or len(value) >= wanted, place, f"minItems {wanted}")

    def check_maxItems(self, value, wanted, schema, place):
        return self.bound(value, not isinstance(value, list) or len(value) <= wanted, place, f"maxItems {wanted}")

    def check_minLength(self, value, wanted, schema, place):
        return self.bound(value, not isinstance(value, str) or len(value) >= wanted, place, f"minLength {wanted}")

    def check_maxLength(self, value, wanted, schema, place):
        return self.bound(value, not isinstance(value, str) or len(value) <= wanted, place, f"maxLength {wanted}")

    def check_maxProperties(self, value, wanted, schema, place):
        return self.bound(value, not isinstance(value, dict) or len(value) <= wanted, place, f"at most {wanted}")

    def check_pattern(self, value, wanted, schema, place):
        return self.bound(value, not isinstance(value, str) or re.search(wanted, value), place, f"pattern {wanted}")
