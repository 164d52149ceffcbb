/** Counts down to another try, and can be hurried or called off. */
export class RetryCountdown {
  #timer = null;

  /**
   * @param {number} seconds until `retry` is called
   * @param {(left: number) => void} show called now and each second
   */
  start(seconds, show, retry) {
    this.stop();
    let left = Math.max(1, Math.ceil(seconds));
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
