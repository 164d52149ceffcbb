/** Sends recordings one after the other, so that the first is there as soon as may be, and waits while none can be sent. */
export class UploadQueue {
  #jobs = [];
  #isRunning = false;
  #next;
  #held;
  /** For another file, which there may be room for */
  #goOn = null;

  /**
   * @param {(problem: UploadProblem|null) => void} held told what keeps them here, and null when nothing does any more
   * @param {NextTry} next
   */
  constructor(held, next) {
    this.#held = held;
    this.#next = next;
  }

  /** @param {UploadJob} job */
  add(job) {
    this.#jobs.push(job);
    this.#goOn?.();
    this.#run();
  }

  async #run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#jobs.length > 0) {
      const problem = await this.#sendWhatGoes();
      if (problem !== null) await this.#wait(problem);
    }
    this.#isRunning = false;
  }

  /** @returns {Promise<UploadProblem|null>} what holds up those that are left; smaller ones overtake what there is no room for */
  async #sendWhatGoes() {
    let [room, noRoom] = [Infinity, null];
    for (;;) {
      const job = this.#jobs.find(({ size }) => size < room);
      if (!job) return noRoom;
      const problem = await job.send();
      this.#held(problem);
      if (problem === null) this.#hasLeft(job);
      else if (problem.isForSize) [room, noRoom] = [job.size, problem];
      else return problem;
    }
  }

  #hasLeft(job) {
    this.#jobs.splice(this.#jobs.indexOf(job), 1);
    this.#next.worked();
  }

  #wait({ seconds, isForSize }) {
    return new Promise((again) => {
      this.#next.wait(again, seconds);
      const atOnce = () => {
        this.#next.cancel();
        again();
      };
      this.#goOn = isForSize ? atOnce : null;
    });
  }
}
