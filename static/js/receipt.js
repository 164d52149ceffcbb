import { copyOnPress } from "./copy-text.js";
import { count, duration, timeOfDay } from "./format.js";

const AUDIO = {
  STORED: { text: "Recording saved", tone: "good" },
  PENDING: { text: "Recording is safe on the server and is being stored", tone: "busy" },
  FAILED: { text: "Recording could not be stored. Tell your administrator; the text is not affected", tone: "bad" },
};

/** What the person gets after a dictation: what was saved, when, how much, and where it is. */
export class Receipt {
  #card;
  #parts;

  /** @param {HTMLElement} card holding [data-receipt=...] parts  @param {() => string} readText all finals */
  constructor(card, readText, onNew) {
    this.#card = card;
    this.#parts = Object.fromEntries(
      [...card.querySelectorAll("[data-receipt]")].map((element) => [element.dataset.receipt, element]),
    );
    copyOnPress(this.#parts.copy, readText);
    this.#parts.again.addEventListener("click", onNew);
  }

  /** @param {object} complete the server's session_complete  @returns {string} the first line, to be said aloud */
  show({ transcription_id: id, total_duration: seconds, word_count: words, audio_status: audio }) {
    const saved = `Saved ${timeOfDay(new Date())} · ${duration(seconds)} · ${count(words, "word")}`;
    this.#parts.summary.textContent = saved;
    this.#parts.text.textContent = words > 0 ? "Text saved" : "No words were recognised. Listen to the recording";
    this.#parts.text.dataset.tone = words > 0 ? "good" : "bad";
    this.#parts.note.href = `/notes/${encodeURIComponent(id)}`;
    this.#parts.copy.hidden = words === 0;
    this.audio(audio);
    this.#card.hidden = false;
    return saved;
  }

  /** @param {"PENDING"|"STORED"|"FAILED"} status of the recording */
  audio(status) {
    const { text, tone } = AUDIO[status] ?? AUDIO.PENDING;
    this.#parts.audio.textContent = text;
    this.#parts.audio.dataset.tone = tone;
  }

  hide() {
    this.#card.hidden = true;
  }
}
