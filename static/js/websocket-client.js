import { io } from "../vendor/socket.io.esm.min.js";
import { Listeners } from "./listeners.js";
import { secondsOf } from "./pcm.js";
import { UnackedChunks } from "./unacked-chunks.js";

export const SAMPLE_RATES = { low: 8000, medium: 16000, high: 48000 };
const AUDIO_CHUNK = 0x01;
/** Audio older than this without an ack is worth telling the person about. */
export const SLOW_MS = 2000;
const WATCH_MS = 250;
const CONNECT_MS = 10000;
/** The server answers session_end within 5 s; the rest is the network's. */
const COMPLETE_MS = 15000;
/** Long enough for the refusals already on their way to arrive, so that each gap is filled once. */
const REWIND_MS = 500;
const LOST = "WEBSOCKET_CONNECTION_FAILED";
const REWIND_CODES = ["AUDIO_GAP", "TOO_FAST"];
const EVENTS = "connected acknowledged slow result state complete stored draining error closed".split(" ");

/**
 * One dictation's line to the server; the only file that knows Socket.IO.
 *
 * Events: `connected` (the ack: the server has a place), `acknowledged` (waiting state, on each ack), `slow` (waiting
 * state, while the oldest audio waits over 2 s), `result`, `state`, `complete`, `stored`, `draining`, `error` (the
 * server's error object), `closed` (waiting state; the line is lost and what was not acknowledged is still here).
 */
export class TranscriptionWebSocket {
  #listeners = new Listeners(EVENTS);
  #url;
  #userId;
  #quality;
  #specialty;
  #connectSocket;
  #now;
  #socket = null;
  #sessionId = crypto.randomUUID();
  #unacked = new UnackedChunks();
  #watch = null;
  #rewind = null;
  #open = false;
  #endedByServer = false;
  #completed = null;

  /** @param {string} quality low, medium or high */
  constructor(url, userId, quality, { specialty, connectSocket = io, now = Date.now } = {}) {
    this.#url = url;
    this.#userId = userId;
    this.#quality = quality;
    this.#specialty = specialty;
    this.#connectSocket = connectSocket;
    this.#now = now;
  }

  on(event, listener) {
    return this.#listeners.on(event, listener);
  }

  get sessionId() {
    return this.#sessionId;
  }

