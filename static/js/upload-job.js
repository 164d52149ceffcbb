import { Listeners } from "./listeners.js";
import { SendingPace } from "./sending-pace.js";
import { isEnding } from "./status-track.js";
import { modeWords } from "./status-words.js";
import { uploadProblem } from "./upload-problem.js";
import { whenReached } from "./when-reached.js";

/** Of the whole bar, in percent: the way to the server; the rest is the work there. */
const SENDING_SHARE = 20;
const REJECTED = "UPLOAD_REJECTED";
const GONE = "This recording is no longer on the server for you.";
/** A line that breaks each time in the middle of a file is not tried for ever. */
const MOST_BROKEN = 3;

/**
 * One recording on its way from a file to a note. No DOM.
 *
 * waiting    its turn to be sent has not come
 * held       it can't be sent now, and is tried again by itself
 * sending    on its way to the server
 * working    the server has it, and makes it text
 * done       the text is there
 * failed     the work on it ended without all of its text
 * refused    the server has not taken it
 * cancelled  this person stopped it
 *
 * Events: change(), toSend() when send() is to be called again, kept(ticket) once the server has it, gone() when it is not
 * there for this person.
 */
export class UploadJob {
  state = "waiting";
  /** Of the way from file to note; never goes back within one try */
  percent = 0;
  message = "Waiting to be sent.";
  /** How the news come, see TranscriptionStatus */
  mode = "stopped";
  modeWords = "";
  /** Seconds; null while nobody can know */
  remaining = null;
  /** As the server has it; null before the end */
  note = null;
  /** True when these bytes had come before */
  isExisting = false;
  #file;
  #ticket;
  #api;
  #notes;
  #makeWatch;
  #canRetry = false;
  #isNewNote = false;
  #brokenTimes = 0;
  #latest = null;
  #endedSeq = null;
  #sending = null;
  #watch = null;
  #listeners = new Listeners(["change", "toSend", "kept", "gone"]);

  /**
   * @param {{file?: File, ticket?: {session_id: string, transcription_id: number}}} from a file to send, or a sent one
   * @param {{api: UploadsApi, notes: NotesApi, makeWatch: (addresses: object, seen: object|null) => TranscriptionStatus}} with
   */
  constructor({ file = null, ticket = null }, { api, notes, makeWatch }) {
    this.#file = file;
    this.#ticket = ticket;
    this.#api = api;
    this.#notes = notes;
    this.#makeWatch = makeWatch;
  }

  get name() {
    return this.#file?.name ?? "";
  }

  get sessionId() {
    return this.#ticket?.session_id ?? null;
  }

  get noteId() {
    return this.#ticket?.transcription_id ?? null;
  }

  get isUnsent() {
    return ["waiting", "held", "sending"].includes(this.state);
  }

  get canCancel() {
    return this.isUnsent || this.state === "working";
  }

  get canRetry() {
    return this.#canRetry && (this.#file !== null || this.#hasRecording);
  }

  get canSendAsNew() {
    return this.isExisting && this.state === "done" && this.#file !== null;
  }

