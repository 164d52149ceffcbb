"""The usual Flask-SocketIO example as a process: `python -m benchmarks.relay PORT`. Nothing is kept, nobody signs in.

Stock settings throughout: monkey-patched, Flask's decorator, asynchronous handlers, any origin.
"""

import sys
from typing import Any

from benchmarks.plan import BYTES_A_SECOND


def main(port: int) -> None:
    """Serve until ended."""
    import eventlet

    eventlet.monkey_patch()  # before anything else is imported, as the examples have it

    from flask import Flask
    from flask_socketio import SocketIO, emit

    app = Flask(__name__)
    socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")

    @socketio.on("audio_chunk")  # type: ignore[untyped-decorator]
    def on_audio_chunk(frame: bytes, place: dict[str, Any]) -> None:
        end_time = (place["offset"] + len(frame) - 1) / BYTES_A_SECOND
        emit("transcription_result", {"text": f"word{place['seq']}", "is_partial": True, "end_time": end_time})

    socketio.run(app, host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]))
