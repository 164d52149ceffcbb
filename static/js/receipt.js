import { copyOnPress } from "./copy-text.js";
import { count, duration, timeOfDay } from "./format.js";
import { ledgerRows } from "./ledger.js";
import { isBeingWritten, textWords } from "./note-words.js";

/** Text that is still to come is looked for after this, then less and less often; later the note itself tells. */
const FIRST_LOOK_MS = 2000;
const LONGEST_LOOK_MS = 30000;
const LOOKS = 15;

const AUDIO = {
  STORED: { text: "Recording saved", tone: "good" },
  PENDING: { text: "Recording is safe on the server and is being stored", tone: "busy" },
  FAILED: { text: "Recording could not be stored. Tell your administrator; the text is not affected", tone: "bad" },
};

/** What the person gets after a dictation: what was saved, when, how much, and where it is. */
export class Receipt {
  #card;
  #parts;
  #readText;
  #readNote;
  #shown = null;
  #wholeText = "";
  #timer = null;

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
    this.#readText = readText;
    copyOnPress(this.#parts.copy, () => this.#wholeText || readText());
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
    this.#shown = { id, here, words, wasComing: false, saved: `Saved ${timeOfDay(new Date())} · ${length}` };
    this.#wholeText = "";
    const saved = this.#showWords(words);
    this.#showText(words === 0 ? { text: "No text yet", tone: "busy" } : { text: "Text saved", tone: "good" });
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
    this.#showNote();
  }

  hide() {
    clearTimeout(this.#timer);
    this.#card.hidden = true;
    this.#shown = null;
  }

  /** What was captured, how much of it is where, and how whole the text is. What the server does not tell is left out. */
  async #showNote(looks = 1) {
    if (!this.#shown) return;
    const { id, here } = this.#shown;
    if (looks === 1) this.#fillLedger(ledgerRows(here));
    const note = await this.#readNote(id).catch(() => null);
    if (this.#shown?.id !== id) return;
    if (note) this.#fill(note, here);
    if (note ? isBeingWritten(note) : looks > 1) this.#lookAgain(id, looks);
  }

  #fill(note, here) {
    if (note.ledger) this.#fillLedger(ledgerRows(here, note.ledger));
    if (note.word_count > 0) this.#showWords(note.word_count);
    const { text, tone } = textWords(note, here.safeSeconds + here.waitingSeconds);
    if (tone === "busy") this.#shown.wasComing = true;
    // While it is written the page may know more than the note; a note in parts is whole on the page only.
    const isMore = !isBeingWritten(note) && here.earlier.length === 0 && this.#isMore(note);
    if (isMore) this.#wholeText = note.transcript_text;
    this.#showText({ text: isMore && tone === "good" ? `${text}. All of it is in the note` : text, tone });
  }

  /** True when the note has words that never came to this page. */
  #isMore({ word_count: words }) {
    return this.#shown.wasComing || (words > this.#shown.words && words > wordsIn(this.#readText()));
  }

  #lookAgain(id, looks) {
    if (looks > LOOKS) return;
    clearTimeout(this.#timer);
    const wait = Math.min(FIRST_LOOK_MS * 2 ** (looks - 1), LONGEST_LOOK_MS);
    this.#timer = setTimeout(() => this.#shown?.id === id && this.#showNote(looks + 1), wait);
  }

  /** The last words may come after the receipt, and many more where they are made from the recording. */
  #showWords(words) {
    const { summary, copy } = this.#parts;
    summary.textContent = this.#shown.saved + (words === null ? "" : ` · ${count(words, "word")}`);
    copy.hidden = words === 0;
    return summary.textContent;
  }

  #showText({ text, tone }) {
    const fact = this.#parts.text;
    if (fact.textContent !== text) fact.textContent = text;
    fact.dataset.tone = tone;
  }

  #fillLedger(rows) {
    const terms = rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)]);
    this.#parts.ledger.replaceChildren(...terms);
  }
}

function wordsIn(text) {
  return text.split(/\s+/).filter(Boolean).length;
}

function noteAddress(id) {
  return `/notes/${encodeURIComponent(id)}`;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
