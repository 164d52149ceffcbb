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
 * Events: `chunk` (ArrayBuffer), `level` ({peak 0..1, seconds}), `hearing` ({isHearing, reason}: the computer muted or
 * interrupted the sound, or gives it back), `devices` (some were plugged in or out), `error` (MicrophoneProblem: the
 * microphone went away).
 */
export class AudioCapture {
  #listeners = new Listeners(["chunk", "level", "hearing", "devices", "error"]);
  #sampleRate;
  #chunkDurationMs;
  #deviceId;
  #browser;
  #stream = null;
  #context = null;
  #source = null;
  #worklet = null;
  #maker = null;
  #label = "";
  #isMuted = false;
  #heard = () => {};
  #abort = new AbortController();
  #closing = new AbortController();

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
      this.#stream = await this.#open(this.#deviceId);
      this.#context = new this.#browser.AudioContext({ latencyHint: "interactive" });
      await this.#context.audioWorklet.addModule(WORKLET);
    } catch (error) {
      await this.#release();
      throw MicrophoneProblem.from(error);
    }
    const { signal } = this.#closing;
    const devices = () => this.#listeners.tell("devices");
    this.#browser.navigator.mediaDevices.addEventListener("devicechange", devices, { signal });
  }

  /** Begins to hear; fulfilled when the first samples came. Call initialize() first. Throws MicrophoneProblem. */
  async start() {
    this.#maker = new ChunkMaker(this.#context.sampleRate, this.#sampleRate, this.#chunkDurationMs);
    await this.#listen();
  }

  /** Hands over what was heard to the last sample, and really closes the microphone, until resume(). */
  async pause() {
    await this.#handOver();
    this.#closeMicrophone();
    await this.#context?.suspend();
  }

  /** Hears again, with another microphone when the chosen one is gone. Throws MicrophoneProblem; it can be tried again. */
  async resume() {
    try {
      this.#stream = await this.#openAny();
      await this.start();
    } catch (error) {
      this.#closeMicrophone();
      throw MicrophoneProblem.from(error);
    }
  }

  /** Hands over what was heard until now, so that something can be said of the sound that comes next. */
  cut() {
    this.#tellChunks(this.#maker?.cut());
  }

  /** Hands over what was heard to the last sample, then closes everything. Harmless when not started. */
  async stop() {
    await this.#handOver();
    await this.#release();
  }

  /** What the browser calls the microphone. */
  get deviceLabel() {
    return this.#label;
  }

  async #open(deviceId) {
    const wanted = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    if (deviceId) wanted.deviceId = { exact: deviceId };
    const stream = await this.#browser.navigator.mediaDevices.getUserMedia({ audio: wanted });
    this.#label = stream.getAudioTracks()[0].label;
    return stream;
  }

  #openAny() {
    return this.#open(this.#deviceId).catch((error) => {
      if (error.name !== "OverconstrainedError") throw error;
      return this.#open("");
    });
  }

  async #listen() {
    this.#isMuted = false;
    const { signal } = (this.#abort = new AbortController());
    this.#worklet = new this.#browser.AudioWorkletNode(this.#context, "pcm-worklet", { numberOfOutputs: 0 });
    this.#source = this.#context.createMediaStreamSource(this.#stream);
    const firstSamples = new Promise((resolve, reject) => {
      this.#heard = resolve;
      setTimeout(() => reject(new MicrophoneProblem("failed")), FIRST_SAMPLES_MS);
    });
    this.#worklet.port.addEventListener("message", ({ data }) => this.#take(data), { signal });
    this.#worklet.addEventListener("processorerror", () => this.#fail("failed"), { signal });
    this.#worklet.port.start();
    this.#source.connect(this.#worklet);
    await Promise.all([this.#context.resume(), firstSamples]);
    this.#watchMicrophone(signal);
  }

  #watchMicrophone(signal) {
    const [track] = this.#stream.getAudioTracks();
    const hearing = (isHearing, reason) => this.#listeners.tell("hearing", { isHearing, reason });
    track.addEventListener("ended", () => this.#fail("unplugged"), { signal });
    const muted = (isMuted) => {
      this.#isMuted = isMuted;
      hearing(!isMuted, "muted");
    };
    track.addEventListener("mute", () => muted(true), { signal });
    track.addEventListener("unmute", () => muted(false), { signal });
    const changed = () => {
      const isRunning = this.#context.state === "running";
      hearing(isRunning, "interrupted");
      // After a telephone call, for instance, the browser may need to be asked; until then it refuses.
      if (!isRunning) this.#context.resume().catch(() => hearing(false, "interrupted"));
    };
    this.#context.addEventListener("statechange", changed, { signal });
  }

  #take(block) {
    if (!(block instanceof Float32Array) || !this.#maker) return;
    this.#heard();
    const peak = block.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    // A muted microphone gives nothing, and the browser zeros for it: they are no recording.
    if (peak === 0 && this.#isMuted) return;
    this.#listeners.tell("level", { peak, seconds: block.length / this.#context.sampleRate });
    this.#tellChunks(this.#maker.push(block));
  }

  async #handOver() {
    if (!this.#worklet || !this.#maker) return;
    await this.#flushWorklet();
    this.#tellChunks(this.#maker?.flush());
    this.#maker = null;
  }

  #tellChunks(chunks = []) {
    chunks.forEach((chunk) => this.#listeners.tell("chunk", chunk));
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

  #closeMicrophone() {
    this.#abort.abort();
    this.#source?.disconnect();
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#worklet = null;
  }

  async #release() {
    this.#closing.abort();
    this.#closeMicrophone();
    if (this.#context && this.#context.state !== "closed") await this.#context.close();
  }
}
