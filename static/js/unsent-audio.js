import { toWav } from "./pcm.js";

/** Long enough for any browser to have taken the file. */
const RELEASE_MS = 60000;

/** The part of a dictation that is on this computer only, for the person to hear or to save as a file. */
export class UnsentAudio {
  #audio;
  #played = null;

  /** @param {KeptAudio} audio */
  constructor(audio) {
    this.#audio = audio;
  }

  /** @param {HTMLAudioElement} player  rejects when the disk gives it back no more */
  async play(player) {
    this.#played ??= URL.createObjectURL(await this.#wav());
    if (player.getAttribute("src") !== this.#played) player.src = this.#played;
    player.hidden = false;
    await player.play();
  }

  /** Hands it to the browser's downloads as a WAV file. */
  async download() {
    const address = URL.createObjectURL(await this.#wav());
    const link = document.createElement("a");
    link.href = address;
    const { startedAt } = this.#audio.about;
    link.download = `unsent-dictation-${new Date(startedAt).toISOString().slice(0, 19).replaceAll(":", "")}.wav`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), RELEASE_MS);
  }

  /** Nothing to be heard is left in memory. */
  release() {
    if (this.#played) URL.revokeObjectURL(this.#played);
    this.#played = null;
  }

  async #wav() {
    return new Blob(toWav(await this.#audio.waitingPcm(), this.#audio.about.sampleRate), { type: "audio/wav" });
  }
}
