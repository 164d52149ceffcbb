/** Waits are longer by up to this part, so that not everybody who was sent away comes back at the same moment. */
const SPREAD = 0.5;

/** Counts down to another try, and can be hurried or called off. */
export class RetryCountdown {
  #timer = null;
  #random;

  /** @param {() => number} random 0 to 1 */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /**
   * @param {number} seconds until `retry` is called, at least
   * @param {(left: number) => void} show called now and each second
   */
  start(seconds, show, retry) {
    this.stop();
    let left = Math.max(1, Math.ceil(seconds * (1 + SPREAD * this.#random())));
    show(left);
    this.#timer = setInterval(() => {
      left -= 1;
      if (left > 0) {
        show(left);
        return;
      }
      this.stop();
      retry();
    }, 1000);
  }

  stop() {
    clearInterval(this.#timer);
  }
}
