"""One session's ear inside the decoder process: sound in, partials and finals out."""

from collections.abc import Callable, Iterable

from pocketsphinx import Decoder, Vad

from local_services.endpointing import Endpointer, Event, Speech, SpeechBegun, SpeechEnded, Voice
from models.transcript import Final, Partial, Word
from utils.loudness import FRAME_SECONDS, SAMPLE_RATE
from utils.resampling import Resampler

DECODER_FRAME_SECONDS = 0.01
PARTIAL_EVERY_SECONDS = 0.25
"""Sound between two looks at what was understood so far"""
BYTES_A_SECOND = 2 * SAMPLE_RATE

LEARN_SPEECH_SECONDS = 6.0
"""Speech after which the decoder knows how this microphone sounds"""
LISTEN_AGAIN_SECONDS = 10.0
"""The longest segment that is decoded a second time while it doesn't: a longer one takes over a second"""

SURE = 0.9
"""A first pass that is this sure of its words needs no second one"""

MOST_ACTIVE_STATES = 5000
"""Of the decoder's search, a frame: a sixth of its default makes noise a third cheaper and costs no word"""

LEAST_VOICE_SECONDS = 0.12
PURE_TONE = 0.95
"""Over this tonality it is a beep or a whistle"""
BREATHY = 0.4
"""Under this tonality it is breath, a knock or a cough, unless several words were understood (a whisper)"""
WHISPERED_WORDS = 3
LONE_WORD_SECONDS = 0.4
"""A lone word is shown after this much voice: a beep would flash one otherwise. Its final comes in any case."""
GUESS = 0.2
"""A lone word less sure than this is a guess at a noise"""


def load_decoder() -> Decoder:
    """The English model that comes with PocketSphinx, in about 0.3 s and 100 MB."""
    return Decoder(loglevel="FATAL", maxhmmpf=MOST_ACTIVE_STATES)


class Listener:
    """Hears the PCM of one stream. One thread; it uses the decoder alone until `finish` or until it is dropped."""

    def __init__(
        self,
        decoder: Decoder,
        sample_rate: int,
        endpointing_ms: int,
        stream_id: str,
        tell: Callable[[Partial | Final], None],
    ) -> None:
        """`sample_rate` in hertz; `stream_id` goes before every segment id and must be new each time."""
        self._decoder = decoder
        self._tell = tell
        self._stream_id = stream_id
        self._resampler = Resampler(sample_rate, SAMPLE_RATE)
        self._endpointer = Endpointer(Vad(Vad.LOOSE, SAMPLE_RATE, FRAME_SECONDS).is_speech, endpointing_ms)
        self._segments = 0
        self._speaking = False
        self._start_time = 0.0
        self._sound = bytearray()
        self._unseen = 0
        self._shown = ""
        self._learned = 0.0

    def hear(self, pcm: bytes) -> None:
        """Take in the next whole samples."""
        self._follow(self._endpointer.hear(self._resampler.push(pcm)))

    def finish(self) -> None:
        """Tell what is still open."""
        self._follow(self._endpointer.hear(self._resampler.flush()))
        self._follow(self._endpointer.finish())

    def drop(self) -> None:
        """Stop at once and leave the decoder ready for another stream."""
        if self._speaking:
            self._decoder.end_utt()

    def _follow(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case SpeechBegun():
                    self._begin(event.start_time)
                case Speech():
                    self._decode(event.pcm)
                case SpeechEnded():
                    self._settle(event)

    def _begin(self, start_time: float) -> None:
        self._segments += 1
        self._start_time = start_time
        self._sound.clear()
        self._unseen = 0
        self._shown = ""
        self._decoder.start_utt()
        self._speaking = True

    def _decode(self, pcm: bytes) -> None:
        self._sound += pcm
        self._unseen += len(pcm)
        if self._unseen >= PARTIAL_EVERY_SECONDS * BYTES_A_SECOND:
            self._catch_up()
            self._show()

    def _catch_up(self) -> None:
        if self._unseen:
            self._decoder.process_raw(bytes(self._sound[-self._unseen :]))
            self._unseen = 0

    def _show(self) -> None:
        words = self._words()
        text = _text(words)
        voice = self._endpointer.voice()
        too_soon = len(words) == 1 and voice.seconds < LONE_WORD_SECONDS
        if text == self._shown or too_soon or not _is_speech(voice, words):
            return
        self._shown = text
        self._tell(Partial(self._segment_id, text, words[0].start_time, words[-1].end_time))

    def _settle(self, ended: SpeechEnded) -> None:
        self._catch_up()
        self._decoder.end_utt()
        self._speaking = False
        if self._learned < LEARN_SPEECH_SECONDS and ended.voice.seconds >= LEAST_VOICE_SECONDS:
            self._learned += ended.voice.seconds
            self._listen_again()
        words = self._words(before=ended.end_time)
        if _is_speech(ended.voice, words) and not _is_guess(words):
            self._tell(self._final(words, ended.voice.end_time))
        elif self._shown:
            self._tell(Partial(self._segment_id, "", self._start_time, self._start_time))

    def _listen_again(self) -> None:
        # The first pass ran on a stranger's average voice and microphone and has now measured this one's (the
        # cepstral mean): the same sound again gives a third of the errors. docs/decisions/021 has the figures.
        words = self._words()
        if len(self._sound) > LISTEN_AGAIN_SECONDS * BYTES_A_SECOND or not words or _confidence(words) >= SURE:
            return
        self._decoder.start_utt()
        self._decoder.process_raw(bytes(self._sound))
        self._decoder.end_utt()

    @property
    def _segment_id(self) -> str:
        return f"{self._stream_id}-{self._segments}"

    def _words(self, before: float = float("inf")) -> list[Word]:
        """What is understood of the segment, up to the moment `before`."""
        words = []
        for part in self._decoder.seg() or ():
            start = self._start_time + part.start_frame * DECODER_FRAME_SECONDS
            end = self._start_time + (part.end_frame + 1) * DECODER_FRAME_SECONDS
            if _is_word(part.word) and (start + end) / 2 < before:
                confidence = min(1.0, max(0.0, part.prob))
                words.append(Word(_plain(part.word), round(start, 2), round(min(end, before), 2), round(confidence, 3)))
        return words

    def _final(self, words: list[Word], voice_end: float) -> Final:
        end_time = max(words[-1].end_time, round(voice_end, 2))
        return Final(self._segment_id, _text(words), words[0].start_time, end_time, _confidence(words), tuple(words))


def _is_word(entry: str) -> bool:
    """False for the decoder's own entries: <s>, <sil>, [NOISE], ++BREATH++."""
    return not entry.startswith(("<", "[", "+"))


def _plain(entry: str) -> str:
    """A dictionary entry without the number of its pronunciation, as in "a(2)"."""
    return entry.split("(", 1)[0]


def _text(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


def _confidence(words: list[Word]) -> float:
    """The mean chance that a word is right, by the decoder's own lattice."""
    return round(sum(word.confidence or 0.0 for word in words) / len(words), 3)


def _is_speech(voice: Voice, words: list[Word]) -> bool:
    if not words or voice.seconds < LEAST_VOICE_SECONDS or voice.tonality > PURE_TONE:
        return False
    return voice.tonality >= BREATHY or len(words) >= WHISPERED_WORDS


def _is_guess(words: list[Word]) -> bool:
    return len(words) == 1 and _confidence(words) < GUESS
