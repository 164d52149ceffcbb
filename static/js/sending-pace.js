/** The first moments say little about the line. */
const TELLING_MS = 2000;

/** How long the rest of a file takes, from how long its beginning took. */
export class SendingPace {
  #beganAt = Date.now();

  /** @param {number} share 0 to 1 of the bytes that are sent  @returns {number|null} seconds; null while nobody can know */
  remaining(share) {
    const took = Date.now() - this.#beganAt;
    return took >= TELLING_MS && share > 0 ? (took * (1 - share)) / share / 1000 : null;
  }
}
