import assert from "node:assert/strict";
import test from "node:test";

import { audioFrame, TranscriptionWebSocket } from "../../static/js/websocket-client.js";
import { FakeSocket } from "./support/fake-socket.js";
import { fc } from "./support/settings.js";

const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

class Line {
  socket = new FakeSocket();
  now = 1_000_000;
  told = [];

  constructor(quality = "medium") {
    this.client = new TranscriptionWebSocket("https://dictation.example", "user-1", quality, {
      specialty: "CARDIOLOGY",
      connectSocket: () => this.socket,
      now: () => this.now,
    });
    ["acknowledged", "slow", "result", "error", "closed", "stored"].forEach((event) => {
      this.client.on(event, (value) => this.told.push([event, value]));
    });
  }

  async open() {
    const accepted = this.client.connect();
    this.socket.says("connect");
    this.socket.says("session_ack", { session_id: this.client.sessionId, status: "ready" });
    await accepted;
    return this;
  }

  says(type, fields = {}) {
    this.socket.says(type, { type, session_id: this.client.sessionId, ...fields });
  }
}

async function openLine(t, quality) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const line = await new Line(quality).open();
  t.after(() => line.client.disconnect());
  return line;
}

test("p25: an audio message is 0x01 and the PCM, nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (pcm) => {
      assert.deepEqual([...audioFrame(pcm.buffer)], [0x01, ...pcm]);
    }),
  );
});

test("p4: every chunk carries its session, number, offset and time", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }), async (sizes) => {
      const line = await new Line().open();
      let offset = 0;
      sizes.forEach((samples, seq) => {
        line.now += 250;
        line.client.sendAudioChunk(new ArrayBuffer(2 * samples));
        const [frame, about] = line.socket.sentAs("audio_chunk").at(-1);
        assert.equal(frame.byteLength, 1 + 2 * samples);
        assert.deepEqual(about, { session_id: line.client.sessionId, seq, offset, timestamp: line.now / 1000 });
        offset += 2 * samples;
      });
      line.client.disconnect();
    }),
  );
});

test("a session starts with a fresh id, the quality and the specialty, and is connected only once acknowledged", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const line = new Line("low");
  let isAccepted = false;
  const accepted = line.client.connect().then(() => (isAccepted = true));
  line.socket.says("connect");
  await Promise.resolve();
  assert.equal(isAccepted, false);
  const [start] = line.socket.sentAs("session_start")[0];
  assert.match(start.session_id, UUID4);
  assert.equal(start.type, "session_start");
  assert.equal(start.quality, "low");
  assert.equal(start.specialty, "CARDIOLOGY");
  assert.equal(start.timestamp, line.now / 1000);
  line.says("session_ack", { status: "ready" });
  await accepted;
  line.client.disconnect();
});

test("the session's rate follows the quality", () => {
  assert.deepEqual(
    ["low", "medium", "high"].map((quality) => new Line(quality).client.sampleRate),
    [8000, 16000, 48000],
  );
});

test("audio stays here until the server has it", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  line.says("audio_ack", { received_bytes: 8000, seq: 0 });
  assert.deepEqual(line.client.waiting, { safeSeconds: 0.25, waitingSeconds: 0.25, oldestMs: 0 });
  assert.equal(line.client.waitingPcm.length, 1);
});

test("it warns when audio has waited two seconds for its ack, and not before", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  line.now += 1999;
  t.mock.timers.tick(250);
  assert.deepEqual(line.told, []);
  line.now += 1;
  t.mock.timers.tick(250);
  assert.equal(line.told[0][0], "slow");
  assert.equal(line.told[0][1].waitingSeconds, 0.25);
});

test("a lost line tells what is safe and what is only here", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(16000));
  line.client.sendAudioChunk(new ArrayBuffer(16000));
  line.says("audio_ack", { received_bytes: 16000, seq: 0 });
  line.socket.says("disconnect", "transport close");
  line.client.sendAudioChunk(new ArrayBuffer(16000));
  assert.equal(line.socket.sentAs("audio_chunk").length, 2);
  assert.equal(line.told.at(-1)[0], "closed");
  assert.deepEqual(line.client.waiting, { safeSeconds: 0.5, waitingSeconds: 1, oldestMs: 0 });
  await assert.rejects(line.client.endSession(), { error_code: "WEBSOCKET_CONNECTION_FAILED" });
});

test("after a gap or a refusal for speed everything unacknowledged is sent again, once, in order", async (t) => {
  const line = await openLine(t);
  for (let sent = 0; sent < 3; sent += 1) line.client.sendAudioChunk(new ArrayBuffer(100));
  line.says("error", { error_code: "AUDIO_GAP", recoverable: true });
  line.says("error", { error_code: "AUDIO_GAP", recoverable: true });
  line.client.sendAudioChunk(new ArrayBuffer(100));
  t.mock.timers.tick(500);
  const offsets = line.socket.sentAs("audio_chunk").map(([, { offset }]) => offset);
  assert.deepEqual(offsets, [0, 100, 200, 0, 100, 200, 300]);
  assert.deepEqual(line.told, []);
});

test("a refusal for speed is waited out as long as the server asks", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(100));
  line.says("error", { error_code: "TOO_FAST", recoverable: true, retry_after: 3 });
  t.mock.timers.tick(2999);
  assert.equal(line.socket.sentAs("audio_chunk").length, 1);
  t.mock.timers.tick(1);
  assert.equal(line.socket.sentAs("audio_chunk").length, 2);
});

test("ending tells the server how much there was, and waits for its receipt", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(100));
  const completed = line.client.endSession();
  assert.equal(line.socket.sentAs("session_end")[0][0].total_bytes, 100);
  line.says("error", { error_code: "TRANSCRIBE_SERVICE_ERROR", recoverable: true });
  line.says("session_complete", { word_count: 7 });
  assert.equal((await completed).word_count, 7);
});

test("a dictation the server has ended by itself needs no second end", async (t) => {
  const line = await openLine(t);
  line.says("error", { error_code: "BUFFER_OVERFLOW", recoverable: false });
  const completed = line.client.endSession();
  assert.deepEqual(line.socket.sentAs("session_end"), []);
  line.says("session_complete", { word_count: 3 });
  assert.equal((await completed).word_count, 3);
});

test("a server that never finishes is not waited for without end", async (t) => {
  const line = await openLine(t);
  const completed = line.client.endSession();
  t.mock.timers.tick(15000);
  await assert.rejects(completed, { error_code: "FINISH_LATE" });
});

test("a refused sign-in and an unreachable server are told apart", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const refused = new Line();
  const first = refused.client.connect();
  refused.socket.says("connect_error", Object.assign(new Error(), { data: { error_code: "UNAUTHENTICATED" } }));
  await assert.rejects(first, { error_code: "UNAUTHENTICATED" });
  const unreachable = new Line();
  const second = unreachable.client.connect();
  unreachable.socket.says("connect_error", new Error("xhr poll error"));
  await assert.rejects(second, { error_code: "WEBSOCKET_CONNECTION_FAILED" });
});

test("words of another session are not shown here", async (t) => {
  const line = await openLine(t);
  line.socket.says("transcription_result", { session_id: "another", text: "not mine" });
  line.says("transcription_result", { text: "mine" });
  assert.deepEqual(
    line.told.map(([event, { text }]) => [event, text]),
    [["result", "mine"]],
  );
});

test("a place taken but never spoken into is given back", async (t) => {
  const line = await openLine(t);
  line.client.disconnect();
  assert.equal(line.socket.sentAs("session_end").length, 1);
  assert.equal(line.socket.isClosed, true);
});
