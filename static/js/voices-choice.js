/** Specialties that the medical service hears in dictations only. */
const ONE_VOICE = ["RADIOLOGY"];
const HINT = "Radiology can be dictated by one voice only.";

/** Keeps the choice of voices to what goes with the specialty, so that nobody is refused for it. */
export class VoicesChoice {
  #specialty;
  #voices;
  #hint;
  #wished;

  /** @param {HTMLSelectElement} specialty  @param {HTMLSelectElement} voices  @param {HTMLElement} hint says why */
  constructor(specialty, voices, hint) {
    this.#specialty = specialty;
    this.#voices = voices;
    this.#hint = hint;
    this.#wished = voices.value;
  }

  /** @param {AbortSignal} signal ends it */
  start(signal) {
    this.#specialty.addEventListener("change", () => this.#fit(), { signal });
    this.#voices.addEventListener("change", () => (this.#wished = this.#voices.value), { signal });
    this.#fit();
  }

  #fit() {
    const isOne = ONE_VOICE.includes(this.#specialty.value);
    this.#voices.disabled = isOne;
    this.#voices.value = isOne ? "DICTATION" : this.#wished;
    this.#hint.textContent = isOne && this.#wished !== "DICTATION" ? HINT : "";
  }
}
