import { SendingPace } from "./sending-pace.js";
import { uploadProblem } from "./upload-problem.js";

/** A line that breaks each time in the middle of a file is not tried for ever. */
const MOST_BROKEN = 3;

/** A file on its way to become one note, over as many tries as that takes. No DOM. */
export class FileSending {
  #file;
  #api;
  #former;
  #brokenTimes = 0;
  #share = 0;
  #isInDoubt = false;
  #isWanted = true;
  #stopping = null;

  /** @param {UploadsApi} api  @param {string|null} former session of a note of these bytes, beside which there shall be another */
  constructor(file, api, former = null) {
    this.#file = file;
    this.#api = api;
    this.#former = former;
  }

  /** All of it went out and no answer came, so the server may have it. */
  get isInDoubt() {
    return this.#isInDoubt;
  }

  /**
   * @param {boolean} isRetry it could not be sent before
   * @param {(share: number, remaining: number|null) => void} progress 0 to 1 of its bytes, and seconds for the rest
   * @returns {Promise<object>} the ticket; rejects with UploadProblem, or AbortError after stop()
   */
  async send(isRetry, progress) {
    this.#isWanted = true;
    // In doubt it is not asked for once more: the note that is wanted may be there.
    const ticket = await this.#try(this.#former !== null && !this.#isInDoubt, isRetry, progress);
    if (this.#former === null || !ticket.existing) return ticket;
    if (ticket.session_id !== this.#former) return { ...ticket, existing: false };
    return this.#isWanted ? this.#try(true, false, progress) : ticket;
  }

  /** @returns {boolean} false when all of it is out: the server may take it all the same, and send() brings its answer */
  stop() {
    this.#isWanted = false;
    if (this.#isOut) return false;
    this.#stopping?.abort();
    return true;
  }

  get #isOut() {
    return this.#share === 1;
  }

  async #try(again, isRetry, progress) {
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    const pace = new SendingPace();
    const sent = (share) => {
      this.#share = share;
      progress(share, pace.remaining(share));
    };
    try {
      const ticket = await this.#api.send(this.#file, { again, isRetry, signal, progress: sent });
      this.#isInDoubt = false;
      return ticket;
    } catch (problem) {
      throw this.#judged(problem);
    } finally {
      this.#share = 0;
    }
  }

  #judged(problem) {
    if (problem.isUnanswered && this.#isOut) this.#isInDoubt = true;
    if (problem.isServerThere) this.#brokenTimes += 1;
    if (this.#brokenTimes < MOST_BROKEN) return problem;
    this.#brokenTimes = 0;
    return uploadProblem("broken");
  }
}
