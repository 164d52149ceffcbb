"""Changing the sample rate of a stream of speech, chunk by chunk, without a seam between the chunks."""

import numpy as np
import soxr

FULL_SCALE = 32768.0
"""What 1.0 is in s16le samples"""


class Resampler:
    """Turns s16le mono PCM of one rate into that of another, in pieces of any size.

    The output lags a few milliseconds behind the input until `flush`; all of it together lasts as long as the
    input, to the sample. One thread at a time.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        """Both rates in hertz. Raises ValueError for a rate that is not positive."""
        if from_rate <= 0 or to_rate <= 0:
            raise ValueError("sample rates must be positive")
        # Floats, because the library dithers 16-bit output: digital silence would not stay silent.
        self._stream = None if from_rate == to_rate else soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32")

    def push(self, pcm: bytes) -> bytes:
        """The next whole samples in, whatever is ready out."""
        return pcm if self._stream is None else self._convert(pcm, last=False)

    def flush(self) -> bytes:
        """What is still inside. Call it once, when no more will be pushed."""
        return b"" if self._stream is None else self._convert(b"", last=True)

    def _convert(self, pcm: bytes, *, last: bool) -> bytes:
        assert self._stream is not None
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / FULL_SCALE
        scaled = np.rint(self._stream.resample_chunk(samples, last=last) * FULL_SCALE)
        return bytes(np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes())
