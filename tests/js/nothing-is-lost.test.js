import assert from "node:assert/strict";
import test from "node:test";

import { Disk } from "./support/disk.js";
import { fc } from "./support/settings.js";
import { Speaker } from "./support/speaking.js";

function clock(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_790_000_000_000 });
  return t.mock.timers;
}

function everything(speaker) {
  assert.ok(speaker.server.kept.equals(speaker.said), "every byte, once, in order");
}

for (const [seconds, words] of [
  [5, "5 s"],
  [120, "2 min"],
  [600, "10 min"],
]) {
  test(`p5: ${words} of interruption lose nothing, with all of it kept on the disk`, async (t) => {
    const speaker = await new Speaker(clock(t), { store: await new Disk().visit() }).begin();
    await speaker.speaks(2);
    speaker.server.goes();
    await speaker.speaks(seconds);
    speaker.server.comesBack();
    await speaker.speaks(20);
    assert.ok(await speaker.ends());
    assert.equal(speaker.server.sessions.size, 1);
    everything(speaker);
  });
}

test("p5: whatever is cut, lost, doubled or finished meanwhile, every byte arrives once and in order", async (t) => {
  const timers = clock(t);
  const trouble = fc.record({
    speaks: fc.integer({ min: 0, max: 6 }),
    away: fc.integer({ min: 0, max: 30 }),
    acks: fc.integer({ min: 0, max: 2 }),
    isFinished: fc.boolean(),
    isFull: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(trouble, { minLength: 1, maxLength: 4 }), async (troubles) => {
      const speaker = await new Speaker(timers, { chunkBytes: 16000 }).begin();
      const { server, line } = speaker;
      for (const { speaks, away, acks, isFinished, isFull } of troubles) {
        server.acks = (received) => (received % 3 === 0 ? acks : 1);
        server.isFull = isFull;
        await speaker.speaks(speaks);
        server.goes();
        if (isFinished && server.sessions.has(line.sessionId)) server.finish(line.sessionId);
        await speaker.speaks(away);
        server.isFull = false;
        server.comesBack();
        await speaker.speaks(1);
      }
      assert.ok(await speaker.ends());
      everything(speaker);
    }),
    { numRuns: 25 },
  );
});
