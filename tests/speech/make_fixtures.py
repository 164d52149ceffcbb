"""Speaks the fixtures anew: `python tests/speech/make_fixtures.py` (needs flite; the tests don't)."""

import json
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
import soxr

HERE = Path(__file__).resolve().parent
RATE = 16000
"""Hertz"""
PAUSE_SECONDS = 0.8
ROOM_LEVEL = 3
"""Standard deviation of the room's noise, in 16-bit steps: digital silence is nothing a microphone gives"""
FIXTURES = {
    "dictation": (
        "rms",
        [
            "blood pressure was one hundred and twenty over eighty",
            "he was given two tablets of aspirin every day",
            "please come back to the hospital in two weeks",
        ],
    ),
}


def main() -> None:
    """Write a WAV and a JSON for every fixture."""
    for name, (voice, sentences) in FIXTURES.items():
        pause = np.zeros(round(PAUSE_SECONDS * RATE))
        parts, spoken, start = [pause], [], len(pause)
        for sentence in sentences:
            speech = speak(voice, sentence)
            spoken.append({"text": sentence, "start_time": start / RATE, "end_time": (start + len(speech)) / RATE})
            parts += [speech, pause]
            start += len(speech) + len(pause)
        write(HERE / f"{name}.wav", np.concatenate(parts))
        about = {"voice": f"flite {voice}", "sample_rate": RATE, "sentences": spoken}
        (HERE / f"{name}.json").write_text(json.dumps(about, indent=2) + "\n")


def speak(voice: str, sentence: str) -> np.ndarray:
    """The sentence at RATE, in 16-bit steps, without the silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        subprocess.run(["flite", "-voice", voice, "-t", sentence, "-o", str(path)], check=True)
        with wave.open(str(path)) as recording:
            pcm = np.frombuffer(recording.readframes(recording.getnframes()), "<i2").astype(np.float64)
            speech = soxr.resample(pcm, recording.getframerate(), RATE)
    loud = np.flatnonzero(np.abs(speech) > 100)
    return speech[loud[0] : loud[-1] + 1]


def write(path: Path, samples: np.ndarray) -> None:
    """Mono s16le at RATE, over a quiet room."""
    noise = np.random.default_rng(seed=1).normal(scale=ROOM_LEVEL, size=len(samples))
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE)
        recording.writeframes(np.clip(samples + noise, -32768, 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
