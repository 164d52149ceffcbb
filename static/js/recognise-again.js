import { duration } from "./format.js";
import { withoutText } from "./ledger.js";
import { isBeingWritten } from "./note-words.js";

const LOOK_MS = 3000;
const OVER = ["completed", "failed"];
const LABEL = "Recognise again";
const BY_ITSELF = "You can leave this page; it goes on by itself.";

/** The button that has the server make the missing text of one note from its recording, and says how far it is. */
export class RecogniseAgain {
  #row;
  #button;
  #words;
  #api;
  #id;
  #readNote;
  #isRunning = false;
  #looks = 0;

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
    const missing = `${duration(seconds)} of the recording ${seconds < 2 ? "has" : "have"} no text yet.`;
    const isComing = isBeingWritten(note);
    this.#row.hidden = seconds === 0;
    this.#button.hidden = isComing;
    if (!isComing) this.#say(LABEL, missing);
    else if (seconds > 0) this.#tellComing(note, missing);
  }

  /** The server makes it from the recording already, or waits until it can. */
  async #tellComing({ session_id: id }, missing) {
    if (this.#looks === 0) this.#say(LABEL, `${missing} It is being made from the recording. ${BY_ITSELF}`);
    this.#looks += 1;
    // The very first moment knows of no such work yet.
    if (this.#looks === 1) return;
    const address = `/api/v1/sessions/${encodeURIComponent(id)}/status`;
    const status = await this.#api.status(address).catch(() => null);
    if (status && !OVER.includes(status.status) && this.#button.hidden) {
      this.#say(LABEL, `${missing} ${status.message} ${BY_ITSELF}`);
    }
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
      this.#say(progressWords(status), BY_ITSELF);
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
