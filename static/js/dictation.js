import { Alarms } from "./alarms.js";
import { Finishing } from "./finishing.js";
import { duration } from "./format.js";
import { showLine } from "./line-views.js";
import { noticeView } from "./notice-view.js";
import { noticeFor } from "./notices.js";
import { Pausing } from "./pausing.js";
import { takenOver } from "./session-place.js";

const RETRY_SECONDS = 30;
const NOTHING_WAITS = { safeSeconds: 0, waitingSeconds: 0, oldestMs: 0 };
const SIGN_IN = { label: "Sign in", run: () => location.assign("/login"), isMain: true };
const SIGN_IN_BESIDE = { label: "Sign in", href: "/login", isMain: true };
const GOING = ["recording", "paused"];
const SAID = {
  starting: "Starting. Wait before you speak.",
  recording: "Recording.",
  paused: "Paused.",
  finishing: "Recording stopped. Saving.",
};

/** One clinician's dictations on this page, one after another: who does what, in which order. */
export class Dictation {
  #recorder;
  #views;
  #makeCapture;
  #makeLine;
  #newAbout;
  #outbox;
  #retry;
  #alarms;
  #pausing;
  #finishing;
  #maxSeconds;
  #now;
  #capture = null;
  #line = null;
  #audio = null;
  #notes = [];

  /**
   * @param {object} parts recorder, views {button, pause, display, clock, meter, connection, receipt, settings},
   *   makeCapture(), makeLine(audio), newAbout(), outbox, retry, maxSeconds, now: milliseconds
   */
  constructor({ recorder, views, makeCapture, makeLine, newAbout, outbox, retry, maxSeconds, now = Date.now }) {
    this.#recorder = recorder;
    this.#views = views;
    this.#makeCapture = makeCapture;
    this.#makeLine = makeLine;
    this.#newAbout = newAbout;
    this.#outbox = outbox;
    this.#retry = retry;
    this.#maxSeconds = maxSeconds;
    this.#now = now;
    const [tell, stop] = [(problem, choices) => this.#tell(problem, choices), () => this.stop()];
    this.#alarms = new Alarms(views, () => this.#pausing.slept(), now);
    this.#pausing = new Pausing({ recorder, alarms: this.#alarms, display: views.display, tell, stop, now });
    this.#finishing = new Finishing({
      outbox,
      receipt: views.receipt,
      say: (words) => views.display.showStatus(words),
    });
    recorder.follow((state) => this.#show(state));
  }

  /** The record button: begins or ends a dictation, whichever fits; nothing in between. */
  press() {
    return this.#isGoing ? this.stop() : this.record();
  }

  /** @param {object} about what is dictated into: a new session unless it says otherwise */
  async record(about = this.#newAbout()) {
    if (!this.#recorder.move("record")) return;
    this.#fresh(about);
    try {
      await this.#capture.check();
      const { limits } = await this.#line.connect();
      this.#views.clock.reset(Math.min(this.#maxSeconds, limits?.max_seconds ?? Infinity));
      this.#recorder.move("accepted");
      await this.#capture.initialize();
      await this.#capture.start();
      this.#recorder.move("heard");
      this.#alarms.start(this.#capture, this.#audio);
    } catch (problem) {
      await this.#giveUp(problem);
    }
  }

  /** Goes on here with what another tab records. */
  takeOver(about) {
    return this.record(takenOver(about, this.#now()));
  }

  /** The pause button: closes the microphone for a while, or opens it again. */
  pauseOrGoOn() {
    return this.#pausing.press();
  }

  async stop() {
    if (this.#recorder.move("stop")) await this.#finish();
  }

  /** An empty page for the next dictation. */
  clear() {
    if (this.#recorder.state !== "ready") return;
    this.#views.display.clear();
    this.#views.receipt.hide();
    this.#views.clock.reset(this.#maxSeconds);
  }

  /** True while leaving the page would lose something, or keep it from being sent. */
  get needsPage() {
    return this.#recorder.state !== "ready" || this.#outbox.needsPage;
  }

  get #isGoing() {
    return GOING.includes(this.#recorder.state);
  }

  #fresh(about) {
    this.#retry.stop();
    this.#notes = [];
    this.#views.display.clear();
    this.#views.receipt.hide();
    this.#views.connection.reset();
    this.#audio = this.#outbox.begin(about);
    this.#capture = this.#makeCapture();
    this.#line = this.#makeLine(this.#audio);
    this.#pausing.begin(this.#capture, this.#line, this.#audio);
    this.#listenToMicrophone(this.#capture, this.#line);
    this.#listenToServer(this.#line);
  }

  #listenToMicrophone(capture, line) {
    capture.on("chunk", (pcm) => line.sendAudioChunk(pcm));
    capture.on("level", (level) => {
      this.#views.meter.show(level, capture.deviceLabel);
      this.#views.clock.add(level.seconds);
      this.#alarms.heard(level);
    });
    capture.on("hearing", (change) => this.#alarms.hearing(change));
    capture.on("error", (problem) => {
      if (problem.kind === "unplugged" && this.#isGoing) this.#pausing.unplugged(problem);
      else this.#end(problem);
    });
  }

  #listenToServer(line) {
    const isShown = () => this.#line === line;
    const on = (event, told) => line.on(event, (what) => isShown() && told(what));
    showLine(line, this.#views, { isShown, texted: () => this.#alarms.texted() });
    on("complete", () => this.#end());
    on("continued", ({ transcription_id: id }) => this.#continued(id));
    on("superseded", (error) => this.#end(error));
    on("refused", (error) => this.#refused(error));
    on("error", (error) => this.#serverSays(error));
  }

  #serverSays(error) {
    if (!this.#isGoing) return;
    if (error.recoverable === false) this.#end(error);
    else this.#tell(error);
  }

  #refused({ error_code: code }) {
    if (code === "UNAUTHENTICATED" && this.#isGoing) this.#tell({ error_code: "SIGNED_OUT" }, [SIGN_IN_BESIDE]);
  }

  #continued(noteId) {
    if (noteId) this.#notes.push(noteId);
    if (!this.#isGoing) return;
    const first = noteId ? [{ label: "Open the first note", href: `/notes/${encodeURIComponent(noteId)}` }] : [];
    this.#tell({ error_code: "CONTINUED" }, first);
  }

  /** The microphone or the server ended it. What was heard until now is finished like any other dictation. */
  async #end(problem) {
    if (!this.#recorder.move("ended")) return;
    if (problem) this.#tell(problem);
    await this.#finish();
  }

  async #finish() {
    const [line, audio, notes] = [this.#line, this.#audio, this.#notes];
    await this.#capture.stop();
    this.#alarms.stop();
    this.#pausing.end();
    await this.#finishing.finish({ line, audio, notes, isShown: () => this.#line === line });
    this.#recorder.move("finished");
  }

  async #giveUp(problem) {
    await this.#capture.stop();
    this.#line.disconnect();
    await this.#outbox.over(this.#audio);
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
    this.#tellWords(noticeFor(problem, this.#line.waiting, this.#maxSeconds), choices);
  }

  #tellWords(words, choices = []) {
    this.#views.display.showError(noticeView(words, choices, this.#line.sessionId.slice(0, 8)));
  }

  #show(state) {
    this.#views.button.show(state);
    this.#views.pause.show(state);
    this.#views.connection.show({ state });
    this.#views.settings.disabled = state !== "ready";
    if (state === "ready" || state === "paused") this.#views.meter.reset();
    if (SAID[state]) this.#views.display.showStatus(SAID[state]);
  }
}
