import { copyOnPress } from "./copy-text.js";
import { count, duration, timeOfDay } from "./format.js";
import { ledgerRows } from "./ledger.js";
import { isPartlyOffline } from "./note-words.js";

const AUDIO = {
  STORED: { text: "Recording saved", tone: "good" },
  PENDING: { text: "Recording is safe on the server and is being stored", tone: "busy" },
  FAILED: { text: "Recording could not be stored. Tell your administrator; the text is not affected", tone: "bad" },
};

/** What the person gets after a dictation: what was saved, when, how much, and where it is. */
export class Receipt {
  #card;
  #parts;
  #readNote;
  #shown = null;

  /**
   * @param {HTMLElement} card holding [data-receipt=...] parts  @param {() => string} readText all finals
   * @param {(id: number) => Promise<object>} readNote what the server says of a note
   */
  constructor(card, readText, onNew, readNote) {
    this.#card = card;
    this.#parts = Object.fromEntries(
      [...card.querySelectorAll("[data-receipt]")].map((element) => [element.dataset.receipt, element]),
    );
    this.#readNote = readNote;
    copyOnPress(this.#parts.copy, readText);
    this.#parts.again.addEventListener("click", onNew);
  }

  /**
   * @param {object} complete the server's session_complete
   * @param {{safeSeconds: number, waitingSeconds: number, earlier: number[]}} here what this page knows; notes that hold
   *   the first parts of the dictation
   * @returns {string} the first line, to be said aloud
   */
  show({ transcription_id: id, total_duration: seconds, word_count: words, audio_status: audio }, here) {
    const length = duration(here.safeSeconds + here.waitingSeconds || seconds);
    this.#shown = { id, here, saved: `Saved ${timeOfDay(new Date())} · ${length}` };
    const saved = this.#showWords(words);
    this.#parts.note.href = noteAddress(id);
    this.#parts.earlier.hidden = here.earlier.length === 0;
    if (here.earlier.length > 0) this.#parts.earlier.href = noteAddress(here.earlier[0]);
    this.audio(audio);
    this.#card.hidden = false;
    return saved;
  }

  /** @param {"PENDING"|"STORED"|"FAILED"} status of the recording */
  audio(status) {
    const { text, tone } = AUDIO[status] ?? AUDIO.PENDING;
    this.#parts.audio.textContent = text;
    this.#parts.audio.dataset.tone = tone;
    this.#showLedger();
  }

  hide() {
    this.#card.hidden = true;
    this.#shown = null;
  }

  /** What was captured, and how much of it is where. What the server does not tell is left out. */
  async #showLedger() {
    if (!this.#shown) return;
    const { id, here } = this.#shown;
    this.#fillLedger(ledgerRows(here));
    const note = await this.#readNote(id).catch(() => null);
    if (!note || this.#shown?.id !== id) return;
    if (note.ledger) this.#fillLedger(ledgerRows(here, note.ledger));
    if (note.word_count > 0) this.#showWords(note.word_count);
    if (isPartlyOffline(note)) this.#showOffline();
  }

  /** The last words may come after the receipt. */
  #showWords(words) {
    const { summary, text, copy } = this.#parts;
    summary.textContent = this.#shown.saved + (words === null ? "" : ` · ${count(words, "word")}`);
    text.textContent = words === 0 ? "No words were recognised. Listen to the recording" : "Text saved";
    text.dataset.tone = words === 0 ? "bad" : "good";
    copy.hidden = words === 0;
    return summary.textContent;
  }

  #showOffline() {
    this.#parts.text.textContent =
      "Text saved, in part from the offline recogniser: not medical-grade, check every word";
    this.#parts.text.dataset.tone = "bad";
  }

  #fillLedger(rows) {
    const terms = rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)]);
    this.#parts.ledger.replaceChildren(...terms);
  }
}

function noteAddress(id) {
  return `/notes/${encodeURIComponent(id)}`;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
