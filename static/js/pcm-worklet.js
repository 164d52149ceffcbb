/** Twenty milliseconds: often enough for the level meter, seldom enough for the page. */
const BLOCK_SECONDS = 0.02;

/** Runs in the audio thread: mixes to mono, hands blocks of Float32 samples to the page, in order, none left out. */
class PcmWorklet extends AudioWorkletProcessor {
  #block = new Float32Array(Math.max(1, Math.round(sampleRate * BLOCK_SECONDS)));
  #filled = 0;
  #running = true;

  constructor() {
    super();
    this.port.onmessage = (event) => {
      if (event.data === "flush") this.#flush();
    };
  }

  process(inputs) {
    const channels = inputs[0];
    if (!this.#running || !channels || channels.length === 0) return this.#running;
    for (let frame = 0; frame < channels[0].length; frame += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[frame];
      this.#block[this.#filled] = sum / channels.length;
      this.#filled += 1;
      if (this.#filled === this.#block.length) this.#post();
    }
    return true;
  }

  #flush() {
    if (this.#filled > 0) this.#post();
    this.#running = false;
    this.port.postMessage("flushed");
  }

  #post() {
    const samples = this.#block.slice(0, this.#filled);
    this.#filled = 0;
    this.port.postMessage(samples, [samples.buffer]);
  }
}

registerProcessor("pcm-worklet", PcmWorklet);
