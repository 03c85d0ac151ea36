"""Microsoft's OpenAPI of Resource Manager as a strict JSON Schema.

The published files let unknown properties pass; here a misspelt or read-only one is an error.
"""

import json
from pathlib import Path

import jsonschema


class Specification:
    """One OpenAPI file and those it refers to."""

    def __init__(self, folder, file):
        self.folder = Path(folder)
        self.file = file
        self.files = {}

    def errors(self, definition, value):
        """What is wrong with `value`, a line each."""
        schema = self.definition(self.file, definition)
        found = jsonschema.Draft4Validator(schema).iter_errors(value)
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in found]

    def paths(self):
        return self.read(self.file)["paths"]

    def read(self, file):
        if file not in self.files:
            self.files[file] = json.loads((self.folder / file).read_text("utf-8-sig"))
        return self.files[file]

    def definition(self, file, name, discriminated=True):
        """A definition with everything that it refers to in its place."""
        schema = self.read(file)["definitions"][name]
        key = schema.get("discriminator")
        if key and discriminated:
            return {"oneOf": [self.variant(file, own, key) for own in self.kinds(file, name)]}
        return self.plain(file, schema)

    def kinds(self, file, name):
        """The definitions that are kinds of `name`."""
        for own, schema in self.read(file)["definitions"].items():
            if any(part.get("$ref", "").endswith(f"/{name}") for part in schema.get("allOf", [])):
                yield own

    def variant(self, file, name, key):
        schema = self.plain(file, self.read(file)["definitions"][name])
        word = self.read(file)["definitions"][name]["x-ms-discriminator-value"]
        schema["properties"][key] = {"enum": [word]}
        return schema

    def plain(self, file, schema):
        if "$ref" in schema:
            other, _, name = schema["$ref"].partition("#/definitions/")
            return self.definition(other.removeprefix("./") or file, name)
        if schema.get("type") == "array":
            return {"type": "array", "items": self.plain(file, schema["items"])}
        if "properties" not in schema and "allOf" not in schema:
            return schema
        merged = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        for part in schema.get("allOf", []):
            other, _, name = part["$ref"].partition("#/definitions/")
            base = self.definition(other.removeprefix("./") or file, name, discriminated=False)
            merged["properties"] |= base.get("properties", {})
            merged["required"] += base.get("required", [])
        for name, own in schema.get("properties", {}).items():
            if not own.get("readOnly"):
                merged["properties"][name] = self.property(file, name, own)
        merged["required"] += schema.get("required", [])
        if not merged["required"]:
            del merged["required"]
        return merged

    def property(self, file, name, schema):
        # A rule may name its networks, cards and security groups in full; ours name none, and
        # those definitions lead back to the rule.
        if "securitygroups" in name.lower():
            return {}
        return self.plain(file, schema)