  get #hasRecording() {
    return this.note?.audio_status === "STORED";
  }

  on(event, listener) {
    return this.#listeners.on(event, listener);
  }

  /** Refuse it here, in words the server would use. */
  refuse(words) {
    this.#change({ state: "refused", message: words });
  }

  /** @returns {Promise<UploadProblem|null>} what holds it up; null once the server has it, or never will */
  async send() {
    if (this.state !== "waiting" && this.state !== "held") return null;
    const isRetry = this.state === "held";
    if (!isRetry) this.#change({ state: "sending", message: "Sending." });
    this.#sending = new AbortController();
    const pace = new SendingPace();
    const progress = (share) => {
      const message = share < 1 ? "Sending." : "Sent. The server looks at it.";
      const percent = this.#further(SENDING_SHARE * share);
      this.#change({ state: "sending", percent, remaining: pace.remaining(share), message });
    };
    const how = { again: this.#isNewNote, isRetry, signal: this.#sending.signal, progress };
    try {
      this.#ticket = await this.#api.send(this.#file, how);
    } catch (problem) {
      return this.state === "cancelled" ? null : this.#notSent(problem);
    }
    this.#listeners.tell("kept", this.#ticket);
    this.isExisting = this.#ticket.existing;
    if (this.state === "cancelled") await this.#api.cancel(this.sessionId).catch(() => {});
    else if (this.isExisting) await this.resume();
    else this.#follow(null);
    return null;
  }

  /** Shows where a recording stands that was sent before, and watches the rest. */
  async resume() {
    const addresses = this.#api.addresses(this.sessionId);
    const seen = await this.#notes.status(addresses.status_url).catch((problem) => problem);
    if (seen.status === 404) this.#gone();
    else if (isEnding(seen)) await this.#end(seen);
    else this.#follow(seen.seq ? seen : null);
  }

  /** Once more: from its stored recording if there is one, else from the file. */
  async retry() {
    if (!this.#hasRecording) return this.#sendOnceMore(this.#ticket !== null);
    const problem = await this.#notes.recogniseAgain(this.noteId).catch((refused) => refused);
    if (problem.words) return this.#change({ message: problem.words });
    this.#restart();
    this.#follow(this.#latest);
  }

  /** The same bytes as one more note. */
  sendAsNew() {
    this.#sendOnceMore(true);
  }

  async cancel() {
    if (this.state === "working") {
      await this.#api.cancel(this.sessionId).then(
        (status) => isEnding(status) && this.#end(status),
        (problem) => this.#change({ message: problem.words }),
      );
      return;
    }
    this.#canRetry = true;
    this.#change({ state: "cancelled", message: "Cancelled. Nothing was kept of this recording.", remaining: null });
    this.#sending?.abort();
  }

  /** Watches no more; the work goes on. */
  stop() {
    this.#watch?.stop();
    this.#watch = null;
  }

  #restart() {
    this.stop();
    this.#endedSeq = null;
    Object.assign(this, { isExisting: false, note: null, percent: 0, modeWords: "" });
    this.#change({ state: "waiting", message: "Waiting to be sent.", remaining: null });
  }

  #sendOnceMore(isNewNote) {
    this.#isNewNote = isNewNote;
    this.#brokenTimes = 0;
    this.#restart();
    this.#listeners.tell("toSend");
  }

  #notSent(problem) {
    if (problem.isServerThere) this.#brokenTimes += 1;
    const { kind, canRetry, words } = this.#brokenTimes === MOST_BROKEN ? uploadProblem("broken") : problem;
    const isHeld = kind !== "refused";
    this.#canRetry = canRetry;
    this.#change({ state: isHeld ? "held" : "refused", message: words, percent: 0, remaining: null });
    return isHeld ? problem : null;
  }

  #follow(seen) {
    this.#watch = this.#makeWatch(this.#api.addresses(this.sessionId), seen);
    this.#watch.on("status", (status) => this.#show(status));
    this.#watch.on("mode", (mode, words) => this.#change({ mode, modeWords: words }));
    this.#watch.on("end", (status) => this.#end(status));
    this.#watch.on("gone", () => this.#gone());
    if (seen && !isEnding(seen)) this.#show(seen);
    else this.#change({ state: "working", message: "Waiting for its turn.", percent: this.#further(SENDING_SHARE) });
    this.#watch.start();
  }

  #show(status) {
    this.#latest = status;
    const percent = this.#further(SENDING_SHARE + (status.progress * (100 - SENDING_SHARE)) / 100);
    if (isEnding(status)) return; // it is shown with its text
    const remaining = status.estimated_seconds_remaining;
    this.#change({ state: "working", percent, message: status.message, remaining });
  }

  async #end(status) {
    if (status.seq === this.#endedSeq) return; // told by the stream and by the answer to Cancel
    this.#endedSeq = status.seq;
    this.stop();
    this.#latest = status;
    const isAway = () => this.#change({ modeWords: modeWords("offline", true) });
    this.note = await whenReached(() => this.#notes.note(this.noteId), isAway);
    const isDone = status.status === "completed";
    const code = status.error?.error_code;
    this.#canRetry = !isDone && code !== REJECTED;
    const state = isDone ? "done" : code === "CANCELLED" ? "cancelled" : "failed";
    const percent = isDone ? 100 : this.percent;
    this.#change({ state, percent, message: status.message, remaining: null, modeWords: "" });
  }

  #gone() {
    this.stop();
    this.#change({ state: "failed", message: GONE, remaining: null, modeWords: "" });
    this.#listeners.tell("gone");
  }

  #further(percent) {
    return Math.max(this.percent, Math.floor(percent));
  }

  #change(what) {
    Object.assign(this, what);
    this.#listeners.tell("change");
  }
}
