import assert from "node:assert/strict";
import test from "node:test";

import { Resampler } from "../../static/js/resampler.js";
import { fc } from "./support/settings.js";
import { amplitudeAt, blocksOf, joined, peakOf, tone } from "./support/tone.js";

const DEVICE_RATES = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192000];
const OUR_RATES = [8000, 16000, 48000];
const ONE_MS = 0.001;

const rates = fc.record({
  from: fc.oneof(fc.constantFrom(...DEVICE_RATES), fc.integer({ min: 8000, max: 192000 })),
  to: fc.constantFrom(...OUR_RATES),
});
const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 });

function resample(samples, from, to, blockSizes = [128]) {
  const resampler = new Resampler(from, to);
  const parts = [...blocksOf(samples, blockSizes)].map((block) => resampler.process(block));
  return joined([...parts, resampler.flush()]);
}

test("p28: resampled audio lasts as long as the original, within a millisecond", () => {
  fc.assert(
    fc.property(rates, fc.double({ min: 0.001, max: 0.3, noNaN: true }), sizes, ({ from, to }, seconds, blockSizes) => {
      const samples = tone(440, from, seconds);
      const out = resample(samples, from, to, blockSizes);
      assert.ok(Math.abs(out.length / to - samples.length / from) <= ONE_MS);
    }),
  );
});

test("p28: a tone keeps its frequency and its loudness", () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 200, max: 3000 }), ({ from, to }, frequency) => {
      const out = resample(tone(frequency, from, 0.2), from, to);
      assert.ok(Math.abs(amplitudeAt(frequency, out, to) - 0.5) < 0.01);
    }),
  );
});

test("p28: what the lower rate can't carry is kept out instead of coming back as another tone", () => {
  const narrowing = rates.filter(({ from, to }) => from > 2.5 * to);
  fc.assert(
    fc.property(narrowing, fc.double({ min: 1.02, max: 1.24, noNaN: true }), ({ from, to }, above) => {
      const out = resample(tone((above * to) / 2, from, 0.1), from, to);
      assert.ok(peakOf(out) < 0.5 * 0.001, `60 dB down, but the peak is ${peakOf(out)}`);
    }),
  );
});

test("p28: how the audio is cut into blocks makes no difference", () => {
  fc.assert(
    fc.property(rates, sizes, ({ from, to }, blockSizes) => {
      const samples = tone(700, from, 0.1);
      assert.deepEqual(resample(samples, from, to, blockSizes), resample(samples, from, to, [samples.length]));
    }),
  );
});

test("a sound is neither delayed nor early after resampling", () => {
  const samples = new Float32Array(44100);
  samples[22050] = 1;
  const out = resample(samples, 44100, 16000);
  const loudest = out.indexOf(Math.max(...out));
  assert.equal(loudest, 8000);
});

test("a rate that is no whole number of hertz is refused", () => {
  assert.throws(() => new Resampler(44100.5, 16000), RangeError);
  assert.throws(() => new Resampler(44100, 0), RangeError);
});
