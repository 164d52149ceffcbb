/** What the person wants of the session beside being heard, and what the server was told of it. */
export class SessionWishes {
  #isPaused = false;
  #isEnding = false;
  #told = "";

  pause() {
    this.#isPaused = true;
  }

  resume() {
    this.#isPaused = false;
  }

  end() {
    this.#isEnding = true;
  }

  get isEnding() {
    return this.#isEnding;
  }

  /** A line, or a session, that knows of no wish yet. */
  tellAgain() {
    this.#told = "";
  }

  /** An end that came before all the audio was not taken. */
  notTaken() {
    if (this.#told === "session_end") this.#told = "";
  }

  /** The session is over on the server: there is nothing to tell it. */
  tooLate() {
    this.#told = "session_end";
  }

  /**
   * Pausing and ending come after all the audio before them; going on comes before the audio after it.
   * @param {boolean} isDrained all audio was sent  @returns {string|null} what to say now, once
   */
  next(isDrained) {
    const wanted = this.#wanted(isDrained);
    if (wanted) this.#told = wanted;
    return wanted;
  }

  #wanted(isDrained) {
    if (this.#told === "session_end") return null;
    if (this.#told === "session_pause" && !this.#isPaused && !this.#isEnding) return "session_resume";
    if (!isDrained) return null;
    if (this.#isEnding) return "session_end";
    return this.#isPaused && this.#told !== "session_pause" ? "session_pause" : null;
  }
}
