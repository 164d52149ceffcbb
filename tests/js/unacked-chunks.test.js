import assert from "node:assert/strict";
import test from "node:test";

import { UnackedChunks } from "../../static/js/unacked-chunks.js";
import { fc } from "./support/settings.js";

const MOST = 1 << 20;

test("every byte is either acknowledged or still here, in order, whatever acks come", () => {
  const step = fc.oneof(
    fc.record({ speak: fc.uint8Array({ minLength: 2, maxLength: 20 }) }),
    fc.record({ ack: fc.integer({ min: -5, max: 400 }) }),
    fc.record({ gather: fc.constant(true) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const unacked = new UnackedChunks();
      const spoken = [];
      let safe = 0;
      steps.forEach(({ speak, ack, gather }, now) => {
        if (speak) {
          unacked.add(speak.buffer.slice(0), now);
          spoken.push(...speak);
        } else if (gather) {
          unacked.gather();
        } else {
          unacked.acknowledge(ack);
          if (ack <= spoken.length) safe = Math.max(safe, ack);
        }
        assert.equal(unacked.acknowledgedBytes, safe);
        assert.deepEqual([...new Uint8Array(unacked.slice(safe, MOST))], spoken.slice(safe));
        assert.equal(unacked.waitingBytes, spoken.length - safe);
      });
    }),
  );
});

test("what is put together for the disk is every byte that is not there yet, in order and in pieces of some size", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 40000 }), { maxLength: 5 })), (rounds) => {
      const unacked = new UnackedChunks();
      let end = 0;
      for (const sizes of rounds) {
        const begin = end;
        sizes.forEach((size) => unacked.add(new ArrayBuffer(size), 0));
        end += sizes.reduce((sum, size) => sum + size, 0);
        let next = begin;
        for (const piece of unacked.gather()) {
          assert.equal(piece.offset, next);
          assert.ok(piece.size <= 65536);
          assert.equal(piece.pcm.byteLength, piece.size);
          piece.isStored = true;
          next += piece.size;
        }
        assert.equal(next, end);
      }
    }),
  );
});

test("sound that is on the disk leaves memory first, the newest of it, and sound that is not never does", () => {
  const unacked = new UnackedChunks();
  for (let chunk = 0; chunk < 10; chunk += 1) unacked.add(new Uint8Array(60000).fill(chunk).buffer, 0);
  const stored = unacked.gather().slice(0, 8);
  stored.forEach((piece) => (piece.isStored = true));
  unacked.unload(300000);
  assert.deepEqual(
    unacked.chunks.map(({ pcm }) => pcm !== null),
    [true, true, true, false, false, false, false, false, true, true],
  );
  assert.equal(unacked.slice(3 * 60000, 10), null);
  assert.equal(unacked.slice(0, MOST).byteLength, 3 * 60000);
  assert.deepEqual(
    unacked.unloaded(2 * 60000, 60001).map(({ offset }) => offset),
    [3 * 60000],
  );
});

test("what was found on the disk is there from where the server left off", () => {
  const stored = [
    { offset: 0, size: 100 },
    { offset: 100, size: 100 },
  ];
  const unacked = new UnackedChunks(150, stored, 5000);
  assert.equal(unacked.totalBytes, 200);
  assert.equal(unacked.waitingBytes, 50);
  assert.equal(unacked.oldestWait(6000), 1000);
  assert.equal(unacked.chunks.length, 1);
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
