import { noticeView } from "./notice-view.js";

/** A recording whose turn has not come for so long makes one wonder. */
const PATIENCE_MS = 8000;
const AGAIN_MS = 10000;
const WORDS = {
  what: "A part of the server is away, so recordings wait for longer.",
  safe: "What was sent is safe.",
  action: "It becomes text by itself; you need not stay on this page.",
};

/** Says that the queue is away while recordings wait for their turn. Asks nothing while none waits. */
export class QueueNotice {
  #place;
  #isQueueAway;
  #timer = null;

  /** @param {HTMLElement} place where it is told  @param {() => Promise<boolean>} isQueueAway asks the server */
  constructor(place, isQueueAway) {
    this.#place = place;
    this.#isQueueAway = isQueueAway;
  }

  /** @param {boolean} isWaiting whether a recording waits for its turn */
  show(isWaiting) {
    if (isWaiting === (this.#timer !== null)) return;
    if (isWaiting) this.#askIn(PATIENCE_MS);
    else this.#stop();
  }

  #askIn(milliseconds) {
    this.#timer = setTimeout(() => this.#ask(), milliseconds);
  }

  async #ask() {
    const asked = this.#timer;
    const isAway = await this.#isQueueAway();
    if (asked !== this.#timer) return; // nothing waits any more
    if (!isAway) this.#place.replaceChildren();
    else if (!this.#place.hasChildNodes()) this.#place.append(noticeView(WORDS));
    this.#askIn(AGAIN_MS);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#place.replaceChildren();
  }
}
