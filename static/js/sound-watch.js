const TICK_MS = 500;
/** Blocks of sound come every 20 ms. None for so many ticks, and something is wrong. */
const SILENT_TICKS = 4;
/** A pause in the blocks as long as this may have lost some; a busy page gets them late, but all. */
const SUSPECT_MS = 2000;
/** What a busy page had waiting has arrived after this. */
const CATCH_UP_MS = 1000;
const LEAST_GAP_SECONDS = 1;
/** The same where the computer has said that it kept sound back. */
const LEAST_TOLD_GAP_SECONDS = 0.3;
/** Timers that were late by this much: the computer slept. */
const SLEEP_MS = 10000;

/**
 * Notices when no sound comes although the microphone is open, and how much was lost when it comes again: it compares the
 * clock with the sound that was heard.
 */
export class SoundWatch {
  #now;
  #told;
  #timer = null;
  #isWatching = false;
  #tickedAt = 0;
  #ticks = 0;
  #startedAt = 0;
  #heardAt = 0;
  #heardSeconds = 0;
  #missing = 0;
  #suspectAt = null;
  #reason = null;
  #isHeldBack = false;

  /**
   * @param {object} told silent(reason|null): nothing comes; suspected(): some may be missing right before the sound that
   *   comes next; settled({seconds, reason}): so much was, or nothing when seconds is 0.
   *   Reasons: muted, interrupted, asleep, null when nobody knows
   */
  constructor(told, now = Date.now) {
    this.#told = told;
    this.#now = now;
  }

  /** The microphone is open and the first samples came. */
  start() {
    this.stop();
    this.#isWatching = true;
    this.#startedAt = this.#heardAt = this.#tickedAt = this.#now();
    this.#heardSeconds = this.#missing = this.#ticks = 0;
    this.#suspectAt = this.#reason = null;
    this.#isHeldBack = false;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** The microphone is closed, and every sample of it was heard. */
  stop() {
    clearInterval(this.#timer);
    if (!this.#isWatching) return;
    this.#isWatching = false;
    const isSilent = this.#isHeldBack || this.#now() - this.#heardAt >= SUSPECT_MS;
    if (isSilent) this.#suspect();
    if (this.#suspectAt !== null) this.#settle();
  }

  /** @param {number} seconds of sound that just came, before anybody else takes it */
  heard(seconds) {
    if (!this.#isWatching) return;
    const now = this.#now();
    if (now - this.#heardAt >= SUSPECT_MS) this.#suspect();
    this.#heardAt = now;
    this.#heardSeconds += seconds;
    this.#ticks = 0;
    // The clocks of computer and microphone drift apart; what is missing while sound comes steadily is that.
    if (this.#suspectAt === null) this.#missing = this.#missingNow;
    else if (now - this.#suspectAt >= CATCH_UP_MS) this.#settle();
  }

  /** The computer says that it does not let the sound through, or does again. */
  hearing({ isHearing, reason }) {
    if (!this.#isWatching) return;
    if (!isHearing) {
      this.#reason = reason;
      this.#isHeldBack = true;
      this.#told.silent(reason);
    } else if (this.#isHeldBack) {
      this.#isHeldBack = false;
      this.#suspect();
    }
  }

  get #missingNow() {
    return (this.#now() - this.#startedAt) / 1000 - this.#heardSeconds;
  }

  #suspect() {
    if (this.#suspectAt !== null) return;
    this.#suspectAt = this.#now();
    this.#told.suspected();
  }

  #settle() {
    const missing = this.#missingNow;
    const seconds = missing - this.#missing;
    const isGap = seconds >= (this.#reason ? LEAST_TOLD_GAP_SECONDS : LEAST_GAP_SECONDS);
    const reason = this.#reason;
    this.#missing = missing;
    this.#suspectAt = this.#reason = null;
    this.#told.settled({ seconds: isGap ? seconds : 0, reason });
  }

  #tick() {
    const now = this.#now();
    if (now - this.#tickedAt >= SLEEP_MS) this.#reason ??= "asleep";
    this.#tickedAt = now;
    this.#ticks += 1;
    if (this.#ticks === SILENT_TICKS) this.#told.silent(this.#reason);
  }
}
