import { count, dayAndTime, duration } from "./format.js";
import { withoutText } from "./ledger.js";
import { noteLines } from "./note-lines.js";
import { audioWords, emptyWords, failureWords, isBeingWritten } from "./note-words.js";
import { recogniserWords, specialtyWords, statusWords } from "./note-words.js";
import { RecogniseAgain } from "./recognise-again.js";

/** A note in work is read again after this, and then less and less often. */
const FIRST_AGAIN_MS = 2000;
const LAST_AGAIN_MS = 15000;

/** One note: its text by segments, its recording, and what was saved. A note still in work is read again by itself. */
export class NoteView {
  #api;
  #id;
  #parts;
  #text = null;
  #shown = "";
  #again;
  #againMs = FIRST_AGAIN_MS;

  /** @param {object} parts elements: heading, meta, status, audio, failure, text, player, copy, message, note, ... */
  constructor(api, id, parts) {
    this.#api = api;
    this.#id = id;
    this.#parts = parts;
    this.#again = new RecogniseAgain(parts, api, id, () => this.#read());
  }

  get text() {
    return this.#text ?? "";
  }

  /** @param {AbortSignal} signal ends it */
  start(signal) {
    this.#again.start(signal);
    return this.#look(signal);
  }

  async #look(signal) {
    try {
      if (isInWork(await this.#read(signal))) this.#lookAgain(signal);
    } catch (error) {
      this.#say(error.words ?? "This note can't be shown. It is safe on the server. Please reload the page.");
    }
  }

  async #read(signal) {
    const note = await this.#api.note(this.#id, signal);
    this.#show(note);
    return note;
  }

  #lookAgain(signal) {
    setTimeout(() => signal?.aborted || this.#look(signal), this.#againMs);
    this.#againMs = Math.min(2 * this.#againMs, LAST_AGAIN_MS);
  }

  #show(note) {
    const { heading, meta, status, audio, failure, body } = this.#parts;
    heading.textContent = dayAndTime(new Date(note.created_at));
    meta.textContent = [
      duration(note.audio_duration_seconds ?? 0),
      count(note.word_count ?? 0, "word"),
      specialtyWords(note.specialty),
      recogniserWords(note.recogniser, note),
    ]
      .filter(Boolean)
      .join(" · ");
    show(status, statusWords(note));
    show(audio, audioWords(note.audio_status));
    failure.textContent = failureWords(note);
    failure.hidden = failure.textContent === "";
    this.#showText(note);
    this.#showRecording(note.audio_status === "STORED");
    this.#again.show(note);
    body.hidden = false;
    this.#say("");
  }

  #showText(note) {
    const { transcript_text: newText, segments, ledger } = note;
    // Written anew only when it changed, so that nobody loses what they have selected.
    const gaps = ledger?.gaps ?? [];
    const empty = segments.length === 0 && withoutText(note) === 0 ? emptyWords(note) : "";
    const shown = JSON.stringify([newText, segments.length, gaps, empty]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#text = newText;
    const { text, copy, textDownload } = this.#parts;
    copy.hidden = textDownload.hidden = segments.length === 0;
    textDownload.href = this.#api.textDownloadAddress(this.#id);
    text.textContent = empty;
    text.append(...noteLines(segments, gaps, (seconds) => this.#playFrom(seconds)));
  }

  #showRecording(isStored) {
    const { player, recordingDownload } = this.#parts;
    player.hidden = recordingDownload.hidden = !isStored;
    recordingDownload.href = this.#api.audioDownloadAddress(this.#id);
    const address = this.#api.audioAddress(this.#id);
    if (isStored && player.getAttribute("src") !== address) player.src = address;
    this.#parts.text.classList.toggle("without-recording", !isStored);
  }

  #playFrom(seconds) {
    const { player } = this.#parts;
    player.currentTime = seconds;
    player.play().catch(() => this.#say("The recording can't be played here. Download it below; it is safe."));
  }

  #say(words) {
    this.#parts.message.textContent = words;
    this.#parts.message.hidden = words === "";
  }
}

function isInWork(note) {
  return isBeingWritten(note) || note.audio_status === "PENDING";
}

function show(element, { text, tone }) {
  element.textContent = text;
  element.dataset.tone = tone;
}
