import { duration } from "./format.js";

const RETRY_SECONDS = 30;
const SIGN_IN = { label: "Sign in", run: () => location.assign("/login"), isMain: true };
/** The dictation itself would be refused, wherever its sound waits. */
const FINAL = ["UNAUTHENTICATED", "VALIDATION_FAILED", "FORBIDDEN"];

/** A dictation could not be begun: the page says why, and what can be done instead. */
export class StartTrouble {
  #retry;
  #connection;
  #notices;
  #record;

  /** @param {object} parts retry: RetryCountdown, connection, notices: NoticeBoard, record({isLocal}) */
  constructor({ retry, connection, notices, record }) {
    this.#retry = retry;
    this.#connection = connection;
    this.#notices = notices;
    this.#record = record;
  }

  /** @param {MicrophoneProblem|object} problem with nothing recorded */
  tell(problem) {
    if (problem.error_code === "SESSION_LIMIT_EXCEEDED") this.#tellFull(problem);
    else this.#notices.tell(problem, this.#choices(problem));
  }

  /** Another dictation begins, or nobody waits any more. */
  stop() {
    this.#retry.stop();
  }

  #choices(problem) {
    if (problem.error_code === "UNAUTHENTICATED") return [SIGN_IN];
    const again = { label: "Try again", run: () => this.#record(), isMain: true };
    return problem.error_code && !FINAL.includes(problem.error_code) ? [again, this.#later] : [again];
  }

  get #later() {
    return { label: "Record now, text later", run: () => this.#record({ isLocal: true }) };
  }

  #tellFull(problem) {
    this.#notices.tell(problem, [
      { label: "Try now", run: () => this.#record(), isMain: true },
      this.#later,
      { label: "Cancel", run: () => this.#cancel() },
    ]);
    const show = (left) => this.#connection.say(`Trying again in ${duration(left)}`);
    this.#retry.start(problem.retry_after ?? RETRY_SECONDS, show, () => this.#record());
  }

  #cancel() {
    this.stop();
    this.#notices.clear();
    this.#connection.reset();
  }
}
