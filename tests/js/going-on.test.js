import assert from "node:assert/strict";
import test from "node:test";

import { Desk, settled } from "./support/dictating.js";
import { Disk } from "./support/disk.js";
import { openPage } from "./support/page.js";
import { Speaker } from "./support/speaking.js";

const COMPLETE = { transcription_id: 7, total_duration: 12, word_count: 28, audio_status: "PENDING" };
const FULL = { error_code: "SESSION_LIMIT_EXCEEDED", recoverable: true, retry_after: 5 };

function desk(t, browser) {
  openPage(t);
  t.mock.timers.enable({ apis: ["setInterval"] });
  return new Desk(browser);
}

async function refusedFor(t, problem) {
  const made = desk(t);
  const begun = made.dictation.press();
  made.line.place.fail(problem);
  await begun;
  return made;
}

test("at the longest recording, one button goes on in a new dictation that is linked with the first", async (t) => {
  const made = await desk(t).recording();
  const first = made.line;
  first.listeners.tell("error", { error_code: "BUFFER_OVERFLOW", recoverable: false });
  made.seen.choose("Go on in a new dictation");
  await settled();
  assert.equal(made.lines.length, 1, "the first one is saved first");
  first.receipt.open(COMPLETE);
  await settled();
  assert.equal(made.line.audio.about.continues, first.sessionId);
  made.line.place.open({});
  made.microphone.permission.open();
  made.microphone.firstSamples.open();
  await settled();
  assert.equal(made.seen.state, "recording");
  made.line.receipt.open({ ...COMPLETE, transcription_id: 8 });
  await made.dictation.press();
  assert.deepEqual([made.seen.receipt.transcription_id, made.seen.receipt.earlier], [8, [7]]);
});

test("the page ends by itself at the longest recording, and says so", async (t) => {
  const made = await desk(t).recording();
  made.dictation.nearsEnd("0 s left in this recording", 0);
  await settled();
  assert.equal(made.microphone.isOpen, false);
  assert.deepEqual(made.line.wishes, ["end"]);
  assert.match(made.seen.errorText, /Maximum recording duration reached/);
  made.line.receipt.open(COMPLETE);
  await settled();
  assert.equal(made.seen.receipt.transcription_id, 7);
});

test("a minute before that, the same button ends this one and goes on at once; its key does nothing before", async (t) => {
  const made = await desk(t).recording();
  const first = made.line;
  await made.dictation.goOn();
  made.dictation.nearsEnd("5 min left in this recording", 300);
  await made.dictation.goOn();
  assert.equal(made.lines.length, 1);
  assert.equal(made.seen.statuses.at(-1), "5 min left in this recording");
  made.dictation.nearsEnd("1 min left in this recording", 60);
  assert.match(made.seen.errorText, /Less than a minute is left/);
  first.receipt.open(COMPLETE);
  made.dictation.goOn();
  await settled();
  assert.deepEqual(first.wishes, ["end"]);
  assert.equal(made.line.audio.about.continues, first.sessionId);
  made.line.place.fail({ error_code: "WEBSOCKET_CONNECTION_FAILED" });
  await settled();
});

for (const code of ["SESSION_LIMIT_EXCEEDED", "WEBSOCKET_CONNECTION_FAILED", "DATABASE_ERROR"]) {
  test(`refused by ${code}, a person may record now and have the text later`, async (t) => {
    const made = await refusedFor(t, { error_code: code, message: "Not now.", recoverable: true });
    assert.equal(made.microphone.isOpen, false, "no microphone before the choice");
    made.seen.choose("Record now, text later");
    assert.equal(made.countdown, null);
    made.microphone.permission.open();
    made.microphone.firstSamples.open();
    await settled();
    assert.equal(made.seen.state, "recording");
    assert.equal(made.line.isPatient, true);
    assert.equal(made.seen.connection.isLocal, true);
    made.line.listeners.tell("connected", {});
    assert.equal(made.seen.connection.isLocal, false);
  });
}

test("recorded here and stopped before there was a place, it is kept and sent as soon as there is one", async (t) => {
  const made = await refusedFor(t, FULL);
  made.seen.choose("Record now, text later");
  made.microphone.permission.open();
  made.microphone.firstSamples.open();
  await settled();
  made.line.sendAudioChunk(new ArrayBuffer(96000));
  made.line.waiting = made.line.audio.waiting;
  await made.dictation.press();
  made.line.listeners.tell("refused", FULL);
  assert.match(made.seen.card.words, /sent as soon as the server has room|leave it open.*has room/);
  made.line.audio.acknowledge(96000);
  made.line.receipt.open(COMPLETE);
  await settled();
  assert.equal(made.seen.receipt.transcription_id, 7);
});

test("who may not dictate at all is not offered to record", async (t) => {
  for (const code of ["UNAUTHENTICATED", "FORBIDDEN", "VALIDATION_FAILED"]) {
    const made = new Desk();
    openPage(t);
    const begun = made.dictation.press();
    made.line.place.fail({ error_code: code, message: "No." });
    await begun;
    assert.doesNotMatch(made.seen.errorText, /Record now, text later/);
  }
});

test("what was recorded while the server was full arrives whole, once a place is free", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_790_000_000_000 });
  const speaker = new Speaker(t.mock.timers, { store: await new Disk().visit() });
  speaker.server.isCrowded = true;
  speaker.line.connect(true);
  await speaker.speaks(30);
  assert.ok(speaker.server.starts.length >= 3, "it asks again by itself");
  assert.equal(speaker.server.sessions.size, 0);
  speaker.server.isCrowded = false;
  await speaker.speaks(10);
  assert.ok(await speaker.ends());
  assert.ok(speaker.server.kept.equals(speaker.said));
});

test("a disk that is full in the middle is told at once, the recording goes on, and that it is over too", async (t) => {
  const disk = new Disk();
  const made = await desk(t, { store: await disk.visit() }).recording();
  made.line.waiting = { safeSeconds: 8, waitingSeconds: 2, isKept: false };
  disk.isFull = true;
  made.line.sendAudioChunk(new ArrayBuffer(8000));
  await made.line.audio.flush();
  assert.match(made.seen.errorText, /can't keep any more.*first 8 s are safe.*last 2 s are only in this page/);
  assert.equal(made.seen.state, "recording");
  assert.equal(made.microphone.isOpen, true);
  disk.isFull = false;
  await made.line.audio.flush();
  assert.equal(made.seen.error, "");
  assert.equal(made.line.audio.waiting.isKept, true);
});
