import assert from "node:assert/strict";
import test from "node:test";

import { NextTry } from "../../static/js/next-try.js";
import { openLine } from "./support/line.js";

test("a lost line tells what is safe and what is only here, and comes back with its token for the rest", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(16000));
  line.client.sendAudioChunk(new ArrayBuffer(16000));
  line.says("audio_ack", { received_bytes: 16000, seq: 0 });
  line.socket.says("disconnect", "transport close");
  line.client.sendAudioChunk(new ArrayBuffer(16000));
  assert.equal(line.told.at(-1)[0], "closed");
  assert.equal(line.client.isAway, true);
  assert.equal(line.client.waiting.waitingSeconds, 1);
  t.mock.timers.tick(1000);
  line.comesBack({ received_bytes: 24000 });
  assert.equal(line.socket.sentAs("session_start")[0][0].resume_token, "first token");
  assert.deepEqual(line.offsets, [24000]);
  assert.equal(line.client.isAway, false);
});

test("it tries again after 1, 2 and then every 4 seconds, and at once when the network is back", async (t) => {
  const line = await openLine(t);
  line.socket.says("disconnect", "transport close");
  for (const seconds of [1, 2, 4, 4, 4, 4]) {
    const tried = line.sockets.length;
    t.mock.timers.tick(1000 * seconds - 1);
    assert.equal(line.sockets.length, tried);
    t.mock.timers.tick(1);
    assert.equal(line.sockets.length, tried + 1);
    line.socket.says("connect_error", new Error("unreachable"));
  }
  line.network.dispatchEvent(new Event("online"));
  assert.equal(line.sockets.length, 8);
});

test("not all who were cut off come back at the same moment", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const back = [0, 0.5, 0.999].map((chance) => {
    const next = new NextTry(new EventTarget(), () => chance);
    const found = { after: null };
    next.wait(() => (found.after ??= true));
    return found;
  });
  t.mock.timers.tick(500);
  assert.deepEqual(
    back.map(({ after }) => after),
    [true, null, null],
  );
  t.mock.timers.tick(500);
  assert.deepEqual(
    back.map(({ after }) => after),
    [true, true, null],
  );
  t.mock.timers.tick(500);
  assert.deepEqual(
    back.map(({ after }) => after),
    [true, true, true],
  );
});

test("finals that were missed come with the answer, and one that is told twice is shown once", async (t) => {
  const line = await openLine(t);
  line.says("transcription_result", { is_partial: false, text: "no fever", segment_id: "a", segment_index: 0 });
  line.socket.says("disconnect", "transport close");
  t.mock.timers.tick(1000);
  line.comesBack({ received_bytes: 0, segments: [{ segment_index: 1, segment_id: "b", text: "no cough" }] });
  assert.equal(line.socket.sentAs("session_start")[0][0].after_segment, 0);
  line.says("transcription_result", { is_partial: false, text: "no cough", segment_id: "b", segment_index: 1 });
  const texts = line.told.filter(([event]) => event === "result").map(([, { text }]) => text);
  assert.deepEqual(texts, ["no fever", "no cough"]);
});

test("a backlog goes out in slices of at most 64 KiB, and at most eight of them without an answer", async (t) => {
  const line = await openLine(t);
  line.socket.says("disconnect", "transport close");
  for (let second = 0; second < 120; second += 1) line.client.sendAudioChunk(new ArrayBuffer(32000));
  t.mock.timers.tick(1000);
  line.comesBack({ received_bytes: 0 });
  let [most, received] = [0, 0];
  for (let round = 0; round < 60; round += 1) {
    const sent = line.socket.sentAs("audio_chunk");
    assert.ok(sent.every(([frame]) => frame.byteLength <= 1 + 65536));
    const [frame, { offset }] = sent.at(-1);
    const waiting = sent.filter(([, place]) => place.offset >= received).length;
    most = Math.max(most, waiting);
    received = offset + frame.byteLength - 1;
    line.says("audio_ack", { received_bytes: received, seq: 0 });
  }
  assert.ok(most <= 8);
  assert.equal(line.client.waiting.waitingSeconds, 0);
});

test("a line that takes audio and never answers is given up, however long the browser believes in it", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  line.now += 8000;
  t.mock.timers.tick(250);
  assert.equal(line.told.at(-1)[0], "closed");
  t.mock.timers.tick(1000);
  line.comesBack({ received_bytes: 0 });
  assert.deepEqual(line.offsets, [0]);
});

