import { duration } from "./format.js";
import { NO_TEXT } from "./ledger.js";

const LOOK_MS = 3000;
const OVER = ["completed", "failed"];
const LABEL = "Recognise again";

/** The button that has the server make the missing text of one note from its recording, and says how far it is. */
export class RecogniseAgain {
  #row;
  #button;
  #words;
  #api;
  #id;
  #readNote;
  #isRunning = false;

  /**
   * @param {object} parts elements: recogniseRow, recognise (the button), recogniseWords (beside it)
   * @param {NotesApi} api
   * @param {() => Promise<object>} readNote reads the note again and shows it
   */
  constructor({ recogniseRow, recognise, recogniseWords }, api, id, readNote) {
    this.#row = recogniseRow;
    this.#button = recognise;
    this.#words = recogniseWords;
    this.#api = api;
    this.#id = id;
    this.#readNote = readNote;
  }

  /** @param {AbortSignal} signal ends it */
  start(signal) {
    this.#button.addEventListener("click", () => this.#press(signal), { signal });
  }

  /** @param {object} note as the server has it now */
  show(note) {
    const seconds = withoutText(note);
    if (this.#isRunning) return;
    this.#row.hidden = seconds === 0;
    this.#say(LABEL, `${duration(seconds)} of the recording ${seconds < 2 ? "has" : "have"} no text yet.`);
  }

  async #press(signal) {
    if (this.#isRunning) return;
    this.#runs(true);
    this.#say("Asking the server", "");
    try {
      const { status_url: status } = await this.#api.recogniseAgain(this.#id, signal);
      await this.#follow(status, signal);
    } catch (problem) {
      this.#runs(false);
      if (!signal?.aborted) this.#say(LABEL, problem.words ?? "That did not work. The recording is safe. Try again.");
    }
  }

  async #follow(address, signal) {
    let status = { status: "queued" };
    while (!signal?.aborted && !OVER.includes(status.status)) {
      this.#say(progressWords(status), "You can leave this page; it goes on by itself.");
      await later(LOOK_MS);
      // A look that fails says nothing about the work; the next one may tell.
      status = (await this.#api.status(address, signal).catch(() => null)) ?? status;
      const note = await this.#readNote().catch(() => null);
      if (note && withoutText(note) === 0) status = { status: "completed" };
    }
    this.#runs(false);
    const note = await this.#readNote();
    this.show(note);
    if (withoutText(note) > 0) this.#say(LABEL, endWords(status));
  }

  #runs(isRunning) {
    this.#isRunning = isRunning;
    this.#button.setAttribute("aria-disabled", String(isRunning));
  }

  #say(label, words) {
    if (this.#button.textContent !== label) this.#button.textContent = label;
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }
}

/** @returns {number} seconds of the note's recording that have no text */
export function withoutText({ ledger }) {
  const spans = (ledger?.gaps ?? []).filter(({ reason }) => reason === NO_TEXT);
  return spans.reduce((sum, { seconds }) => sum + seconds, 0);
}

function progressWords({ status, progress }) {
  if (status === "queued") return "Waiting for its turn";
  return progress > 0 ? `Recognising again: ${progress} %` : "Recognising again";
}

function endWords({ status }) {
  if (status === "failed") return "It did not work this time. The recording is safe. Try again later, or listen to it.";
  return "No more words were found there. Listen to the recording.";
}

function later(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
