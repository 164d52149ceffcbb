import assert from "node:assert/strict";
import test from "node:test";

import { fromPcm16, toPcm16, toWav } from "../../static/js/pcm.js";
import { fc } from "./support/settings.js";
import { loadWorklet } from "./support/worklet.js";
import { joined } from "./support/tone.js";

const ONE_LSB = 1 / 32768;

test("p2: samples come back within one step of 16 bits, in order; what is too loud saturates", () => {
  fc.assert(
    fc.property(fc.float32Array({ min: -4, max: 4, noNaN: true }), (samples) => {
      const back = fromPcm16(toPcm16(samples));
      assert.equal(back.length, samples.length);
      samples.forEach((sample, index) => {
        assert.ok(Math.abs(Math.max(-1, Math.min(1, sample)) - back[index]) <= ONE_LSB);
      });
    }),
  );
});

test("p2: the bytes are little-endian", () => {
  assert.deepEqual([...new Uint8Array(toPcm16(Float32Array.of(0.5, -1, 1)))], [0x00, 0x40, 0x00, 0x80, 0xff, 0x7f]);
});

test("p2: the worklet hands over a ramp in order, mixed to mono, without losing the tail", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 }), (channelCount, quanta) => {
      const worklet = loadWorklet(48000);
      const spoken = Float32Array.from({ length: quanta * 128 }, (_, index) => index / 8192);
      for (let at = 0; at < spoken.length; at += 128) {
        const block = spoken.subarray(at, at + 128);
        // Channels differ, but their mean is the ramp.
        const channels = Array.from({ length: channelCount }, (_, channel) => {
          return block.map((sample) => sample + (channel - (channelCount - 1) / 2) / 4);
        });
        assert.equal(worklet.process([channels]), true);
      }
      worklet.port.onmessage({ data: "flush" });
      assert.equal(worklet.port.posted.at(-1), "flushed");
      const heard = joined(worklet.port.posted.slice(0, -1));
      assert.equal(heard.length, spoken.length);
      heard.forEach((sample, index) => assert.ok(Math.abs(sample - spoken[index]) < 1e-6));
    }),
  );
});

test("the worklet's blocks are short enough for a level meter that moves within 100 ms", () => {
  const worklet = loadWorklet(192000);
  while (worklet.port.posted.length === 0) worklet.process([[new Float32Array(128)]]);
  assert.ok(worklet.port.posted[0].length / 192000 <= 0.1);
});

test("the worklet ends after a flush and waits quietly while no microphone is connected", () => {
  const worklet = loadWorklet(48000);
  assert.equal(worklet.process([[]]), true);
  worklet.port.onmessage({ data: "flush" });
  assert.equal(worklet.process([[new Float32Array(128)]]), false);
  assert.deepEqual(worklet.port.posted, ["flushed"]);
});

test("unsent audio saved as WAV says its own rate and length", async () => {
  const wav = await new Blob(
    toWav([toPcm16(Float32Array.of(0, 0.5)), toPcm16(Float32Array.of(-0.5))], 16000),
  ).arrayBuffer();
  const view = new DataView(wav);
  assert.equal(Buffer.from(wav, 0, 4).toString(), "RIFF");
  assert.equal(view.getUint32(4, true), wav.byteLength - 8);
  assert.equal(view.getUint32(24, true), 16000);
  assert.equal(view.getUint32(40, true), 6);
  assert.deepEqual([...fromPcm16(wav.slice(44))], [0, 0.5, -0.5]);
});
