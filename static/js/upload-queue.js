/** Sends recordings one after the other, so that the first is there as soon as may be, and waits while none can be sent. */
export class UploadQueue {
  #jobs = [];
  #isRunning = false;
  #next;
  #held;

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
    this.#run();
  }

  async #run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#jobs.length > 0) {
      const problem = await this.#jobs[0].send();
      this.#held(problem);
      if (problem === null) {
        this.#jobs.shift();
        this.#next.worked();
      } else {
        await new Promise((again) => this.#next.wait(again, problem.seconds));
      }
    }
    this.#isRunning = false;
  }
}
