const TICK_MS = 500;
/** Blocks of sound come every 20 ms. None for so many ticks, and something is wrong. */
const SILENT_TICKS = 4;
/** A pause in the blocks as long as this may have lost some; a busy page gets them late, but all. */
const SUSPECT_MS = 2000;
/** What a busy page had waiting has arrived after this. */
const CATCH_UP_MS = 1000;
const LEAST_GAP_SECONDS = 1;
/** Timers that were late by this much: the computer slept. */
const SLEEP_MS = 10000;

/**
 * Notices when no sound comes although the microphone is open, and how much was lost when it comes again: it compares the
 * clock with the sound that was heard.
 */
export class SoundWatch {
  #now;
  #silent;
  #gap;
  #timer = null;
  #tickedAt = 0;
  #ticks = 0;
  #startedAt = 0;
  #heardAt = 0;
  #heardSeconds = 0;
  #missing = 0;
  #suspectAt = null;
  #reason = null;
  #mutedAt = null;

  /**
   * @param {object} told silent(reason|null): nothing comes; gap({seconds, reason}): it comes again, so much is missing.
   *   Reasons: muted, interrupted, asleep, null when nobody knows
   */
  constructor({ silent, gap }, now = Date.now) {
    this.#silent = silent;
    this.#gap = gap;
    this.#now = now;
  }

  /** The microphone is open and the first samples came. */
  start() {
    this.stop();
    this.#startedAt = this.#heardAt = this.#tickedAt = this.#now();
    this.#heardSeconds = this.#missing = this.#ticks = 0;
    this.#suspectAt = this.#reason = this.#mutedAt = null;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** @param {number} seconds of sound that just came */
  heard(seconds) {
    const now = this.#now();
    if (now - this.#heardAt >= SUSPECT_MS) this.#suspectAt ??= now;
    this.#heardAt = now;
    this.#heardSeconds += seconds;
    this.#ticks = 0;
    const missing = (now - this.#startedAt) / 1000 - this.#heardSeconds;
    // The clocks of computer and microphone drift apart; what is missing while sound comes steadily is that.
    if (this.#suspectAt === null) this.#missing = missing;
    else if (now - this.#suspectAt >= CATCH_UP_MS) this.#settle(missing);
  }

  /** The computer says that it does not let the sound through, or does again. */
  hearing({ isHearing, reason }) {
    if (!isHearing) {
      this.#reason = reason;
      if (reason === "muted") this.#mutedAt ??= this.#now();
      this.#silent(reason);
    } else if (reason === "muted" && this.#mutedAt !== null) {
      this.#gap({ seconds: (this.#now() - this.#mutedAt) / 1000, reason });
      this.#mutedAt = this.#reason = null;
    }
  }

  #settle(missing) {
    const seconds = missing - this.#missing;
    if (seconds >= LEAST_GAP_SECONDS) this.#gap({ seconds, reason: this.#reason });
    this.#missing = missing;
    this.#suspectAt = this.#reason = null;
  }

  #tick() {
    const now = this.#now();
    if (now - this.#tickedAt >= SLEEP_MS) this.#reason ??= "asleep";
    this.#tickedAt = now;
    this.#ticks += 1;
    if (this.#ticks === SILENT_TICKS) this.#silent(this.#reason);
  }
}
