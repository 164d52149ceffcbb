"""Who hears recordings that are there as a whole, as the settings say."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from aws_services.file_fallback import FileFallback
from local_services.pocketsphinx_recogniser import PocketSphinxRecogniser
from local_services.scripted_recogniser import ScriptedRecogniser
from local_services.windowed_recogniser import WindowedRecogniser
from models.ports import Recogniser
from models.stored_ports import FileRecogniser
from utils.config import Settings


def file_recogniser_of(
    settings: Settings, live: Recogniser | None = None, live_fallback: Recogniser | None = None
) -> FileRecogniser:
    """The same engine that hears dictations: a note must not change it unseen.

    `live`, or `live_fallback` in its stead, hears the dictations of this process: streams to a service are counted
    together, and decoders that nobody uses are put away while a recording needs one.
    """

    def scripted() -> Recogniser:
        return ScriptedRecogniser(settings.scripted_final_every)

    def pocketsphinx() -> Recogniser:
        return PocketSphinxRecogniser(1, settings.endpointing_ms, settings.vad_thread_pool_size)

    if settings.recogniser == "aws" and settings.recogniser_fallback == "pocketsphinx":
        offline = WindowedRecogniser(PocketSphinxRecogniser.name, pocketsphinx, room=_room_of(live_fallback))
        return _transcribe(settings, live, offline)
    if settings.recogniser == "aws":
        return _transcribe(settings, live)
    if settings.recogniser == "scripted":
        return WindowedRecogniser(ScriptedRecogniser.name, scripted)
    return WindowedRecogniser(PocketSphinxRecogniser.name, pocketsphinx, room=_room_of(live))


def _room_of(live: Recogniser | None) -> Callable[[], AbstractContextManager[object]]:
    return live.making_room if isinstance(live, PocketSphinxRecogniser) else nullcontext


def _transcribe(settings: Settings, live: Recogniser | None, fallback: FileRecogniser | None = None) -> FileRecogniser:
    """Batch jobs where recordings are in S3, for they read nothing else. Else, and for what they refuse, streams."""
    # Here, because its parts take 0.1 s and 10 MB that nobody else needs.
    from aws_services.transcribe_batch_manager import TranscribeBatchManager
    from aws_services.transcribe_failures import recording_error
    from aws_services.transcribe_streaming_manager import TranscribeStreamingManager

    def streams() -> Recogniser:
        return TranscribeStreamingManager.from_settings(settings) if live is None else live

    by_streams: FileRecogniser = WindowedRecogniser(
        TranscribeStreamingManager.name, streams, recording_error, is_shared=live is not None
    )
    if fallback is not None:
        by_streams = FileFallback(by_streams, fallback, same_windows=True)
    if settings.audio_store != "s3":
        return by_streams
    by_jobs = TranscribeBatchManager.from_settings(settings, by_streams)
    return by_jobs if fallback is None else FileFallback(by_jobs, fallback, same_windows=False)
