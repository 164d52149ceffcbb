const DEFAULT_LABEL = "Default microphone";

/** Lets the person choose a microphone, remembers it, and keeps up with those plugged in and out. */
export class MicrophonePicker {
  #select;
  #hint;
  #mediaDevices;
  #preferences;

  constructor(select, hint, mediaDevices, preferences) {
    this.#select = select;
    this.#hint = hint;
    this.#mediaDevices = mediaDevices;
    this.#preferences = preferences;
  }

  /** @param {AbortSignal} signal ends it */
  async start(signal) {
    this.#select.addEventListener("change", () => this.#choose(), { signal });
    this.#mediaDevices?.addEventListener("devicechange", () => this.refresh(), { signal });
    await this.refresh();
  }

  /** Empty for the system's own choice. */
  get deviceId() {
    return this.#select.value;
  }

  /** Reads the list again. Before the first permission browsers name no microphone, so only the default is offered. */
  async refresh() {
    const devices = (await this.#mediaDevices?.enumerateDevices()) ?? [];
    const named = devices.filter(({ kind, deviceId, label }) => kind === "audioinput" && deviceId && label);
    const own = named.filter(({ deviceId }) => deviceId !== "default" && deviceId !== "communications");
    this.#select.replaceChildren(new Option(DEFAULT_LABEL, ""), ...own.map(option));
    const wanted = this.#preferences.get("microphone") ?? "";
    const isHere = wanted === "" || own.some(({ deviceId }) => deviceId === wanted);
    this.#select.value = isHere ? wanted : "";
    this.#hint.textContent =
      isHere || own.length === 0 ? "" : "Your usual microphone is not connected. The default one is used.";
  }

  #choose() {
    this.#preferences.set("microphone", this.#select.value);
    this.#hint.textContent = "";
  }
}

function option({ label, deviceId }) {
  return new Option(label, deviceId);
}
