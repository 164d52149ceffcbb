"""The public description of the live events, used to check every message that a test is told."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "asyncapi.yaml"


@cache
def document() -> dict[str, Any]:
    """docs/asyncapi.yaml."""
    read: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    return read


@cache
def _validator(kind: str) -> Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{kind}", "components": document()["components"]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def problems_of(kind: str, message: Any) -> list[str]:
    """What is wrong with a message of this kind, by field."""
    if kind not in document()["components"]["messages"]:
        return [f"{kind} is not in the description"]
    return [f"{kind}.{error.json_path}: {error.message}" for error in _validator(kind).iter_errors(message)]
