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
  #deviceLabel = () => "";

  /** @param {object} views display, meter, connection  @param {() => void} slept the computer slept for long */
  constructor({ display, meter, connection }, slept, now = Date.now) {
    this.#views = { display, meter, connection };
    this.#slept = slept;
    const silent = (reason) => meter.alarm(silentWords(reason, this.#deviceLabel()));
    this.#sound = new SoundWatch({ silent, gap: (gap) => this.#missed(gap) }, now);
    this.#text = new TextWatch((isTextless) => connection.show({ isTextless }));
  }

  /** @param {AudioCapture} capture that hears now */
  start(capture) {
    this.#deviceLabel = () => capture.deviceLabel;
    this.#sound.start();
    this.#text.texted();
  }

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

  #missed(gap) {
    this.#views.meter.calm();
    this.#views.display.addGap(gapWords(gap));
    if (gap.reason === "asleep" && gap.seconds >= ASK_SECONDS) this.#slept();
  }
}
