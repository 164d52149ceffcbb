import assert from "node:assert/strict";
import test from "node:test";

import { Gaps } from "../../static/js/gaps.js";
import { KeptAudio } from "../../static/js/kept-audio.js";
import { Disk } from "./support/disk.js";
import { openLine } from "./support/line.js";
import { fc } from "./support/settings.js";
import { Speaker } from "./support/speaking.js";

const START = 1_790_000_000_000;

function clock(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: START });
  return t.mock.timers;
}

test("a gap is told with the first sound after it, which begins a message of its own", async (t) => {
  const line = await openLine(t);
  const { gaps } = line.audio;
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  gaps.suspect(8000);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  assert.deepEqual(line.offsets, [0]);
  gaps.settle(12.5);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  const [, [frame, place]] = line.socket.sentAs("audio_chunk");
  assert.deepEqual([place.offset, place.gap_seconds, frame.byteLength - 1], [8000, 12.5, 16000]);
  const rest = line.socket.sentAs("audio_chunk").filter(([, { offset }]) => offset !== 8000);
  assert.ok(rest.every(([, other]) => !("gap_seconds" in other)));
});

test("a suspicion that comes to nothing only delays", async (t) => {
  const line = await openLine(t);
  line.audio.gaps.suspect(0);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  line.audio.gaps.settle(0);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  assert.deepEqual(line.offsets, [0]);
  assert.ok(line.socket.sentAs("audio_chunk").every(([, place]) => !("gap_seconds" in place)));
});

test("a gap is told again until the sound after it is acknowledged, and not after", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  line.audio.gaps.suspect(8000);
  line.audio.gaps.settle(3);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  line.says("audio_ack", { received_bytes: 8000, seq: 0 });
  line.socket.says("disconnect", "transport close");
  t.mock.timers.tick(1000);
  line.comesBack({ received_bytes: 8000 });
  assert.equal(line.socket.sentAs("audio_chunk")[0][1].gap_seconds, 3);
  line.says("audio_ack", { received_bytes: 16000, seq: 1 });
  assert.deepEqual(line.audio.about.gaps, []);
});

test("a dictation that ends in a gap says so with its end", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  line.audio.gaps.suspect(8000);
  line.audio.gaps.settle(40);
  line.client.endSession();
  const [[end]] = line.socket.sentAs("session_end");
  assert.deepEqual([end.total_bytes, end.gap_seconds], [8000, 40]);
});

test("a weekend asleep is told as the longest gap the server takes", async (t) => {
  const line = await openLine(t);
  line.audio.gaps.suspect(0);
  line.audio.gaps.settle(200000);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  assert.equal(line.socket.sentAs("audio_chunk")[0][1].gap_seconds, 86400);
});

test("a gap outlives the browser", async () => {
  const disk = new Disk();
  const about = { id: "a", startedAt: START, sampleRate: 16000 };
  const audio = new KeptAudio(about, disk.visit());
  audio.add(new ArrayBuffer(3200));
  audio.gaps.suspect(3200);
  audio.gaps.settle(7);
  await audio.flush();
  const store = await disk.visit();
  const found = await KeptAudio.found(await store.dictation("a"), store);
  assert.equal(found.gaps.at(3200), 7);
});

test("two gaps at one place are one, as long as both", () => {
  const gaps = new Gaps();
  for (const seconds of [2, 3]) {
    gaps.suspect(100);
    gaps.settle(seconds);
  }
  assert.equal(gaps.at(100), 5);
});

test("p5: whatever is cut and lost on the way, every gap arrives once, at its place, with every byte", async (t) => {
  const timers = clock(t);
  const step = fc.record({
    speaks: fc.integer({ min: 0, max: 4 }),
    misses: fc.integer({ min: 1, max: 60 }),
    away: fc.integer({ min: 0, max: 20 }),
    acks: fc.integer({ min: 0, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
      const speaker = await new Speaker(timers, { chunkBytes: 16000 }).begin();
      const { server } = speaker;
      for (const { speaks, misses, away, acks } of steps) {
        server.acks = () => acks;
        await speaker.speaks(speaks + 1);
        speaker.misses(misses);
        await speaker.speaks(speaks);
        server.goes();
        await speaker.speaks(away);
        server.acks = () => 1;
        server.comesBack();
        await speaker.speaks(1);
      }
      assert.ok(await speaker.ends());
      const [session] = server.sessions.values();
      assert.deepEqual(session.gaps, speaker.missed);
      assert.ok(server.kept.equals(speaker.said));
    }),
    { numRuns: 20 },
  );
});
