import { gapWords } from "./gap-words.js";

const ASLEEP = { error_code: "ASLEEP" };

/** One dictation's pauses: those the person asks for, and those that a lost microphone or a sleeping computer makes. */
export class Pausing {
  #recorder;
  #alarms;
  #display;
  #notices;
  #stop;
  #now;
  #capture = null;
  #line = null;
  #audio = null;
  #cut = null;
  #isTurning = false;
  #told = null;

  /** @param {object} parts recorder, alarms, display, notices, stop(), now: milliseconds */
  constructor({ recorder, alarms, display, notices, stop, now = Date.now }) {
    this.#recorder = recorder;
    this.#alarms = alarms;
    this.#display = display;
    this.#notices = notices;
    this.#stop = stop;
    this.#now = now;
  }

  /** Another dictation begins. */
  begin(capture, line, audio) {
    this.#capture = capture;
    this.#line = line;
    this.#audio = audio;
    this.#cut = null;
    capture.on("devices", () => this.#cut && this.goOn());
  }

  press() {
    return this.#recorder.state === "paused" ? this.goOn() : this.#pause();
  }

  /** Opens the microphone again; the transcript says what was missed, unless the person wished to miss it. */
  async goOn() {
    if (this.#recorder.state !== "paused" || this.#isTurning) return;
    this.#isTurning = true;
    try {
      this.#line.resume();
      await this.#capture.resume();
      this.#recorder.move("resume");
      this.end();
      this.#alarms.start(this.#capture, this.#audio);
      this.#notices.takeBack(this.#told);
    } catch (problem) {
      this.#line.pause();
      this.#tell(problem);
    }
    this.#isTurning = false;
  }

  /** @param {MicrophoneProblem} problem the microphone is gone, maybe not for long */
  async unplugged(problem) {
    this.#cut = { since: this.#now(), reason: "unplugged" };
    await this.#pause();
    this.#audio.gaps.suspect(this.#audio.totalBytes);
    this.#tell(problem);
  }

  async slept() {
    if (this.#recorder.state !== "recording") return;
    await this.#pause();
    this.#tell(ASLEEP);
  }

  /** Sound comes again, or none will come any more: what was missed until now is told at its place. */
  end() {
    if (!this.#cut) return;
    const gap = { seconds: (this.#now() - this.#cut.since) / 1000, reason: this.#cut.reason };
    this.#audio.gaps.settle(gap.seconds);
    this.#display.addGap(gapWords(gap));
    this.#cut = null;
  }

  async #pause() {
    if (this.#recorder.state !== "recording" || this.#isTurning) return;
    this.#isTurning = true;
    await this.#capture.pause();
    this.#alarms.stop();
    this.#line.pause();
    this.#recorder.move("pause");
    this.#isTurning = false;
  }

  #tell(problem) {
    this.#told = problem.error_code ?? problem.kind;
    this.#notices.tell(problem, [
      { label: "Go on", run: () => this.goOn(), isMain: true },
      { label: "Stop", run: () => this.#stop() },
    ]);
  }
}
