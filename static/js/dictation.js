import { Alarms } from "./alarms.js";
import { Finishing } from "./finishing.js";
import { GoingOn } from "./going-on.js";
import { tellOfLine } from "./line-notices.js";
import { showLine } from "./line-views.js";
import { NoticeBoard } from "./notice-board.js";
import { Pausing } from "./pausing.js";
import { secondsOf } from "./pcm.js";
import { takenOver } from "./session-place.js";
import { StartTrouble } from "./start-trouble.js";

const GOING = ["recording", "paused"];
/** Warned so long before the longest recording, a person is also offered to go on in another. */
const LAST_WARNING_SECONDS = 60;
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
  #notices;
  #trouble;
  #alarms;
  #pausing;
  #goingOn;
  #finishing;
  #maxSeconds;
  #now;
  #capture = null;
  #line = null;
  #audio = null;
  #earlier = [];
  #finished = Promise.resolve([]);

  /**
   * @param {object} parts recorder, views {button, pause, display, clock, meter, connection, receipt, recogniser, settings,
   *   signIn}, makeCapture(), makeLine(audio), newAbout(continues), outbox, retry, maxSeconds, now: milliseconds
   */
  constructor({ recorder, views, makeCapture, makeLine, newAbout, outbox, retry, maxSeconds, now = Date.now }) {
    this.#recorder = recorder;
    this.#views = views;
    this.#makeCapture = makeCapture;
    this.#makeLine = makeLine;
    this.#newAbout = newAbout;
    this.#outbox = outbox;
    this.#maxSeconds = maxSeconds;
    this.#now = now;
    const { display, connection, receipt } = views;
    const notices = (this.#notices = new NoticeBoard(display, maxSeconds));
    const record = (how) => this.record(this.#newAbout(), how);
    this.#trouble = new StartTrouble({ retry, connection, notices, record });
    this.#alarms = new Alarms(views, () => this.#pausing.slept(), now);
    this.#pausing = new Pausing({ recorder, alarms: this.#alarms, display, notices, stop: () => this.stop(), now });
    this.#goingOn = new GoingOn({
      notices,
      stop: () => this.#stopped(),
      record: (continues, earlier) => this.record(this.#newAbout(continues), { earlier }),
    });
    this.#finishing = new Finishing({ outbox, receipt, say: (words) => display.showStatus(words) });
    recorder.follow((state) => this.#show(state));
  }

  /** The record button: begins or ends a dictation, whichever fits; nothing in between. */
  press() {
    return this.#isGoing ? this.stop() : this.record();
  }

  /**
   * @param {object} about what is dictated into: a new session unless it says otherwise
   * @param {{isLocal?: boolean, earlier?: number[]}} how isLocal: the server may have no place yet, the person knows;
   *   earlier: notes that hold what was said before
   */
  async record(about = this.#newAbout(), { isLocal = false, earlier = [] } = {}) {
    if (!this.#recorder.move("record")) return;
    this.#fresh(about, earlier);
    try {
      await this.#capture.check();
      await this.#takePlace(isLocal);
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

  /** Goes on in a new dictation, where the longest recording is reached or near. */
  goOn() {
    return this.#goingOn.press();
  }

  /** @param {number} seconds that can still be recorded  @param {string} words the same in words */
  nearsEnd(words, seconds) {
    this.#views.display.showStatus(words);
    if (seconds === 0) this.#end({ error_code: "BUFFER_OVERFLOW" });
    else if (seconds <= LAST_WARNING_SECONDS) this.#goingOn.nearlyFull();
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

  #fresh(about, earlier) {
    this.#trouble.stop();
    this.#earlier = [...earlier];
    this.#views.display.clear();
    this.#views.receipt.hide();
    this.#views.connection.reset();
    this.#audio = this.#outbox.begin(about);
    this.#capture = this.#makeCapture();
    this.#line = this.#makeLine(this.#audio);
    this.#notices.follow(this.#line);
    this.#goingOn.follow(this.#line);
    this.#pausing.begin(this.#capture, this.#line, this.#audio);
    this.#listenToMicrophone(this.#capture, this.#line);
    this.#listenToServer(this.#line);
  }

  /** A place on the server first, so that nobody speaks for nothing; or none, when the person wishes not to wait. */
  async #takePlace(isLocal) {
    this.#views.clock.reset(this.#maxSeconds);
    this.#views.connection.show({ isLocal });
    const taken = this.#line.connect(isLocal);
    // Where nobody waits for it, whatever it is rejected with is told by the line's events.
    if (isLocal) taken.catch(() => {});
    else this.#placed(await taken);
  }

  #placed({ limits, received_bytes: received = 0 }) {
    const longest = Math.min(this.#maxSeconds, limits?.max_seconds ?? Infinity);
    this.#views.clock.reset(longest - secondsOf(received, this.#audio.about.sampleRate));
  }

  #listenToMicrophone(capture, line) {
    capture.on("chunk", (pcm) => line.sendAudioChunk(pcm));
    capture.on("level", (level) => {
      this.#alarms.heard(level);
      this.#views.meter.show(level, capture.deviceLabel);
      this.#views.clock.add(level.seconds);
    });
    capture.on("hearing", (change) => this.#alarms.hearing(change));
    capture.on("error", (problem) => {
      if (problem.kind === "unplugged" && this.#isGoing) this.#pausing.unplugged(problem);
      else this.#end(problem);
    });
  }

  #listenToServer(line) {
    const isShown = () => this.#line === line;
    showLine(line, this.#views, { isShown, texted: () => this.#alarms.texted() });
    const page = { notices: this.#notices, signIn: this.#views.signIn };
    tellOfLine(line, this.#audio, page, {
      isShown,
      isGoing: () => this.#isGoing,
      end: (problem) => this.#end(problem),
      continued: (noteId) => this.#continued(noteId),
    });
  }

  #continued(noteId) {
    if (noteId) this.#earlier.push(noteId);
    this.#views.clock.beginAnew(this.#line.waiting.waitingSeconds);
  }

  /** The microphone or the server ended it. What was heard until now is finished like any other dictation. */
  async #end(problem) {
    if (!this.#recorder.move("ended")) return;
    if (problem?.error_code === "BUFFER_OVERFLOW") this.#goingOn.full(problem);
    else if (problem) this.#notices.tell(problem);
    await this.#finish();
  }

  #finish() {
    this.#finished = this.#finishNow();
    return this.#finished;
  }

  /** @returns {Promise<number[]>} the notes that hold it, as far as they are known */
  async #finishNow() {
    const [line, audio, notes] = [this.#line, this.#audio, this.#earlier];
    await this.#capture.stop();
    this.#alarms.stop();
    this.#pausing.end();
    const noteId = await this.#finishing.finish({ line, audio, notes, isShown: () => this.#line === line });
    this.#recorder.move("finished");
    return noteId === null ? notes : [...notes, noteId];
  }

  async #stopped() {
    await this.stop();
    return this.#finished;
  }

  async #giveUp(problem) {
    await this.#capture.stop();
    this.#line.disconnect();
    await this.#outbox.over(this.#audio);
    this.#recorder.move("failed");
    this.#trouble.tell(problem);
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
