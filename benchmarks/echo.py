"""The floor: a raw `websockets` server that answers each chunk at once. `python -m benchmarks.echo PORT`."""

import asyncio
import json
import sys

from websockets.asyncio.server import ServerConnection, serve

from benchmarks.plan import BYTES_A_SECOND


async def answer(wire: ServerConnection) -> None:
    """One connection."""
    heard_bytes = chunks = 0
    async for frame in wire:
        heard_bytes += len(frame) - 1
        result = {"text": f"word{chunks}", "is_partial": True, "end_time": heard_bytes / BYTES_A_SECOND}
        chunks += 1
        await wire.send(json.dumps(result))


async def main(port: int) -> None:
    """Serve until ended."""
    async with serve(answer, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
