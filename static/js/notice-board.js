import { noticeView } from "./notice-view.js";
import { noticeFor } from "./notices.js";

/** The one place on the page where a problem is told: the newest one, until it is over or another follows. */
export class NoticeBoard {
  #display;
  #maxSeconds;
  #line = null;
  #shown = null;

  /** @param {TranscriptionDisplay} display  @param {number} maxSeconds longest recording */
  constructor(display, maxSeconds) {
    this.#display = display;
    this.#maxSeconds = maxSeconds;
  }

  /** Whose dictation the notices are about from now on. */
  follow(line) {
    this.#line = line;
    this.#shown = null;
  }

  /** @param {MicrophoneProblem|object} problem  @param {object[]} choices see noticeView */
  tell(problem, choices = []) {
    this.#shown = problem.error_code ?? problem.kind;
    const words = noticeFor(problem, this.#line.waiting, this.#maxSeconds);
    this.#display.showError(noticeView(words, choices, this.#line.sessionId.slice(0, 8)));
  }

  /** @param {string} code of what is over now; whatever else is told stays */
  takeBack(code) {
    if (this.#shown === code) this.clear();
  }

  clear() {
    this.#shown = null;
    this.#display.showError("");
  }
}
