const OFFLINE = "Recogniser: offline now (PocketSphinx), not medical-grade. Check every word.";

/** The line under the text that says who makes it now. */
export class RecogniserLine {
  #element;
  #usual;

  /** @param {HTMLElement} element names the recogniser of the settings, also as data-recogniser */
  constructor(element) {
    this.#element = element;
    this.#usual = element.textContent;
  }

  /** @param {string|undefined} name of who listens, as the server calls it */
  show(name) {
    const isOffline = name === "pocketsphinx" && this.#element.dataset.recogniser !== name;
    const words = isOffline ? OFFLINE : this.#usual;
    if (this.#element.textContent !== words) this.#element.textContent = words;
  }

  /** Another dictation begins: the recogniser of the settings is asked first. */
  reset() {
    this.show();
  }
}
