import { connectionWords } from "./connection-words.js";

const NOTHING_WAITS = { safeSeconds: 0, waitingSeconds: 0, oldestMs: 0, isKept: true };
const AT_FIRST = {
  isLocal: false,
  isLost: false,
  isFull: false,
  isCatchingUp: false,
  isDraining: false,
  isTextless: false,
  refusal: null,
  waiting: NOTHING_WAITS,
  recogniser: "live",
  trouble: "",
  lag: 0,
};

/** The one place that says how the connection is. */
export class ConnectionLine {
  #element;
  #now = { state: "ready", ...AT_FIRST };

  constructor(element) {
    this.#element = element;
  }

  /** @param {Partial<object>} change whatever is different now; see connectionWords */
  show(change) {
    this.#now = { ...this.#now, ...change };
    const { tone, text } = connectionWords({ ...this.#now, isOffline: navigator.onLine === false });
    this.#write(tone, text);
  }

  /** Words that are true while nothing is recorded, until the next show(). */
  say(text) {
    this.#write("idle", text);
  }

  reset() {
    this.show(AT_FIRST);
  }

  #write(tone, text) {
    this.#element.dataset.tone = tone;
    if (this.#element.textContent !== text) this.#element.textContent = text;
  }
}
