import { LOST } from "./server-socket.js";

/** From dialling to the server's first answer. */
const CONNECT_MS = 10000;

/** A connection to the server that comes back by itself until it is stopped. */
export class ReturningSocket {
  #makeSocket;
  #retry;
  #messages;
  #isOurs;
  #opened;
  #lost;
  #socket = null;
  #patience = null;
  #isStopped = false;

  /**
   * @param {() => ServerSocket} makeSocket
   * @param {NextTry} retry
   * @param {object} told `messages`: a listener for each type; `isOurs(sessionId)`: whether a message about that session
   *   is told; `opened()`: the line is up; `lost(problem)`: it is not, and another try follows when the answer is true
   */
  constructor(makeSocket, retry, { messages, isOurs, opened, lost }) {
    this.#makeSocket = makeSocket;
    this.#retry = retry;
    this.#messages = messages;
    this.#isOurs = isOurs;
    this.#opened = opened;
    this.#lost = lost;
  }

  /** Dials. calm() must follow within 10 s, or the line counts as lost. */
  start() {
    this.#socket = this.#makeSocket();
    Object.entries(this.#messages).forEach(([type, listener]) => {
      this.#socket.on(type, (message) => {
        if (this.#isOurs(message?.session_id ?? message?.context?.session_id ?? undefined)) listener(message);
      });
    });
    this.patientFor(CONNECT_MS);
    this.#socket.start(
      () => this.#opened(),
      (problem) => this.drop(problem),
    );
  }

  say(type, fields, timestamp) {
    this.#socket.say(type, fields, timestamp);
  }

  sendAudio(pcm, place) {
    this.#socket.sendAudio(pcm, place);
  }

  /** Something good must happen within so long. */
  patientFor(ms) {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.drop({ error_code: LOST }), ms);
  }

  /** What was waited for came. */
  calm() {
    clearTimeout(this.#patience);
    this.#retry.worked();
  }

  /** Gives this line up, and makes another after a while, of at least so many seconds. */
  drop(problem, leastSeconds = 0) {
    this.#hangUp();
    if (this.#isStopped || !this.#lost(problem) || this.#isStopped) return;
    this.#retry.wait(() => this.start(), leastSeconds);
  }

  /** @returns {number} lines that were tried since one last worked */
  get tries() {
    return this.#retry.tries;
  }

  stop() {
    this.#isStopped = true;
    this.#retry.cancel();
    this.#hangUp();
  }

  #hangUp() {
    clearTimeout(this.#patience);
    this.#socket?.close();
  }
}
