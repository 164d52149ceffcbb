/** Louder than this is speech rather than a room; about -34 dB of full scale. */
const SPEECH_PEAK = 0.02;
/** So much of it without a word is suspicious ... */
const SPEECH_SECONDS = 2;
/** ... once the last word is so long ago. */
const PATIENCE_SECONDS = 5;

/** Notices when somebody speaks and no text comes back. */
export class TextWatch {
  #told;
  #speech = 0;
  #silence = 0;
  #isTextless = false;

  /** @param {(isTextless: boolean) => void} told of each change */
  constructor(told) {
    this.#told = told;
  }

  /** @param {{peak: number, seconds: number}} level of one block of samples */
  heard({ peak, seconds }) {
    this.#silence += seconds;
    if (peak >= SPEECH_PEAK) this.#speech += seconds;
    if (this.#speech >= SPEECH_SECONDS && this.#silence >= PATIENCE_SECONDS) this.#tell(true);
  }

  /** Text came, or can't be expected now. */
  texted() {
    this.#speech = this.#silence = 0;
    this.#tell(false);
  }

  #tell(isTextless) {
    if (isTextless === this.#isTextless) return;
    this.#isTextless = isTextless;
    this.#told(isTextless);
  }
}
