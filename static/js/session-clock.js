import { clock, duration } from "./format.js";

const WARN_BEFORE_SECONDS = [60, 300, 900];

/** Time recorded and time left. It counts samples that were heard, so it can't run while nothing is recorded. */
export class SessionClock {
  #elapsedView;
  #remainingView;
  #warn;
  #maxSeconds;
  #elapsed = 0;
  #warned;

  /** @param {(words: string, seconds: number) => void} warn told 15, 5 and 1 minutes before the end, once each */
  constructor(elapsedView, remainingView, maxSeconds, warn) {
    this.#elapsedView = elapsedView;
    this.#remainingView = remainingView;
    this.#warn = warn;
    this.reset(maxSeconds);
  }

  /** @param {number} maxSeconds that can still be recorded */
  reset(maxSeconds) {
    this.#maxSeconds = maxSeconds;
    this.#elapsed = 0;
    this.#warned = new Set(WARN_BEFORE_SECONDS.filter((seconds) => seconds >= maxSeconds));
    this.#show();
  }

  /** @param {number} seconds of audio just heard */
  add(seconds) {
    this.#elapsed += seconds;
    this.#show();
    const left = this.#maxSeconds - this.#elapsed;
    const due = WARN_BEFORE_SECONDS.find((before) => left <= before);
    if (due === undefined || this.#warned.has(due)) return;
    WARN_BEFORE_SECONDS.filter((before) => before >= due).forEach((before) => this.#warned.add(before));
    this.#remainingView.classList.add("is-near-end");
    this.#warn(`${duration(due)} left in this recording`, due);
  }

  #show() {
    write(this.#elapsedView, clock(this.#elapsed));
    write(this.#remainingView, `${clock(Math.max(0, this.#maxSeconds - this.#elapsed))} left`);
    if (this.#elapsed === 0) this.#remainingView.classList.remove("is-near-end");
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
