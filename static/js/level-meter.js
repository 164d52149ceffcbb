/** Below this no voice is heard, whatever the microphone; about -50 dB of full scale. */
const QUIET_PEAK = 0.003;
const QUIET_SECONDS = 5;
/** What the meter shows at its left end, decibels of full scale. */
const LOWEST_DB = -60;
/** The bar falls this slowly, so that single syllables can be seen; parts of the whole a second. */
const FALL_A_SECOND = 1.5;

/** Shows how loud the microphone hears, and says so when it hears nothing. */
export class LevelMeter {
  #bar;
  #hint;
  #shown = 0;
  #quietFor = 0;

  /** @param {HTMLElement} bar its --level goes from 0 to 1  @param {HTMLElement} hint */
  constructor(bar, hint) {
    this.#bar = bar;
    this.#hint = hint;
  }

  /** @param {{peak: number, seconds: number}} level of one block of samples */
  show({ peak, seconds }, deviceLabel) {
    this.#shown = Math.max(loudness(peak), this.#shown - FALL_A_SECOND * seconds);
    this.#bar.style.setProperty("--level", this.#shown.toFixed(3));
    this.#quietFor = peak < QUIET_PEAK ? this.#quietFor + seconds : 0;
    const isQuiet = this.#quietFor >= QUIET_SECONDS;
    if (peak >= QUIET_PEAK) this.#hint.hidden = true;
    if (!isQuiet || !this.#hint.hidden) return;
    this.#hint.hidden = false;
    this.#hint.textContent = quietHint(deviceLabel);
  }

  /** @param {string} words why no sound comes; they stay until a voice is heard or calm() */
  alarm(words) {
    this.#bar.style.setProperty("--level", "0");
    this.#hint.textContent = words;
    this.#hint.hidden = false;
  }

  calm() {
    this.#quietFor = 0;
    this.#hint.hidden = true;
  }

  reset() {
    this.#shown = this.#quietFor = 0;
    this.#bar.style.setProperty("--level", "0");
    this.#hint.hidden = true;
  }
}

function loudness(peak) {
  return Math.min(1, Math.max(0, 1 - (20 * Math.log10(Math.max(peak, 1e-6))) / LOWEST_DB));
}

function quietHint(deviceLabel) {
  return `We can't hear you. Check that ${deviceLabel || "the microphone"} is on and not muted.`;
}
