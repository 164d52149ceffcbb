import { ChunkMaker } from "./chunk-maker.js";
import { Listeners } from "./listeners.js";
import { MicrophoneProblem } from "./microphone-problem.js";

const WORKLET = new URL("./pcm-worklet.js", import.meta.url);
/** The audio thread answers within a few milliseconds; a dead one must not keep a dictation from being saved. */
const FLUSH_MS = 1000;
/** A microphone that is open but gives no samples for this long is not working. */
const FIRST_SAMPLES_MS = 5000;

/**
 * Hears one dictation: microphone in, chunks of s16le mono out.
 *
 * Events: `chunk` (ArrayBuffer), `level` ({peak 0..1, seconds}), `error` (MicrophoneProblem: the microphone went away).
 */
export class AudioCapture {
  #listeners = new Listeners(["chunk", "level", "error"]);
  #sampleRate;
  #chunkDurationMs;
  #deviceId;
  #browser;
  #stream = null;
  #context = null;
  #source = null;
  #worklet = null;
  #maker = null;
  #heard = () => {};
  #abort = new AbortController();

  /**
   * @param {number} sampleRate hertz of the chunks
   * @param {number} chunkDurationMs 200 to 500
   * @param {{deviceId?: string, browser?: Window}} options the chosen microphone; whose window it is
   */
  constructor(sampleRate = 16000, chunkDurationMs = 250, { deviceId = "", browser = globalThis } = {}) {
    this.#sampleRate = sampleRate;
    this.#chunkDurationMs = chunkDurationMs;
    this.#deviceId = deviceId;
    this.#browser = browser;
  }

  on(event, listener) {
    return this.#listeners.on(event, listener);
  }

  /** What would keep this page from hearing, found without opening the microphone. Throws MicrophoneProblem. */
  async check() {
    const { isSecureContext, navigator, AudioWorkletNode } = this.#browser;
    if (!isSecureContext) throw new MicrophoneProblem("insecure");
    if (!navigator.mediaDevices?.getUserMedia || !AudioWorkletNode) throw new MicrophoneProblem("unsupported");
    const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
    if (permission?.state === "denied") throw new MicrophoneProblem("denied");
  }

  /** Opens the microphone; may ask for permission. Throws MicrophoneProblem and leaves nothing open. */
  async initialize() {
    await this.check();
    try {
      this.#stream = await this.#open();
      const { AudioContext, AudioWorkletNode } = this.#browser;
      this.#context = new AudioContext({ latencyHint: "interactive" });
      await this.#context.audioWorklet.addModule(WORKLET);
      this.#source = this.#context.createMediaStreamSource(this.#stream);
      this.#worklet = new AudioWorkletNode(this.#context, "pcm-worklet", { numberOfOutputs: 0 });
    } catch (error) {
      await this.#release();
      throw MicrophoneProblem.from(error);
    }
    this.#maker = new ChunkMaker(this.#context.sampleRate, this.#sampleRate, this.#chunkDurationMs);
  }

  /** Begins to hear; fulfilled when the first samples came. Call initialize() first. Throws MicrophoneProblem. */
  async start() {
    const { signal } = this.#abort;
    const firstSamples = new Promise((resolve, reject) => {
      this.#heard = resolve;
      setTimeout(() => reject(new MicrophoneProblem("failed")), FIRST_SAMPLES_MS);
    });
    this.#worklet.port.addEventListener("message", ({ data }) => this.#take(data), { signal });
    this.#worklet.addEventListener("processorerror", () => this.#fail("failed"), { signal });
    this.#worklet.port.start();
    const [track] = this.#stream.getAudioTracks();
    track.addEventListener("ended", () => this.#fail("unplugged"), { signal });
    this.#source.connect(this.#worklet);
    await Promise.all([this.#context.resume(), firstSamples]);
  }

  /** Hands over what was heard to the last sample, then closes the microphone. Harmless when not started. */
  async stop() {
    if (this.#worklet && this.#maker) {
      await this.#flushWorklet();
      this.#maker.flush().forEach((chunk) => this.#listeners.tell("chunk", chunk));
      this.#maker = null;
    }
    await this.#release();
  }

  /** What the browser calls the open microphone. */
  get deviceLabel() {
    return this.#stream?.getAudioTracks()[0]?.label ?? "";
  }

  async #open() {
    const wanted = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    if (this.#deviceId) wanted.deviceId = { exact: this.#deviceId };
    return this.#browser.navigator.mediaDevices.getUserMedia({ audio: wanted });
  }

  #take(block) {
    if (!(block instanceof Float32Array) || !this.#maker) return;
    this.#heard();
    const peak = block.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    this.#listeners.tell("level", { peak, seconds: block.length / this.#context.sampleRate });
    this.#maker.push(block).forEach((chunk) => this.#listeners.tell("chunk", chunk));
  }

  #flushWorklet() {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, FLUSH_MS);
      const flushed = ({ data }) => {
        if (data !== "flushed") return;
        clearTimeout(timer);
        resolve();
      };
      this.#worklet.port.addEventListener("message", flushed, { signal: this.#abort.signal });
      this.#worklet.port.postMessage("flush");
    });
  }

  #fail(kind) {
    this.#listeners.tell("error", new MicrophoneProblem(kind, this.deviceLabel));
  }

  async #release() {
    this.#abort.abort();
    this.#source?.disconnect();
    this.#stream?.getTracks().forEach((track) => track.stop());
    if (this.#context && this.#context.state !== "closed") await this.#context.close();
    this.#worklet = null;
  }
}