  get sampleRate() {
    return SAMPLE_RATES[this.#quality];
  }

  /** What is safe on the server and what is only here. */
  get waiting() {
    const seconds = (bytes) => secondsOf(bytes, this.sampleRate);
    return {
      safeSeconds: seconds(this.#unacked.acknowledgedBytes),
      waitingSeconds: seconds(this.#unacked.waitingBytes),
      oldestMs: this.#unacked.oldestWait(this.#now()),
    };
  }

  /** @returns {ArrayBuffer[]} s16le mono that is only here, in order */
  get waitingPcm() {
    return this.#unacked.waitingPcm;
  }

  /** @returns {Promise<object>} the session_ack; rejects with the server's or our own error object */
  connect() {
    this.#socket = this.#connectSocket(this.#url, {
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnection: false,
      forceNew: true,
    });
    this.#hear("audio_ack", (ack) => this.#acknowledge(ack));
    this.#hear("transcription_result", (result) => this.#listeners.tell("result", result));
    this.#hear("session_state", (state) => this.#listeners.tell("state", state));
    this.#hear("recording_stored", (stored) => this.#listeners.tell("stored", stored));
    this.#hear("session_complete", (complete) => this.#complete(complete));
    this.#hear("server_draining", (draining) => this.#listeners.tell("draining", draining));
    this.#hear("error", (error) => this.#refused(error));
    this.#socket.on("disconnect", () => this.#lost());
    return this.#begin();
  }

  /** Keeps the chunk until the server has it, and sends it if there is a line. */
  sendAudioChunk(pcm) {
    const chunk = this.#unacked.add(pcm, this.#now());
    if (this.#open && !this.#rewind) this.#send(chunk);
  }

  /**
   * No more audio will come, or the server has ended the session by itself.
   * @returns {Promise<object>} session_complete; rejects with an error object
   */
  endSession() {
    if (this.#completed) return Promise.resolve(this.#completed);
    if (!this.#open) return Promise.reject({ error_code: LOST });
    if (!this.#endedByServer) this.#emit("session_end", { total_bytes: this.#unacked.totalBytes });
    return this.#next(
      "complete",
      COMPLETE_MS,
      "FINISH_LATE",
      ({ error_code: code }) => code === "INVALID_SESSION_STATE",
    );
  }

  /** Closes the line for good. Audio that waits stays readable here. */
  disconnect() {
    // A place that was taken and never spoken into would otherwise stay taken until the idle time-out.
    if (this.#open && this.#unacked.totalBytes === 0) this.#emit("session_end", { total_bytes: 0 });
    clearInterval(this.#watch);
    clearTimeout(this.#rewind);
    this.#open = false;
    this.#socket?.removeAllListeners();
    this.#socket?.disconnect();
  }

  #begin() {
    const accepted = this.#next("connected", CONNECT_MS, LOST, () => true);
    this.#socket.on("connect", () => {
      this.#emit("session_start", { quality: this.#quality, specialty: this.#specialty, user_id: this.#userId });
    });
    this.#socket.on("connect_error", (error) => this.#unreachable(error));
    this.#hear("session_ack", (ack) => this.#accepted(ack));
    return accepted;
  }

  #accepted(ack) {
    this.#open = true;
    this.#watch = setInterval(() => this.#warnWhenSlow(), WATCH_MS);
    this.#listeners.tell("connected", ack);
  }

  #unreachable(error) {
    const refusal = error?.data?.error_code ? error.data : { error_code: LOST };
    this.#listeners.tell("error", refusal);
  }

  #send({ seq, offset, pcm }) {
    const about = { session_id: this.#sessionId, seq, offset, timestamp: this.#now() / 1000 };
    this.#socket.emit("audio_chunk", audioFrame(pcm), about);
  }

  #emit(type, fields) {
    this.#socket.emit(type, { type, session_id: this.#sessionId, timestamp: this.#now() / 1000, ...fields });
  }

  /** Messages of another session of the same person are not ours to show. */
  #hear(type, listener) {
    this.#socket.on(type, (message) => {
      const about = message?.session_id ?? message?.context?.session_id ?? this.#sessionId;
      if (about === this.#sessionId) listener(message);
    });
  }

  #acknowledge({ received_bytes: receivedBytes }) {
    this.#unacked.acknowledge(receivedBytes);
    this.#listeners.tell("acknowledged", this.waiting);
  }

  #complete(complete) {
    this.#completed = complete;
    this.#listeners.tell("complete", complete);
  }

  #refused(error) {
    if (REWIND_CODES.includes(error.error_code)) {
      this.#sendAgainAfter(error.retry_after);
      return;
    }
    this.#endedByServer ||= error.recoverable === false;
    this.#listeners.tell("error", error);
  }

  #sendAgainAfter(seconds) {
    this.#rewind ??= setTimeout(
      () => {
        this.#rewind = null;
        if (this.#open) this.#unacked.chunks.forEach((chunk) => this.#send(chunk));
      },
      Math.max(REWIND_MS, 1000 * (seconds ?? 0)),
    );
  }

  #warnWhenSlow() {
    if (this.waiting.oldestMs >= SLOW_MS) this.#listeners.tell("slow", this.waiting);
  }

  #lost() {
    this.#open = false;
    clearInterval(this.#watch);
    this.#listeners.tell("closed", this.waiting);
  }

  /** The next `event`; a fatal error, a lost line or too long a wait rejects instead. */
  #next(event, withinMs, lateCode, isFatal) {
    return new Promise((resolve, reject) => {
      const settle = (outcome, value) => {
        clearTimeout(timer);
        listening.forEach((stop) => stop());
        outcome(value);
      };
      const timer = setTimeout(() => settle(reject, { error_code: lateCode }), withinMs);
      const listening = [
        this.#listeners.on(event, (value) => settle(resolve, value)),
        this.#listeners.on("error", (error) => isFatal(error) && settle(reject, error)),
        this.#listeners.on("closed", () => settle(reject, { error_code: LOST })),
      ];
    });
  }
}

/** @param {ArrayBuffer} pcm  @returns {Uint8Array} an audio message: 0x01 + PCM, nothing else */
export function audioFrame(pcm) {
  const frame = new Uint8Array(1 + pcm.byteLength);
  frame[0] = AUDIO_CHUNK;
  frame.set(new Uint8Array(pcm), 1);
  return frame;
}
