import { gapWords, silentWords } from "./gap-words.js";
import { SoundWatch } from "./sound-watch.js";
import { TextWatch } from "./text-watch.js";

/** Away for longer than this, a person is asked whether to go on. */
const ASK_SECONDS = 30;

/** Watches over one page's dictations: that sound comes, and that text comes back; the page says at once when not. */
export class Alarms {
  #views;
  #sound;
  #text;
  #slept;
  #capture = null;
  #audio = null;

  /** @param {object} views display, meter, connection  @param {() => void} slept the computer slept for long */
  constructor({ display, meter, connection }, slept, now = Date.now) {
    this.#views = { display, meter, connection };
    this.#slept = slept;
    const told = {
      silent: (reason) => meter.alarm(silentWords(reason, this.#capture.deviceLabel)),
      suspected: () => this.#suspected(),
      settled: (gap) => this.#settled(gap),
    };
    this.#sound = new SoundWatch(told, now);
    this.#text = new TextWatch((isTextless) => connection.show({ isTextless }));
  }

  /** @param {AudioCapture} capture that hears now  @param {KeptAudio} audio where its sound goes */
  start(capture, audio) {
    this.#capture = capture;
    this.#audio = audio;
    this.#sound.start();
    this.#text.texted();
  }

  /** The microphone is closed; what it heard was handed over. */
  stop() {
    this.#sound.stop();
    this.#text.texted();
  }

  heard(level) {
    this.#sound.heard(level.seconds);
    this.#text.heard(level);
  }

  hearing(change) {
    this.#sound.hearing(change);
  }

  /** Text came, or none can be expected. */
  texted() {
    this.#text.texted();
  }

  #suspected() {
    this.#capture.cut();
    this.#audio.gaps.suspect(this.#audio.totalBytes);
  }

  #settled({ seconds, reason }) {
    this.#audio.gaps.settle(seconds);
    this.#views.meter.calm();
    if (seconds === 0) return;
    this.#views.display.addGap(gapWords({ seconds, reason }));
    if (reason === "asleep" && seconds >= ASK_SECONDS) this.#slept();
  }
}
