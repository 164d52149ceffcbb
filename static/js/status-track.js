const ENDINGS = ["completed", "failed"];

/** @returns {boolean} true for a status that nothing follows */
export function isEnding(status) {
  return ENDINGS.includes(status?.status);
}

/** What was seen of one recording: each numbered status once, and never less progress than before. No DOM, no network. */
export class StatusTrack {
  #latest;

  /** @param {object|null} seen the status that is known already */
  constructor(seen = null) {
    this.#latest = seen;
  }

  /** The number of the newest status; 0 before the first */
  get seq() {
    return this.#latest?.seq ?? 0;
  }

  /** @returns {object|null} the status as it is to be shown; null for one that was seen before or is older than another */
  follow(status) {
    if (!(status.seq > this.seq)) return null;
    const floor = isEnding(this.#latest) ? 0 : (this.#latest?.progress ?? 0); // a new beginning begins at nothing
    this.#latest = { ...status, progress: Math.max(floor, status.progress) };
    return this.#latest;
  }
}
