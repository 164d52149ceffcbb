import assert from "node:assert/strict";
import test from "node:test";

import { ChunkMaker } from "../../static/js/chunk-maker.js";
import { fromPcm16, secondsOf } from "../../static/js/pcm.js";
import { fc } from "./support/settings.js";
import { amplitudeAt, blocksOf, joined, tone } from "./support/tone.js";

const deviceRate = fc.integer({ min: 8000, max: 192000 });
const ourRate = fc.constantFrom(8000, 16000, 48000);
const chunkMs = fc.integer({ min: 200, max: 500 });
const quantum = fc.integer({ min: 1, max: 4096 });

function capture(samples, from, to, ms, blockSize) {
  const maker = new ChunkMaker(from, to, ms);
  const full = [...blocksOf(samples, [blockSize])].flatMap((block) => maker.push(block));
  return { full, all: [...full, ...maker.flush()] };
}

test("p1: every chunk lasts exactly what was asked for, 200 to 500 ms; only the last one may be shorter", () => {
  fc.assert(
    fc.property(deviceRate, ourRate, chunkMs, quantum, (from, to, ms, blockSize) => {
      const { full, all } = capture(tone(300, from, 0.9), from, to, ms, blockSize);
      const wholeBytes = 2 * Math.round((to * ms) / 1000);
      assert.ok(full.length >= 1);
      all.slice(0, -1).forEach((chunk) => assert.equal(chunk.byteLength, wholeBytes));
      assert.ok(all.at(-1).byteLength > 0 && all.at(-1).byteLength <= wholeBytes);
      const seconds = secondsOf(wholeBytes, to);
      assert.ok(seconds >= 0.2 - 0.0001 && seconds <= 0.5 + 0.0001);
    }),
  );
});

test("p1: nothing is lost at stop: the chunks together last as long as what was heard", () => {
  fc.assert(
    fc.property(
      deviceRate,
      ourRate,
      chunkMs,
      quantum,
      fc.integer({ min: 1, max: 900 }),
      (from, to, ms, block, heard) => {
        const samples = tone(300, from, heard / 1000);
        const bytes = capture(samples, from, to, ms, block).all.reduce((sum, chunk) => sum + chunk.byteLength, 0);
        assert.ok(Math.abs(secondsOf(bytes, to) - samples.length / from) <= 0.001);
      },
    ),
  );
});

test("a cut hands over what is begun, and nothing is lost or doubled by it", () => {
  const maker = new ChunkMaker(16000, 16000, 250);
  const samples = tone(1000, 16000, 0.8);
  const chunks = [
    ...maker.push(samples.subarray(0, 6000)),
    ...maker.cut(),
    ...maker.cut(),
    ...maker.push(samples.subarray(6000)),
    ...maker.flush(),
  ];
  assert.deepEqual(joined(chunks.map(fromPcm16)).length, samples.length);
  assert.ok(Math.abs(amplitudeAt(1000, joined(chunks.map(fromPcm16)), 16000) - 0.5) < 0.005);
});

test("a tone spoken into the microphone is the same tone in the chunks", () => {
  const { all } = capture(tone(1000, 44100, 1), 44100, 16000, 250, 128);
  const heard = joined(all.map(fromPcm16));
  assert.ok(Math.abs(amplitudeAt(1000, heard, 16000) - 0.5) < 0.005);
});

test("a chunk duration outside 200 to 500 ms is refused", () => {
  for (const ms of [199, 501, 0, NaN]) assert.throws(() => new ChunkMaker(48000, 16000, ms), RangeError);
});
