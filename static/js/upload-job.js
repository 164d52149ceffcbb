import { FileSending } from "./file-sending.js";
import { Listeners } from "./listeners.js";
import { isEnding } from "./status-track.js";
import { modeWords } from "./status-words.js";
import { endingOf, uploadWords } from "./upload-words.js";
import { whenReached } from "./when-reached.js";

/** Of the whole bar, in percent: the way to the server; the rest is the work there. */
const SENDING_SHARE = 20;

/**
 * One recording on its way from a file to a note. No DOM.
 *
 * waiting    its turn to be sent has not come
 * held       it can't be sent now, and is tried again by itself
 * sending    on its way to the server
 * stopping   this person stopped it when all of it was out; the server's answer is waited for
 * working    the server has it, and makes it text
 * done       the text is there
 * failed     the work on it ended without all of its text
 * refused    the server has not taken it
 * cancelled  this person stopped it
 *
 * Events: change(), toSend() to call send() again, kept(ticket) once the server has it, gone() when this person has none.
 */
export class UploadJob {
  state = "waiting";
  /** Of the way from file to note; never goes back within one try */
  percent = 0;
  message = uploadWords.waiting;
  /** How the news come, see TranscriptionStatus */
  mode = "stopped";
  modeWords = "";
  /** Seconds; null while nobody can know */
  remaining = null;
  isQueued = false;
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
  #latest = null;
  #endedSeq = null;
  #sending = null;
  #watch = null;
  #leaving = new AbortController();
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
    this.name = file?.name ?? "";
    this.size = file?.size ?? 0;
    if (file) this.#sending = new FileSending(file, api);
  }

  get sessionId() {
    return this.#ticket?.session_id ?? null;
  }

  get noteId() {
    return this.#ticket?.transcription_id ?? null;
  }

  get isUnsent() {
    return ["waiting", "held", "sending", "stopping"].includes(this.state);
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
    if (!isRetry) this.#change({ state: "sending", message: uploadWords.sending });
    const progress = (share, remaining) => {
      if (this.state === "stopping") return;
      const message = share < 1 ? uploadWords.sending : uploadWords.sent;
      this.#change({ state: "sending", percent: this.#further(SENDING_SHARE * share), remaining, message });
    };
    const ticket = await this.#sending.send(isRetry, progress).catch((problem) => problem);
    if (!ticket.session_id) return this.#notSent(ticket);
    const isUnwanted = this.state === "stopping";
    if (isUnwanted && ticket.existing) this.#change({ state: "cancelled", message: uploadWords.before });
    else await this.#isKept(ticket, isUnwanted);
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
    if (!this.#hasRecording) return this.sendAsNew();
    const problem = await this.#notes.recogniseAgain(this.noteId).catch((refused) => refused);
    if (problem.words) return this.#change({ message: problem.words });
    this.#restart();
    this.#follow(this.#latest);
  }

  /** The same bytes as one more note; one that may have been sent is gone on with. */
  sendAsNew() {
    this.#sending ??= new FileSending(this.#file, this.#api, this.sessionId);
    this.#restart();
    this.#listeners.tell("toSend");
  }

  async cancel() {
    if (this.state === "working") {
      await this.#api.cancel(this.sessionId).then(
        (status) => isEnding(status) && this.#end(status),
        (problem) => this.#change({ message: problem.words }),
      );
    } else if (this.state !== "stopping") {
      this.#canRetry = true;
      if (this.#sending.stop()) this.#isStopped();
      else this.#change({ state: "stopping", message: uploadWords.stopping, remaining: null });
    }
  }

  /** Watches no more, for good; the work goes on. */
  stop() {
    this.#leaving.abort();
    this.#watch?.stop();
  }

  #restart() {
    this.#watch?.stop();
    this.#endedSeq = null;
    Object.assign(this, { isExisting: false, note: null, percent: 0, modeWords: "" });
    this.#change({ state: "waiting", message: uploadWords.waiting, remaining: null });
  }

  async #isKept(ticket, isUnwanted) {
    this.#sending = null;
    this.#ticket = ticket;
    this.#listeners.tell("kept", ticket);
    this.isExisting = ticket.existing;
    if (this.isExisting) return this.resume();
    this.#follow(null);
    if (isUnwanted) this.cancel();
  }

  #isStopped() {
    const message = this.#sending.isInDoubt ? uploadWords.inDoubt : uploadWords.nothingKept;
    this.#change({ state: "cancelled", message, remaining: null });
  }

  #notSent(problem) {
    if (this.state === "stopping") this.#isStopped();
    if (this.state === "cancelled") return null;
    const isHeld = problem.kind !== "refused";
    this.#canRetry = problem.canRetry;
    this.#change({ state: isHeld ? "held" : "refused", message: problem.words, percent: 0, remaining: null });
    return isHeld ? problem : null;
  }

  #follow(seen) {
    this.#watch = this.#makeWatch(this.#api.addresses(this.sessionId), seen);
    this.#watch.on("status", (status) => this.#show(status));
    this.#watch.on("mode", (mode, words) => this.#change({ mode, modeWords: words }));
    this.#watch.on("end", (status) => this.#end(status));
    this.#watch.on("gone", () => this.#gone());
    if (seen && !isEnding(seen)) this.#show(seen);
    else this.#change({ state: "working", message: uploadWords.atWork, percent: this.#further(SENDING_SHARE) });
    this.#watch.start();
  }

  #show(status) {
    this.#latest = status;
    const percent = this.#further(SENDING_SHARE + (status.progress * (100 - SENDING_SHARE)) / 100);
    if (isEnding(status)) return; // it is shown with its text
    const { message, estimated_seconds_remaining: remaining } = status;
    this.#change({ state: "working", percent, message, remaining, isQueued: status.status === "queued" });
  }

  async #end(status) {
    if (status.seq === this.#endedSeq) return; // told by the stream and by the answer to Cancel
    this.#endedSeq = status.seq;
    this.#watch?.stop();
    this.#latest = status;
    const { signal } = this.#leaving;
    const isAway = (status) => {
      const mode = status === 401 ? "signedOut" : "offline";
      this.#change({ mode, modeWords: modeWords(mode, true) });
    };
    this.note = await whenReached(() => this.#notes.note(this.noteId, signal), isAway, signal);
    if (signal.aborted) return;
    const { state, canRetry } = endingOf(status);
    this.#canRetry = canRetry;
    const percent = state === "done" ? 100 : this.percent;
    this.#change({ state, percent, message: status.message, remaining: null, mode: "stopped", modeWords: "" });
  }

  #gone() {
    this.#watch?.stop();
    this.#change({ state: "failed", message: uploadWords.gone, remaining: null, modeWords: "" });
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
