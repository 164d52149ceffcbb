import { onShortcut } from "./shortcut.js";

const FACES = { recording: "Pause", paused: "Go on" };

/** Pauses and goes on; there only while there is something to pause. */
export class PauseButton {
  #button;

  /** @param {HTMLButtonElement} button */
  constructor(button) {
    this.#button = button;
  }

  /** @param {() => void} press  @param {AbortSignal} signal ends it */
  start(press, signal) {
    this.#button.addEventListener("click", press, { signal });
    this.#button.addEventListener("keydown", (event) => event.repeat && event.preventDefault(), { signal });
    onShortcut("KeyP", () => this.#button.hidden || press(), signal);
  }

  /** @param {string} state of the recorder */
  show(state) {
    this.#button.hidden = !(state in FACES);
    this.#button.textContent = FACES[state] ?? FACES.recording;
  }
}
