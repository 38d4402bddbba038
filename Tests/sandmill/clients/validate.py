"""Holds documents against the schemas of a folder, as jsonschema for Python reads them.

A JSON object a line on stdin: {"schema": its file, "text": the document, "closed": whether a field that the schema does
not name is wrong too}. An answer a line on stdout: {"problems": [...]}.
"""
import json
import pathlib
import sys

import jsonschema
import referencing

# What the format "date-time" is checked by; jsonschema itself is silent without it.
import rfc3339_validator  # noqa: F401

CHECKER = jsonschema.Draft202012Validator.FORMAT_CHECKER


def close(schema):
    """Lets an object have only the fields that its schema names."""
    if isinstance(schema, list):
        return [close(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: close(part) for name, part in schema.items()}
    if closed.get("type") == "object" and "properties" in closed:
        closed.setdefault("additionalProperties", False)
    return closed


def validators(schemas):
    registry = referencing.Registry().with_resources(
        (schema["$id"], referencing.Resource.from_contents(schema)) for schema in schemas.values()
    )
    for name, schema in schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        yield name, jsonschema.Draft202012Validator(
            schema, registry=registry, format_checker=CHECKER
        )


SCHEMAS = {
    file.name: json.loads(file.read_text())
    for file in sorted(pathlib.Path(sys.argv[1]).glob("*.schema.json"))
}
VALIDATORS = {
    False: dict(validators(SCHEMAS)),
    True: dict(validators({name: close(schema) for name, schema in SCHEMAS.items()})),
}


def refuse(constant):
    raise ValueError(f"{constant} is no JSON")


def problems(order):
    validator = VALIDATORS[order.get("closed", False)][order["schema"]]
    try:
        document = json.loads(order["text"], parse_constant=refuse)
    except ValueError as error:
        return [str(error)]
    return [f"{error.json_path}: {error.message}"[:500] for error in validator.iter_errors(document)]


for line in sys.stdin:
    print(json.dumps({"problems": problems(json.loads(line))}), flush=True)
