/** One message of audio at most; half of what the server takes, a second at 16 kHz. */
export const SLICE_BYTES = 32768;
/** Messages without an answer at most. A slow line fills no buffer that can't be seen from here. */
export const MOST_IN_FLIGHT = 8;
const FIRST_IN_FLIGHT = 4;
/** Long enough for the refusals already on their way to arrive, so that each gap is filled once. */
const REWIND_MS = 500;
/** A server whose disk is full is asked again after this, with one message. */
const FULL_MS = 5000;
/** A line that takes audio and gives no ack for so long is dead, whatever the browser believes; doubled each time. */
const STALLED_MS = 8000;
const LONGEST_STALL_MS = 60000;

/** Sends kept audio to its place in the session, in order, in slices, never more at once than the line takes. */
export class AudioSender {
  #audio;
  #place;
  #send;
  #now;
  #isOpen = false;
  #isLoading = false;
  #isFull = false;
  #sentTo = 0;
  #ends = [];
  #atOnce = FIRST_IN_FLIGHT;
  #waiting = null;
  #movedAt = 0;
  #stallMs = STALLED_MS;
  #seq = 0;

  /**
   * @param {KeptAudio} audio
   * @param {SessionPlace} place
   * @param {(pcm: ArrayBuffer, where: {seq: number, offset: number, gap: number}) => void} send
   */
  constructor(audio, place, send, now = Date.now) {
    this.#audio = audio;
    this.#place = place;
    this.#send = send;
    this.#now = now;
  }

  /** The line is up: whatever is not acknowledged goes out. */
  open() {
    this.#isOpen = true;
    this.#isFull = false;
    this.#atOnce = FIRST_IN_FLIGHT;
    this.#from(this.#audio.acknowledgedBytes);
  }

  close() {
    this.#isOpen = false;
    clearTimeout(this.#waiting);
    this.#waiting = null;
    this.#ends = [];
  }

  /** Sends what may be sent now. Call it when sound was added. */
  pump() {
    while (this.#mayGo()) {
      const pcm = this.#audio.slice(this.#sentTo, Math.min(this.#reach - this.#sentTo, SLICE_BYTES));
      if (pcm === null) {
        this.#load();
        return;
      }
      if (this.#ends.length === 0) this.#movedAt = this.#now();
      const offset = this.#sentTo;
      this.#sentTo += pcm.byteLength;
      this.#ends.push(this.#sentTo);
      const gap = this.#audio.gaps.at(offset);
      this.#send(pcm, { seq: this.#seq, offset: this.#place.there(offset), gap });
      this.#seq += 1;
    }
  }

  /** @param {number} received bytes of the session that are safe  @returns {boolean} false when that was known */
  acknowledged(received) {
    if (!this.#place.acknowledge(received)) return false;
    const safe = this.#audio.acknowledgedBytes;
    this.#ends = this.#ends.filter((end) => end > safe);
    this.#movedAt = this.#now();
    this.#stallMs = STALLED_MS;
    this.#isFull = false;
    this.#atOnce = Math.min(this.#atOnce + 1, MOST_IN_FLIGHT);
    this.#sentTo = Math.max(this.#sentTo, safe);
    this.pump();
    return true;
  }

  /** A slice was not taken: go on later from what the server expects, or has by then. */
  refused({ error_code: code, retry_after: seconds, context }) {
    this.#isFull ||= code === "STORAGE_FULL";
    const expected = context?.expected_offset;
    const offset = expected === undefined ? 0 : this.#place.here(expected);
    this.#goOnIn(Math.max(REWIND_MS, 1000 * (seconds ?? 0), this.#isFull ? FULL_MS : 0), offset);
  }

  /** True while the server's disk is full. */
  get isFull() {
    return this.#isFull;
  }

  /** True when every byte was sent and none was refused. */
  get isDrained() {
    return this.#isOpen && !this.#waiting && this.#sentTo >= this.#audio.totalBytes;
  }

  /** True, once, when something is on its way and the line has not moved for too long. */
  get isStalled() {
    const isIdle = this.#ends.length === 0 || this.#waiting || this.#isFull;
    if (!this.#isOpen || isIdle || this.#now() - this.#movedAt < this.#stallMs) return false;
    this.#stallMs = Math.min(2 * this.#stallMs, LONGEST_STALL_MS);
    return true;
  }

  get #reach() {
    return this.#audio.gaps.reach(this.#sentTo, this.#audio.totalBytes);
  }

  #mayGo() {
    const room = (this.#isFull ? 1 : this.#atOnce) - this.#ends.length;
    return this.#isOpen && !this.#waiting && !this.#isLoading && room > 0 && this.#sentTo < this.#reach;
  }

  #from(offset) {
    this.#sentTo = Math.max(offset, this.#audio.acknowledgedBytes);
    this.#ends = [];
    this.#movedAt = this.#now();
    this.pump();
  }

  #goOnIn(ms, offset) {
    this.#waiting ??= setTimeout(() => {
      this.#waiting = null;
      this.#from(offset);
    }, ms);
  }

  async #load() {
    this.#isLoading = true;
    try {
      await this.#audio.load(this.#sentTo);
    } catch {
      // The disk gives it back later or not at all; the watch over waiting audio tells the person.
      if (this.#isOpen) this.#goOnIn(FULL_MS, this.#sentTo);
    }
    this.#isLoading = false;
    this.pump();
  }
}
