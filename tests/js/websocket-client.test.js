import assert from "node:assert/strict";
import test from "node:test";

import { audioFrame } from "../../static/js/server-socket.js";
import { Line, openLine } from "./support/line.js";
import { fc } from "./support/settings.js";

const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

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
        line.says("audio_ack", { received_bytes: offset, seq });
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
  const seconds = (quality) => {
    const { client } = new Line(quality);
    client.sendAudioChunk(new ArrayBuffer(96000));
    return client.waiting.waitingSeconds;
  };
  assert.deepEqual(["low", "medium", "high"].map(seconds), [6, 3, 1]);
});

test("audio stays here until the server has it", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  line.client.sendAudioChunk(new ArrayBuffer(8000));
  line.says("audio_ack", { received_bytes: 8000, seq: 0 });
  const { safeSeconds, waitingSeconds } = line.client.waiting;
  assert.deepEqual([safeSeconds, waitingSeconds], [0.25, 0.25]);
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

test("a pause is told after all the audio before it, and going on before the audio after it", async (t) => {
  const line = await openLine(t);
  const sent = () => line.socket.sent.map(({ event }) => event).slice(1);
  for (let chunk = 0; chunk < 6; chunk += 1) line.client.sendAudioChunk(new ArrayBuffer(30000));
  line.client.pause();
  assert.ok(!sent().includes("session_pause"));
  line.says("audio_ack", { received_bytes: 120000, seq: 0 });
  assert.equal(sent().at(-1), "session_pause");
  line.client.resume();
  line.client.sendAudioChunk(new ArrayBuffer(100));
  assert.deepEqual(sent().slice(-2), ["session_resume", "audio_chunk"]);
});

test("after a gap or a refusal for speed everything the server lacks is sent again, once, in order", async (t) => {
  const line = await openLine(t);
  for (let sent = 0; sent < 3; sent += 1) line.client.sendAudioChunk(new ArrayBuffer(100));
  line.says("error", { error_code: "AUDIO_GAP", recoverable: true, context: { expected_offset: 100 } });
  line.says("error", { error_code: "AUDIO_GAP", recoverable: true, context: { expected_offset: 100 } });
  line.client.sendAudioChunk(new ArrayBuffer(100));
  t.mock.timers.tick(500);
  assert.deepEqual(line.offsets, [0, 100, 200, 100]);
  assert.equal(line.socket.sentAs("audio_chunk").at(-1)[0].byteLength, 1 + 300);
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
  line.client.sendAudioChunk(new ArrayBuffer(3200));
  const completed = line.client.endSession();
  assert.equal(line.socket.sentAs("session_end")[0][0].total_bytes, 3200);
  line.says("error", { error_code: "TRANSCRIBE_SERVICE_ERROR", recoverable: true });
  line.says("session_complete", { word_count: 7, total_duration: 0.1 });
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

test("an end that came before all the audio is told again after it", async (t) => {
  const line = await openLine(t);
  line.client.sendAudioChunk(new ArrayBuffer(100));
  const completed = line.client.endSession();
  line.says("error", { error_code: "AUDIO_GAP", recoverable: true, context: { expected_offset: 0 } });
  t.mock.timers.tick(500);
  line.says("audio_ack", { received_bytes: 100, seq: 0 });
  assert.equal(line.socket.sentAs("session_end").length, 2);
  line.says("session_complete", { word_count: 1 });
  assert.equal((await completed).word_count, 1);
});

test("a refused sign-in and an unreachable server are told apart", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const refused = new Line();
  const first = refused.client.connect();
  refused.socket.says("connect_error", Object.assign(new Error(), { data: { error_code: "UNAUTHENTICATED" } }));
  await assert.rejects(first, { error_code: "UNAUTHENTICATED" });
  assert.equal(refused.sockets.length, 1);
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
