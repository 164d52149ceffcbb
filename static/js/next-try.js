const FIRST_MS = 1000;
const LONGEST_MS = 4000;
/** Least and most parts of a wait, by chance: nobody waits for more than 5 s. */
const LEAST = 0.5;
const MOST = 1.25;
/** What the server asks for is exceeded by up to this part, so that not all come back at the same moment. */
const SPREAD = 0.5;
/** News that it may work now: the network is back, or somebody has signed in. */
const NEWS = ["online", "signed-in"];

/** When to try again: after 1, 2 and then 4 s, each half to one and a quarter times, or at once on good news. */
export class NextTry {
  #browser;
  #random;
  #tries = 0;
  #timer = null;
  #abort = null;

  /** @param {EventTarget} browser tells the news  @param {() => number} random 0 to 1, so that not all come at once */
  constructor(browser = globalThis, random = Math.random) {
    this.#browser = browser;
    this.#random = random;
  }

  /** @param {() => void} again  @param {number} leastSeconds the server asked to be left alone so long */
  wait(again, leastSeconds = 0) {
    this.cancel();
    const mean = Math.min(FIRST_MS * 2 ** this.#tries, LONGEST_MS);
    this.#tries += 1;
    const run = () => {
      this.cancel();
      again();
    };
    const chance = this.#random();
    this.#timer = setTimeout(
      run,
      Math.max(mean * (LEAST + (MOST - LEAST) * chance), 1000 * leastSeconds * (1 + SPREAD * chance)),
    );
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    NEWS.forEach((news) => this.#browser.addEventListener?.(news, run, { signal }));
  }

  /** It worked: the next trouble begins with a short wait again. */
  worked() {
    this.#tries = 0;
  }

  /** @returns {number} tries since it last worked */
  get tries() {
    return this.#tries;
  }

  cancel() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }
}
