import { clock, duration } from "./format.js";

const WARN_BEFORE_SECONDS = [60, 300, 900];
/** The page ends a recording so long before the server would, so that nothing is left over that it refuses. */
const END_BEFORE_SECONDS = 0.5;

/** Time recorded and time left. It counts samples that were heard, so it can't run while nothing is recorded. */
export class SessionClock {
  #elapsedView;
  #remainingView;
  #warn;
  #maxSeconds;
  #limit;
  #elapsed = 0;
  #warned;

  /** @param {(words: string, seconds: number) => void} warn told 15, 5 and 1 minutes before the end and there, once each */
  constructor(elapsedView, remainingView, maxSeconds, warn) {
    this.#elapsedView = elapsedView;
    this.#remainingView = remainingView;
    this.#warn = warn;
    this.reset(maxSeconds);
  }

  /** @param {number} maxSeconds that can still be recorded */
  reset(maxSeconds) {
    this.#limit = maxSeconds;
    this.#elapsed = 0;
    this.#begin(0);
  }

  /** The server has begun another recording, which holds the last so many seconds already. */
  beginAnew(seconds) {
    this.#begin(this.#elapsed - seconds);
  }

  /** @param {number} seconds of audio just heard */
  add(seconds) {
    this.#elapsed += seconds;
    this.#show();
    const left = this.#maxSeconds - this.#elapsed;
    const due = left <= END_BEFORE_SECONDS ? 0 : WARN_BEFORE_SECONDS.find((before) => left <= before);
    if (due === undefined || this.#warned.has(due)) return;
    [0, ...WARN_BEFORE_SECONDS].filter((before) => before >= due).forEach((before) => this.#warned.add(before));
    this.#remainingView.classList.add("is-near-end");
    this.#warn(`${duration(due)} left in this recording`, due);
  }

  #begin(elapsed) {
    this.#maxSeconds = elapsed + this.#limit;
    this.#warned = new Set(WARN_BEFORE_SECONDS.filter((seconds) => seconds >= this.#limit));
    this.#remainingView.classList.remove("is-near-end");
    this.#show();
  }

  #show() {
    write(this.#elapsedView, clock(this.#elapsed));
    write(this.#remainingView, `${clock(Math.max(0, this.#maxSeconds - this.#elapsed))} left`);
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
