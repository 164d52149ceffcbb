import assert from "node:assert/strict";
import test from "node:test";

import { UnackedChunks } from "../../static/js/unacked-chunks.js";
import { fc } from "./support/settings.js";

const bytes = (chunks) => chunks.flatMap((chunk) => [...new Uint8Array(chunk)]);

test("every byte is either acknowledged or still here, in order, whatever acks come", () => {
  const step = fc.oneof(
    fc.record({ speak: fc.uint8Array({ minLength: 2, maxLength: 20 }) }),
    fc.record({ ack: fc.integer({ min: -5, max: 400 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const unacked = new UnackedChunks();
      const spoken = [];
      let safe = 0;
      steps.forEach(({ speak, ack }, seq) => {
        if (speak) {
          assert.equal(unacked.add(speak.buffer.slice(0), seq).offset, spoken.length);
          spoken.push(...speak);
        } else {
          unacked.acknowledge(ack);
          if (ack <= spoken.length) safe = Math.max(safe, ack);
        }
        assert.equal(unacked.acknowledgedBytes, safe);
        assert.deepEqual(bytes(unacked.waitingPcm), spoken.slice(safe));
        assert.equal(unacked.waitingBytes, spoken.length - safe);
      });
    }),
  );
});

test("chunks are numbered without gaps, and one half acknowledged stays whole for sending again", () => {
  const unacked = new UnackedChunks();
  [4, 4, 4].forEach((size) => unacked.add(new ArrayBuffer(size), 0));
  unacked.acknowledge(6);
  assert.deepEqual(
    unacked.chunks.map(({ seq, offset }) => [seq, offset]),
    [
      [1, 4],
      [2, 8],
    ],
  );
});

test("the oldest chunk without an ack tells how long audio has been waiting", () => {
  const unacked = new UnackedChunks();
  assert.equal(unacked.oldestWait(5000), 0);
  unacked.add(new ArrayBuffer(4), 1000);
  unacked.add(new ArrayBuffer(4), 1250);
  assert.equal(unacked.oldestWait(3500), 2500);
  unacked.acknowledge(4);
  assert.equal(unacked.oldestWait(3500), 2250);
  unacked.acknowledge(8);
  assert.equal(unacked.oldestWait(3500), 0);
});
