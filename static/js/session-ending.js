import { Deferred } from "./deferred.js";
import { bytesOf, secondsOf } from "./pcm.js";

/** How one dictation comes to its end on the server: at once, or with what was left over in a linked session. */
export class SessionEnding {
  #audio;
  #place;
  #wishes;
  #goOn;
  #complete = null;
  #receipt = new Deferred();

  /** @param {(transcriptionId: number|null) => void} goOn begins a linked session for what is left */
  constructor(audio, place, wishes, goOn) {
    this.#audio = audio;
    this.#place = place;
    this.#wishes = wishes;
    this.#goOn = goOn;
  }

  /** @returns {Promise<object>} the last session's session_complete */
  get receipt() {
    return this.#receipt.promise;
  }

  /** True when the session is over, though maybe not the dictation. */
  get isTold() {
    return this.#complete !== null;
  }

  /** True when the session is over and has everything. */
  get isWhole() {
    return this.isTold && this.#audio.waitingBytes === 0;
  }

  /** True while another session is needed should this one be gone. */
  get needsMore() {
    return this.#audio.waitingBytes > 0 || !this.#wishes.isEnding;
  }

  /** The session is over with so many seconds kept. While the person still speaks, whoever listens stops that first. */
  came(complete) {
    this.#complete = complete;
    this.#place.acknowledge(bytesOf(complete.total_duration ?? 0, this.#audio.about.sampleRate));
    if (this.#wishes.isEnding) this.settle();
  }

  /** The session was over before this line came back to it. */
  wasOver({ transcription_id: id, received_bytes: received }) {
    this.#place.acknowledge(received);
    const seconds = secondsOf(received, this.#audio.about.sampleRate);
    if (this.needsMore) this.#goOn(id);
    else this.came({ transcription_id: id, total_duration: seconds, word_count: null, audio_status: "PENDING" });
  }

  settle() {
    if (!this.isTold) return;
    const complete = this.#complete;
    if (this.isWhole) {
      this.#receipt.resolve(complete);
    } else {
      this.#complete = null;
      this.#goOn(complete.transcription_id);
    }
  }

  fail(problem) {
    this.#receipt.reject(problem);
  }
}
