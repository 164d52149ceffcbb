"""What the React package calls a status is what the server sends."""

import re
from pathlib import Path
from typing import Any

from web.openapi_stored import STATUS

TYPES = Path(__file__).resolve().parents[2] / "clients" / "react" / "src" / "job-status.ts"
IN_TYPESCRIPT = {"string": "string", "integer": "number", "number": "number", "null": "null"}


def in_typescript(schema: dict[str, Any]) -> str:
    """A schema as a TypeScript type."""
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if schema["type"] == "object":
        return "{ " + "; ".join(members(schema)) + " }"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " | ".join(IN_TYPESCRIPT[kind] for kind in kinds)


def members(schema: dict[str, Any]) -> list[str]:
    """Of an object, as an interface has them."""
    required = schema["required"]
    return [
        f"{name}{'' if name in required else '?'}: {in_typescript(member)}"
        for name, member in schema["properties"].items()
    ]


def test_the_types_of_the_react_package_are_the_servers_schema() -> None:
    [body] = re.findall(r"interface JobStatus \{\n(.*?)\n\}", TYPES.read_text(), re.DOTALL)
    without_comments = re.sub(r"/\*\*.*?\*/", "", body)
    written = [line.strip().removesuffix(";") for line in without_comments.splitlines() if line.strip()]
    assert written == members(STATUS)
