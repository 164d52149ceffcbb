import { toPcm16 } from "./pcm.js";
import { Resampler } from "./resampler.js";

const SHORTEST_MS = 200;
const LONGEST_MS = 500;

/** Turns blocks of device samples, of whatever size, into chunks of s16le mono that all last equally long, but for one that is cut. */
export class ChunkMaker {
  #resampler;
  #pending;
  #filled = 0;

  /**
   * @param {number} deviceRate hertz of what comes in
   * @param {number} sampleRate hertz of what goes out
   * @param {number} chunkDurationMs 200 to 500
   */
  constructor(deviceRate, sampleRate, chunkDurationMs) {
    if (!(chunkDurationMs >= SHORTEST_MS && chunkDurationMs <= LONGEST_MS)) {
      throw new RangeError(`A chunk lasts ${SHORTEST_MS} to ${LONGEST_MS} ms, not ${chunkDurationMs}.`);
    }
    this.#resampler = new Resampler(deviceRate, sampleRate);
    this.#pending = new Float32Array(Math.round((sampleRate * chunkDurationMs) / 1000));
  }

  /** @param {Float32Array} block  @returns {ArrayBuffer[]} the chunks that are full now */
  push(block) {
    return this.#fill(this.#resampler.process(block));
  }

  /** @returns {ArrayBuffer[]} what is begun, as a chunk of its own; nothing when nothing is */
  cut() {
    const begun = this.#filled > 0 ? [toPcm16(this.#pending.subarray(0, this.#filled))] : [];
    this.#filled = 0;
    return begun;
  }

  /** @returns {ArrayBuffer[]} all that is left; only the last one may be shorter than the others */
  flush() {
    return [...this.#fill(this.#resampler.flush()), ...this.cut()];
  }

  #fill(samples) {
    const chunks = [];
    for (let taken = 0; taken < samples.length;) {
      const room = this.#pending.length - this.#filled;
      const part = samples.subarray(taken, taken + room);
      this.#pending.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === this.#pending.length) {
        chunks.push(toPcm16(this.#pending));
        this.#filled = 0;
      }
    }
    return chunks;
  }
}
