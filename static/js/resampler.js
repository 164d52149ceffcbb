/** Zero crossings of the sinc on each side, counted at the lower of the two rates. */
const ZERO_CROSSINGS = 32;
/** Kaiser window; 8 keeps what would alias about 80 dB down. */
const KAISER_BETA = 8;
/** Where the pass band ends, as a part of the lower Nyquist frequency; the rest is the filter's slope. */
const PASS_BAND = 0.92;
/** Every pair of rates that devices really have needs at most 640 phases of the filter, and gets each one exactly. */
const MOST_PHASES = 1024;
/** Odd pairs get so many, and a straight line between two of them: an error about 90 dB down. */
const INTERPOLATED_PHASES = 256;

/**
 * Changes the sample rate of a stream with a windowed-sinc low-pass, without a seam between blocks.
 * Output sample n stands for input time n / toRate: nothing is delayed, stretched or lost.
 */
export class Resampler {
  #fromRate;
  #toRate;
  #reach;
  #phases;
  #rows;
  #held;
  #position = 0;
  #remainder = 0;
  #heard = 0;
  #made = 0;

  /** @param {number} fromRate hertz, an integer  @param {number} toRate hertz, an integer */
  constructor(fromRate, toRate) {
    if (!Number.isInteger(fromRate) || !Number.isInteger(toRate) || fromRate <= 0 || toRate <= 0) {
      throw new RangeError("Sample rates must be whole numbers of hertz above zero.");
    }
    this.#fromRate = fromRate;
    this.#toRate = toRate;
    const narrowing = Math.max(1, fromRate / toRate);
    this.#reach = Math.ceil(ZERO_CROSSINGS * narrowing);
    const exact = toRate / commonDivisor(fromRate, toRate);
    this.#phases = exact <= MOST_PHASES ? exact : INTERPOLATED_PHASES;
    this.#rows = filterRows(this.#phases, this.#reach, narrowing);
    this.#held = new Float32Array(this.#reach);
  }

  /** @param {Float32Array} block samples -1 to 1  @returns {Float32Array} the samples that are settled by now */
  process(block) {
    if (this.#fromRate === this.#toRate) return block.slice();
    this.#heard += block.length;
    return this.#advance(block, Infinity);
  }

  /** The end of the stream: the samples that were waiting for what follows. @returns {Float32Array} */
  flush() {
    if (this.#fromRate === this.#toRate) return new Float32Array(0);
    const due = Math.round((this.#heard * this.#toRate) / this.#fromRate) - this.#made;
    return this.#advance(new Float32Array(2 * this.#reach + 1), due);
  }

  #advance(block, most) {
    const samples = new Float32Array(this.#held.length + block.length);
    samples.set(this.#held);
    samples.set(block, this.#held.length);
    const out = [];
    while (this.#position + 2 * this.#reach < samples.length && out.length < most) {
      out.push(this.#sampleAt(samples));
      this.#step();
    }
    const spent = Math.min(this.#position, samples.length);
    this.#held = samples.slice(spent);
    this.#position -= spent;
    this.#made += out.length;
    return Float32Array.from(out);
  }

  #step() {
    this.#remainder += this.#fromRate;
    this.#position += Math.floor(this.#remainder / this.#toRate);
    this.#remainder %= this.#toRate;
  }

  #sampleAt(samples) {
    const phase = (this.#remainder * this.#phases) / this.#toRate;
    const row = Math.floor(phase);
    const between = phase - row;
    const first = this.#weigh(samples, row);
    return between === 0 ? first : first + between * (this.#weigh(samples, row + 1) - first);
  }

  #weigh(samples, row) {
    const weights = this.#rows[row];
    let sum = 0;
    for (let tap = 0; tap < weights.length; tap += 1) sum += weights[tap] * samples[this.#position + tap];
    return sum;
  }
}

function filterRows(phases, reach, narrowing) {
  const rows = [];
  for (let phase = 0; phase <= phases; phase += 1) rows.push(filterRow(phase / phases, reach, narrowing));
  return rows;
}

function filterRow(fraction, reach, narrowing) {
  const weights = new Float64Array(2 * reach + 1);
  for (let tap = 0; tap < weights.length; tap += 1) {
    const distance = (tap - reach - fraction) / narrowing;
    weights[tap] = sinc(PASS_BAND * distance) * kaiser(distance / ZERO_CROSSINGS);
  }
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x) {
  return Math.abs(x) >= 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA);
}

/** The modified Bessel function of order zero, by its power series. */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function commonDivisor(a, b) {
  return b === 0 ? a : commonDivisor(b, a % b);
}
