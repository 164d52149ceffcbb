import { copyOnPress } from "./copy-text.js";
import { dayAndTime, duration } from "./format.js";
import { offlineWarning } from "./note-words.js";

const FEW_SECONDS = 10;
const TONES = { done: "good", held: "bad", failed: "bad", refused: "bad", cancelled: "bad" };
const EXISTING = "You sent this recording before. This is its note.";
const NO_WORDS = "No words were recognised.";

/** One recording on the page. It shows its job, and has no state of its own. */
export class UploadCard {
  #item;
  #parts;
  #job;
  #notes;

  /**
   * @param {HTMLTemplateElement} template one card
   * @param {UploadJob} job
   * @param {NotesApi} notes knows where a note's files are
   * @param {() => void} close called when the person takes it off the page
   */
  constructor(template, job, notes, close) {
    this.#item = template.content.firstElementChild.cloneNode(true);
    this.#job = job;
    this.#notes = notes;
    const named = [...this.#item.querySelectorAll("[data-upload]")];
    this.#parts = Object.fromEntries(named.map((element) => [element.dataset.upload, element]));
    const { cancel, retry, "as-new": asNew, close: closing, copy } = this.#parts;
    cancel.addEventListener("click", () => job.cancel());
    retry.addEventListener("click", () => job.retry());
    asNew.addEventListener("click", () => job.sendAsNew());
    closing.addEventListener("click", close);
    copyOnPress(copy, () => job.note?.transcript_text ?? "");
  }

  get element() {
    return this.#item;
  }

  /** What this recording is called: its file's name while that is known, else when it was sent. */
  get title() {
    if (this.#job.name) return this.#job.name;
    return this.#job.note
      ? `Recording of ${dayAndTime(new Date(this.#job.note.created_at))}`
      : "A recording sent before";
  }

  show() {
    const job = this.#job;
    const { card, title, percent, progress, message, remaining, mode } = this.#parts;
    const isUnderWay = job.canCancel;
    card.dataset.state = job.state;
    const warning = job.note ? offlineWarning(job.note) : "";
    card.dataset.tone = warning ? "bad" : (TONES[job.state] ?? "busy");
    say(title, this.title);
    progress.value = job.percent;
    progress.hidden = !isUnderWay && job.state !== "done";
    progress.setAttribute("aria-label", `Progress of ${this.title}`);
    say(percent, progress.hidden ? "" : `${job.percent} %`);
    const words = job.isExisting && job.state === "done" ? EXISTING : job.message;
    say(message, warning ? `${words} The text is ${warning}.` : words);
    say(remaining, isUnderWay ? remainingWords(job.remaining) : "");
    say(mode, isUnderWay ? job.modeWords : "");
    this.#showText();
    this.#showChoices();
  }

  /** Takes it off the page; the keyboard goes on where it was. */
  remove() {
    const next = this.#item.nextElementSibling ?? this.#item.previousElementSibling;
    this.#item.remove();
    next?.querySelector("button:not([hidden])")?.focus();
  }

  #showText() {
    const { text } = this.#parts;
    const spoken = this.#job.note?.transcript_text ?? "";
    text.hidden = this.#job.note === null || (spoken === "" && this.#job.state !== "done");
    say(text, spoken || NO_WORDS);
  }

  #showChoices() {
    const job = this.#job;
    const { note, copy, cancel, retry, close } = this.#parts;
    const { "as-new": asNew, "text-download": text, "recording-download": recording } = this.#parts;
    const hasText = Boolean(job.note?.transcript_text);
    note.hidden = job.note === null;
    copy.hidden = text.hidden = !hasText;
    recording.hidden = job.note?.audio_status !== "STORED";
    if (job.note) {
      note.href = `/notes/${encodeURIComponent(job.noteId)}`;
      text.href = this.#notes.textDownloadAddress(job.noteId);
      recording.href = this.#notes.audioDownloadAddress(job.noteId);
    }
    this.#offer(cancel, job.canCancel);
    this.#offer(retry, !job.canCancel && job.canRetry);
    this.#offer(asNew, job.canSendAsNew);
    this.#offer(close, !job.canCancel);
  }

  /** A button that goes while the keyboard is on it hands on to the next one. */
  #offer(button, isOffered) {
    const hadFocus = !isOffered && !button.hidden && document.activeElement === button;
    button.hidden = !isOffered;
    if (hadFocus) queueMicrotask(() => this.#item.querySelector(".row > :not([hidden])")?.focus());
  }
}

function remainingWords(seconds) {
  if (seconds === null || seconds === undefined) return "";
  return seconds < FEW_SECONDS ? "A few seconds left." : `About ${duration(seconds)} left.`;
}

function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
