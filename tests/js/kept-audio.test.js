import assert from "node:assert/strict";
import test from "node:test";

import { KeptAudio } from "../../static/js/kept-audio.js";
import { Sealer } from "../../static/js/sealer.js";
import { newAbout } from "../../static/js/session-place.js";
import { openStore } from "../../static/js/open-store.js";
import { roomWarning } from "../../static/js/room.js";
import { Disk } from "./support/disk.js";

const SECOND = 32000;

function spoken(seconds, value = 1) {
  return new Uint8Array(seconds * SECOND).fill(value).buffer;
}

async function dictating(disk, store) {
  const about = newAbout({ quality: "medium", specialty: "PRIMARYCARE", startedAt: 1000 });
  return new KeptAudio(about, Promise.resolve(store ?? (await disk.visit())));
}

const sizes = (parts) => parts.reduce((sum, { byteLength }) => sum + byteLength, 0);

test("what was spoken is found again in the next visit, with what is needed to go on", async () => {
  const disk = new Disk();
  const audio = await dictating(disk);
  audio.add(spoken(1, 1));
  audio.add(spoken(1, 2));
  audio.acknowledge(SECOND / 2);
  audio.remember({ resumeToken: "the token" });
  await audio.flush();
  const store = await disk.visit();
  const [about] = await store.dictations();
  assert.equal(about.resumeToken, "the token");
  const found = await KeptAudio.found(about, store);
  assert.equal(found.acknowledgedBytes, SECOND / 2);
  assert.equal(new Uint8Array((await found.waitingPcm()).at(-1)).at(-1), 2);
  assert.equal(sizes(await found.waitingPcm()), 1.5 * SECOND);
});

test("at most half a second waits to be written", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const disk = new Disk();
  const store = await disk.visit();
  const audio = await dictating(disk, store);
  audio.add(spoken(0.25));
  t.mock.timers.tick(500);
  await audio.flush();
  assert.equal((await store.pieces(audio.about.id)).length, 1);
});

test("on the disk nobody without the key can read a word, a token or when it was", async () => {
  const disk = new Disk();
  const audio = await dictating(disk);
  audio.add(new TextEncoder().encode("blood pressure stable").buffer);
  audio.remember({ resumeToken: "secret token" });
  await audio.flush();
  const lying = (await disk.everything()).map((record) =>
    Object.values(record).map((part) =>
      Buffer.from(String(part instanceof ArrayBuffer ? Buffer.from(part).toString("latin1") : part)),
    ),
  );
  const text = lying.flat().join(" ");
  assert.ok(text.includes(audio.about.id));
  for (const word of ["pressure", "secret", "startedAt", "PRIMARYCARE"]) assert.ok(!text.includes(word));
});

test("another person who signs in here finds nothing, and what is unsent stays sealed", async () => {
  const disk = new Disk();
  const audio = await dictating(disk);
  audio.add(spoken(1));
  await audio.flush();
  const other = await disk.visit(Buffer.alloc(32, 9).toString("base64"));
  assert.deepEqual(await other.dictations(), []);
  await assert.rejects(other.read(audio.about.id, { offset: 0, size: SECOND }));
  assert.equal((await (await disk.visit()).dictations()).length, 1);
});

test("a piece can't be passed off as another", async () => {
  const sealer = await Sealer.from(Buffer.alloc(32, 7).toString("base64"));
  const piece = await sealer.seal(new Uint8Array([1, 2]), "a:0");
  assert.deepEqual([...new Uint8Array(await sealer.open(piece, "a:0"))], [1, 2]);
  await assert.rejects(sealer.open(piece, "a:2"));
});

test("what the server has leaves the disk; all of it leaves when the dictation is over", async () => {
  const disk = new Disk();
  const store = await disk.visit();
  const audio = await dictating(disk, store);
  for (let second = 0; second < 6; second += 1) {
    audio.add(spoken(1));
    await audio.flush();
  }
  audio.acknowledge(4.5 * SECOND);
  await audio.flush();
  assert.deepEqual(
    (await store.pieces(audio.about.id)).map(({ offset }) => offset / SECOND),
    [4, 5],
  );
  await audio.discard();
  assert.deepEqual(await disk.everything(), []);
});

test("in a long outage memory stays flat, and every byte can still be had", async () => {
  const disk = new Disk();
  const audio = await dictating(disk);
  for (let second = 0; second < 300; second += 1) {
    audio.add(spoken(1, second % 251));
    if (second % 10 === 9) await audio.flush();
  }
  const mostInMemory = 4 * 1024 * 1024;
  let [inMemory, offset] = [0, 0];
  for (let part = audio.slice(offset, SECOND); part; part = audio.slice(offset, SECOND)) {
    inMemory += part.byteLength;
    offset += part.byteLength;
  }
  assert.ok(inMemory <= mostInMemory);
  await audio.load(offset);
  assert.equal(new Uint8Array(audio.slice(offset, 1))[0], Math.floor(offset / SECOND) % 251);
  assert.equal(sizes(await audio.waitingPcm()), 300 * SECOND);
});

test("a full disk is told once, loses nothing, and is tried again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const disk = new Disk();
  const audio = await dictating(disk);
  const told = [];
  audio.on("trouble", (isInTrouble) => told.push(isInTrouble));
  audio.add(spoken(1));
  await audio.flush();
  assert.equal(audio.waiting.isKept, true);
  disk.isFull = true;
  audio.add(spoken(200));
  await audio.flush();
  await audio.flush();
  assert.equal(audio.waiting.isKept, false);
  assert.equal(sizes(await audio.waitingPcm()), 201 * SECOND);
  disk.isFull = false;
  t.mock.timers.tick(5000);
  await audio.flush();
  assert.equal(audio.waiting.isKept, true);
  assert.deepEqual(told, [true, false]);
});

test("a browser that keeps nothing, or has little room, says so before anything is spoken", async () => {
  const recording = { bytesASecond: SECOND, maxSeconds: 1800 };
  const room = (free) => ({ estimate: async () => ({ quota: free + 50, usage: 50 }) });
  const refusing = async () => ({ ok: false });
  assert.equal(await openStore(refusing), null);
  assert.match(await roomWarning(null, recording, room(1e12)), /keeps nothing on this computer's disk/);
  assert.match(await roomWarning({}, recording, room(SECOND * 240)), /room for 4 min of dictation only/);
  assert.equal(await roomWarning({}, recording, room(SECOND * 1800)), "");
  assert.equal(await roomWarning({}, recording, null), "");
});
