/** @returns {Float32Array} a sine of amplitude 0.5 */
export function tone(frequency, rate, seconds) {
  const length = Math.round(rate * seconds);
  return Float32Array.from({ length }, (_, index) => 0.5 * Math.sin((2 * Math.PI * frequency * index) / rate));
}

/** Cuts samples into blocks whose sizes repeat. */
export function* blocksOf(samples, sizes) {
  for (let at = 0, turn = 0; at < samples.length; turn += 1) {
    const size = sizes[turn % sizes.length];
    yield samples.subarray(at, at + size);
    at += size;
  }
}

/** The amplitude of one frequency in the samples (Goertzel), the edges left out. */
export function amplitudeAt(frequency, samples, rate) {
  const middle = samples.subarray(Math.floor(samples.length * 0.1), Math.ceil(samples.length * 0.9));
  let real = 0;
  let imaginary = 0;
  middle.forEach((sample, index) => {
    const angle = (2 * Math.PI * frequency * index) / rate;
    real += sample * Math.cos(angle);
    imaginary += sample * Math.sin(angle);
  });
  return (2 * Math.hypot(real, imaginary)) / middle.length;
}

/** The loudest sample, the edges left out. */
export function peakOf(samples) {
  const middle = samples.subarray(Math.floor(samples.length * 0.1), Math.ceil(samples.length * 0.9));
  return middle.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

export function joined(parts) {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
