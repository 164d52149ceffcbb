const BYTES_A_SAMPLE = 2;
const WAV_HEADER_BYTES = 44;

/** @param {Float32Array} samples -1 to 1; beyond that they saturate  @returns {ArrayBuffer} s16le, mono */
export function toPcm16(samples) {
  const bytes = new ArrayBuffer(samples.length * BYTES_A_SAMPLE);
  const view = new DataView(bytes);
  samples.forEach((sample, index) => {
    const scaled = Math.round(sample * 32768);
    view.setInt16(index * BYTES_A_SAMPLE, Math.max(-32768, Math.min(32767, scaled)), true);
  });
  return bytes;
}

/** @param {ArrayBuffer} bytes s16le, mono  @returns {Float32Array} -1 to 1 */
export function fromPcm16(bytes) {
  const view = new DataView(bytes);
  return Float32Array.from({ length: view.byteLength / BYTES_A_SAMPLE }, (_, index) => {
    return view.getInt16(index * BYTES_A_SAMPLE, true) / 32768;
  });
}

/** @returns {number} how long that much s16le mono lasts, in seconds */
export function secondsOf(byteLength, sampleRate) {
  return byteLength / BYTES_A_SAMPLE / sampleRate;
}

/** @returns {number} how many bytes of s16le mono last that long, in whole samples */
export function bytesOf(seconds, sampleRate) {
  return BYTES_A_SAMPLE * Math.round(seconds * sampleRate);
}

/** @param {ArrayBuffer[]} chunks s16le, mono  @returns {ArrayBuffer[]} the parts of a WAV file */
export function toWav(chunks, sampleRate) {
  const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const header = new DataView(new ArrayBuffer(WAV_HEADER_BYTES));
  writeText(header, 0, "RIFF");
  header.setUint32(4, WAV_HEADER_BYTES - 8 + size, true);
  writeText(header, 8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, sampleRate, true);
  header.setUint32(28, sampleRate * BYTES_A_SAMPLE, true);
  header.setUint16(32, BYTES_A_SAMPLE, true);
  header.setUint16(34, 8 * BYTES_A_SAMPLE, true);
  writeText(header, 36, "data");
  header.setUint32(40, size, true);
  return [header.buffer, ...chunks];
}

function writeText(view, at, text) {
  [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
}