test("a server whose disk is full is asked again with one message, and all goes on when it takes it", async (t) => {
  const line = await openLine(t);
  const told = [];
  line.client.on("full", (isFull) => told.push(isFull));
  for (let chunk = 0; chunk < 6; chunk += 1) line.client.sendAudioChunk(new ArrayBuffer(30000));
  line.says("error", { error_code: "STORAGE_FULL", recoverable: true });
  t.mock.timers.tick(5000);
  assert.equal(line.socket.sentAs("audio_chunk").length, 4 + 1);
  line.says("error", { error_code: "AUDIO_GAP", recoverable: true, context: { expected_offset: 0 } });
  line.now += 60000;
  t.mock.timers.tick(5000);
  assert.equal(line.sockets.length, 1);
  line.says("audio_ack", { received_bytes: 30000, seq: 0 });
  assert.equal(told.at(-1), false);
  line.says("audio_ack", { received_bytes: 180000, seq: 0 });
  assert.equal(line.client.waiting.waitingSeconds, 0);
});

test("a session that was finished meanwhile is left, and the rest goes into a linked one", async (t) => {
  const line = await openLine(t);
  const before = line.client.sessionId;
  line.client.sendAudioChunk(new ArrayBuffer(16000));
  line.socket.says("disconnect", "transport close");
  t.mock.timers.tick(1000);
  line.socket.says("connect");
  const context = { session_id: before, finished: true, transcription_id: 7, received_bytes: 10000 };
  line.says("error", { error_code: "INVALID_SESSION_STATE", recoverable: true, context });
  assert.deepEqual(line.told.at(-1), ["continued", { transcription_id: 7 }]);
  const [, [start]] = line.socket.sentAs("session_start");
  assert.equal(start.continues, before);
  assert.notEqual(start.session_id, before);
  assert.equal(start.resume_token, undefined);
  line.says("session_ack", { received_bytes: 0, resume_token: "another" });
  const [frame, { offset }] = line.socket.sentAs("audio_chunk")[0];
  assert.deepEqual([offset, frame.byteLength - 1], [0, 6000]);
});

test("a server that knows nothing of the session is not asked again: the rest goes on in a linked one", async (t) => {
  const line = await openLine(t);
  const before = line.client.sessionId;
  line.client.sendAudioChunk(new ArrayBuffer(16000));
  line.socket.says("disconnect", "transport close");
  t.mock.timers.tick(1000);
  line.socket.says("connect");
  line.says("error", { error_code: "INVALID_SESSION_STATE", recoverable: true, context: { session_id: before } });
  const [, [start]] = line.socket.sentAs("session_start");
  assert.equal(start.continues, before);
  assert.equal(line.sockets.length, 2);
});

test("a dictation whose end the server had heard before the line was lost is complete", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(3200));
  const completed = line.client.endSession();
  line.socket.says("disconnect", "transport close");
  t.mock.timers.tick(1000);
  line.socket.says("connect");
  const context = { finished: true, transcription_id: 7, received_bytes: 3200 };
  line.says("error", { error_code: "INVALID_SESSION_STATE", recoverable: true, context });
  assert.equal((await completed).transcription_id, 7);
  assert.equal(line.client.waiting.waitingSeconds, 0);
});

test("a session that another tab has taken over is left alone, and what is here goes into its own later", async (t) => {
  const line = await openLine(t);
  const before = line.client.sessionId;
  line.client.sendAudioChunk(new ArrayBuffer(100));
  line.says("error", { error_code: "SESSION_SUPERSEDED", recoverable: false });
  assert.equal(line.told.at(-1)[0], "superseded");
  assert.equal(line.socket.isClosed, true);
  await assert.rejects(line.client.endSession(), { error_code: "SESSION_SUPERSEDED" });
  t.mock.timers.tick(60000);
  assert.equal(line.sockets.length, 1);
  assert.notEqual(line.client.sessionId, before);
});

test("signed out, it asks again and again and goes on once somebody has signed in elsewhere", async (t) => {
  const line = await openLine(t);
  line.says("error", { error_code: "UNAUTHENTICATED", recoverable: false });
  line.socket.says("disconnect", "io server disconnect");
  t.mock.timers.tick(1000);
  line.socket.says("connect_error", Object.assign(new Error(), { data: { error_code: "UNAUTHENTICATED" } }));
  assert.equal(line.told.filter(([event]) => event === "refused").length, 2);
  t.mock.timers.tick(2000);
  line.client.sendAudioChunk(new ArrayBuffer(100));
  line.comesBack({ received_bytes: 0 });
  assert.deepEqual(line.offsets, [0]);
});

test("a server that does not finish is asked again on another line", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(100));
  line.says("audio_ack", { received_bytes: 100, seq: 0 });
  const completed = line.client.endSession();
  t.mock.timers.tick(15000);
  t.mock.timers.tick(1000);
  line.comesBack({ received_bytes: 100 });
  assert.equal(line.socket.sentAs("session_end").length, 1);
  line.says("session_complete", { word_count: 2 });
  assert.equal((await completed).word_count, 2);
});
