import { secondsOf, toWav } from "./pcm.js";

/** Long enough for any browser to have taken the file. */
const RELEASE_MS = 60000;

/** Audio that did not reach the server, held until the person has saved or discarded it. */
export class UnsentAudio {
  #chunks = [];
  #sampleRate = 0;

  /** @param {ArrayBuffer[]} chunks s16le, mono */
  keep(chunks, sampleRate) {
    this.#chunks = chunks.filter((chunk) => chunk.byteLength > 0);
    this.#sampleRate = sampleRate;
  }

  get isEmpty() {
    return this.#chunks.length === 0;
  }

  get seconds() {
    const bytes = this.#chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    return this.isEmpty ? 0 : secondsOf(bytes, this.#sampleRate);
  }

  /** Hands the audio to the browser's downloads as a WAV file. */
  download() {
    const address = URL.createObjectURL(new Blob(toWav(this.#chunks, this.#sampleRate), { type: "audio/wav" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = `unsent-dictation-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.wav`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), RELEASE_MS);
  }

  discard() {
    this.#chunks = [];
  }
}
