"""A coroutine for a test: in a thread of its own, for the main one has a loop already once a browser test ran in it."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def alone(talk: Coroutine[Any, Any, T]) -> T:
    """What it returns."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, talk).result()
