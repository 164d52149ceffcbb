import { duration } from "./format.js";
import { noticeView } from "./notice-view.js";
import { lostNotice, noticeFor } from "./notices.js";

const RETRY_SECONDS = 30;
const CONNECTION_LOST = { error_code: "WEBSOCKET_CONNECTION_FAILED" };
const NOTHING_WAITS = { safeSeconds: 0, waitingSeconds: 0, oldestMs: 0 };
const SIGN_IN = { label: "Sign in", run: () => location.assign("/login"), isMain: true };
const SAID = {
  starting: "Starting. Wait before you speak.",
  recording: "Recording.",
  finishing: "Recording stopped. Saving.",
};

/** One clinician's dictations on this page, one after another: who does what, in which order. */
export class Dictation {
  #recorder;
  #views;
  #makeCapture;
  #makeSocket;
  #unsent;
  #retry;
  #maxSeconds;
  #capture = null;
  #socket = null;
  #isLost = false;

  /**
   * @param {object} parts recorder, views {button, display, clock, meter, connection, receipt, settings},
   *   makeCapture(), makeSocket(), unsent, retry, maxSeconds
   */
  constructor({ recorder, views, makeCapture, makeSocket, unsent, retry, maxSeconds }) {
    this.#recorder = recorder;
    this.#views = views;
    this.#makeCapture = makeCapture;
    this.#makeSocket = makeSocket;
    this.#unsent = unsent;
    this.#retry = retry;
    this.#maxSeconds = maxSeconds;
    recorder.follow((state) => this.#show(state));
  }

  /** The record button: begins or ends a dictation, whichever fits; nothing in between. */
  press() {
    return this.#recorder.state === "recording" ? this.stop() : this.record();
  }

  async record() {
    if (!this.#unsent.isEmpty) return this.#offerUnsent();
    if (!this.#recorder.move("record")) return undefined;
    this.#fresh();
    try {
      await this.#capture.check();
      const { limits } = await this.#socket.connect();
      this.#views.clock.reset(Math.min(this.#maxSeconds, limits?.max_seconds ?? Infinity));
      this.#recorder.move("accepted");
      await this.#capture.initialize();
      await this.#capture.start();
      if (this.#isLost) throw CONNECTION_LOST;
      this.#recorder.move("heard");
    } catch (problem) {
      await this.#giveUp(problem);
    }
    return undefined;
  }

  async stop() {
    if (this.#recorder.move("stop")) await this.#finish();
  }

  /** An empty page for the next dictation. Nothing that was not saved is thrown away. */
  clear() {
    if (this.#recorder.state !== "ready" || !this.#unsent.isEmpty) return;
    this.#views.display.clear();
    this.#views.receipt.hide();
    this.#views.clock.reset(this.#maxSeconds);
  }

  /** True while leaving the page would lose something. */
  get holdsUnsavedAudio() {
    return this.#recorder.state !== "ready" || !this.#unsent.isEmpty;
  }

  #fresh() {
    this.#retry.stop();
    this.#socket?.disconnect();
    this.#isLost = false;
    this.#views.display.clear();
    this.#views.receipt.hide();
    this.#views.connection.reset();
    this.#capture = this.#makeCapture();
    this.#socket = this.#makeSocket();
    this.#listenToMicrophone(this.#capture, this.#socket);
    this.#listenToServer(this.#socket);
  }

  #listenToMicrophone(capture, socket) {
    capture.on("chunk", (pcm) => {
      socket.sendAudioChunk(pcm);
      if (this.#isLost) this.#views.connection.show({ waiting: socket.waiting });
    });
    capture.on("level", (level) => {
      this.#views.meter.show(level, capture.deviceLabel);
      this.#views.clock.add(level.seconds);
    });
    capture.on("error", (problem) => this.#end(problem));
  }

  #listenToServer(socket) {
    const { display, connection, receipt } = this.#views;
    socket.on("result", ({ is_partial: isPartial, text, segment_id: segmentId }) => {
      if (isPartial) display.updatePartial(text, segmentId);
      else display.appendFinal(text, segmentId);
    });
    socket.on("acknowledged", (waiting) => connection.show({ waiting }));
    socket.on("slow", (waiting) => connection.show({ waiting }));
    socket.on("state", ({ recogniser_state: recogniser, lag_seconds: lag }) => connection.show({ recogniser, lag }));
    socket.on("draining", () => connection.show({ isDraining: true }));
    socket.on("stored", ({ audio_status: status }) => {
      receipt.audio(status);
      if (this.#recorder.state === "ready") socket.disconnect();
    });
    socket.on("complete", () => this.#end());
    socket.on("error", (error) => this.#serverSays(error));
    socket.on("closed", (waiting) => this.#lost(waiting));
  }

  #serverSays(error) {
    if (this.#recorder.state !== "recording") return;
    if (error.recoverable === false) this.#end(error);
    else this.#tell(error);
  }

  /** The microphone or the server ended it. What was heard until now is finished like any other dictation. */
  async #end(problem) {
    if (!this.#recorder.move("ended")) return;
    if (problem) this.#tell(problem);
    await this.#finish(problem);
  }

  #lost(waiting) {
    this.#isLost = true;
    this.#views.connection.show({ isLost: true, waiting });
    if (this.#recorder.state !== "recording") return;
    this.#tellWords(lostNotice(waiting));
  }

  /** @param {object} [cause] why it ended, when that was nobody's wish; told already */
  async #finish(cause) {
    await this.#capture.stop();
    try {
      const complete = await this.#socket.endSession();
      this.#views.display.showStatus(this.#views.receipt.show(complete));
      if (complete.audio_status === "STORED") this.#socket.disconnect();
    } catch (problem) {
      this.#keepUnsent(cause ?? problem);
    }
    this.#recorder.move("finished");
  }

  #keepUnsent(problem) {
    this.#unsent.keep(this.#socket.waitingPcm, this.#socket.sampleRate);
    if (this.#unsent.isEmpty) this.#tell(problem);
    else this.#offerUnsent();
  }

  #offerUnsent() {
    const seconds = duration(this.#unsent.seconds);
    const words = noticeFor(CONNECTION_LOST, this.#socket.waiting, this.#maxSeconds);
    const action =
      "Save it as a file now: it is gone when this page is closed. The part on the server appears under Notes.";
    this.#tellWords({ ...words, what: `The last ${seconds} of this dictation did not reach the server.`, action }, [
      { label: `Save ${seconds} as a WAV file`, run: () => this.#unsent.download(), isMain: true },
      { label: "Discard it", run: () => this.#discardUnsent() },
    ]);
  }

  #discardUnsent() {
    if (!globalThis.confirm(`Discard ${duration(this.#unsent.seconds)} of speech? It can't be brought back.`)) return;
    this.#unsent.discard();
    this.#views.display.showError("");
  }

  async #giveUp(problem) {
    await this.#capture.stop();
    this.#socket.disconnect();
    this.#recorder.move("failed");
    if (problem.error_code === "SESSION_LIMIT_EXCEEDED") this.#tryAgainLater(problem);
    else if (problem.error_code === "UNAUTHENTICATED") this.#tell(problem, [SIGN_IN]);
    else this.#tell(problem, [{ label: "Try again", run: () => this.record(), isMain: true }]);
  }

  #tryAgainLater(problem) {
    const words = noticeFor(problem, NOTHING_WAITS, this.#maxSeconds);
    const choices = [
      { label: "Try now", run: () => this.record(), isMain: true },
      { label: "Cancel", run: () => this.#cancelRetry() },
    ];
    this.#tellWords(words, choices);
    const show = (left) => this.#views.connection.say(`Trying again in ${duration(left)}`);
    this.#retry.start(problem.retry_after ?? RETRY_SECONDS, show, () => this.record());
  }

  #cancelRetry() {
    this.#retry.stop();
    this.#views.display.showError("");
    this.#views.connection.reset();
  }

  #tell(problem, choices = []) {
    this.#tellWords(noticeFor(problem, this.#socket.waiting, this.#maxSeconds), choices);
  }

  #tellWords(words, choices = []) {
    this.#views.display.showError(noticeView(words, choices, this.#socket.sessionId.slice(0, 8)));
  }

  #show(state) {
    this.#views.button.show(state);
    this.#views.connection.show({ state });
    this.#views.settings.disabled = state !== "ready";
    if (state === "ready") this.#views.meter.reset();
    if (SAID[state]) this.#views.display.showStatus(SAID[state]);
  }
}
