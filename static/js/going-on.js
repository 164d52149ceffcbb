const LABEL = "Go on in a new dictation";

/** A dictation that reaches the longest recording goes on in a new one, linked with it, by one key. */
export class GoingOn {
  #notices;
  #stop;
  #record;
  #line = null;
  #from = null;

  /**
   * @param {object} parts notices: NoticeBoard; stop(): ends what is recorded, if it still is, and answers the ids of its
   *   notes; record(continues, noteIds): begins a dictation that goes on from a session
   */
  constructor({ notices, stop, record }) {
    this.#notices = notices;
    this.#stop = stop;
    this.#record = record;
  }

  /** Another dictation begins. */
  follow(line) {
    this.#line = line;
    this.#from = null;
  }

  /** It can't last much longer. */
  nearlyFull() {
    this.#tell({ error_code: "NEARLY_FULL" });
  }

  /** @param {object} problem the server's: it has ended the session */
  full(problem) {
    this.#tell(problem);
  }

  /** Does nothing as long as there is no reason to. */
  async press() {
    const from = this.#from;
    if (from === null) return;
    this.#from = null;
    const earlier = await this.#stop();
    await this.#record(from, earlier);
  }

  #tell(problem) {
    this.#from = this.#line.sessionId;
    this.#notices.tell(problem, [{ label: LABEL, key: "Alt+G", run: () => this.press(), isMain: true }]);
  }
}
