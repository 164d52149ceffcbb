import { onShortcut } from "./shortcut.js";

const FACES = {
  ready: { label: "Record", state: "Ready" },
  starting: { label: "Starting", state: "Starting. Wait before you speak" },
  recording: { label: "Stop", state: "Recording" },
  paused: { label: "Stop", state: "Paused" },
  finishing: { label: "Saving", state: "Finishing" },
};

/** The one large control. It shows the recorder's state and passes on what the person asks for. */
export class RecordButton {
  #button;
  #label;
  #state;

  /** @param {HTMLButtonElement} button holding [data-label]  @param {HTMLElement} state words beside it */
  constructor(button, state) {
    this.#button = button;
    this.#label = button.querySelector("[data-label]");
    this.#state = state;
  }

  /** @param {() => void} press  @param {AbortSignal} signal ends it */
  start(press, signal) {
    this.#button.addEventListener("click", press, { signal });
    // A held key must not start and stop in turns.
    this.#button.addEventListener("keydown", (event) => event.repeat && event.preventDefault(), { signal });
    onShortcut("KeyR", press, signal);
  }

  /** @param {"ready"|"starting"|"recording"|"paused"|"finishing"} state */
  show(state) {
    this.#button.dataset.state = state;
    this.#button.setAttribute("aria-disabled", String(state === "starting" || state === "finishing"));
    this.#label.textContent = FACES[state].label;
    this.#state.textContent = FACES[state].state;
  }
}
