import assert from "node:assert/strict";
import test from "node:test";

import { Desk, settled } from "./support/dictating.js";
import { openPage } from "./support/page.js";

const COMPLETE = { transcription_id: 7, total_duration: 12, word_count: 28, audio_status: "PENDING" };

function desk(t) {
  openPage(t);
  t.mock.timers.enable({ apis: ["setInterval"] });
  return new Desk();
}

test("while the server is slow to accept, the page says Starting and the microphone stays closed", async (t) => {
  const { dictation, seen, microphone, line } = begin(desk(t));
  await settled();
  assert.equal(seen.state, "starting");
  assert.equal(microphone.isOpen, false);
  line.place.open({});
  await settled();
  assert.equal(seen.state, "starting");
  assert.ok(dictation.needsPage);
});

test("while the microphone is slow, the page says Starting, although the server has accepted", async (t) => {
  const { seen, microphone, line } = begin(desk(t));
  line.place.open({});
  microphone.permission.open();
  await settled();
  assert.equal(microphone.isOpen, true);
  assert.equal(seen.state, "starting");
  microphone.firstSamples.open();
  await settled();
  assert.equal(seen.state, "recording");
});

test("a second press while starting or saving does nothing", async (t) => {
  const made = desk(t);
  const first = made.dictation.press();
  await made.dictation.press();
  assert.equal(made.lines.length, 1);
  made.line.place.fail({ error_code: "WEBSOCKET_CONNECTION_FAILED" });
  await first;
});

test("partials and finals reach the page under their segment", async (t) => {
  const { seen, line } = await desk(t).recording();
  line.listeners.tell("result", { is_partial: true, text: "no fe", segment_id: "s1" });
  line.listeners.tell("result", { is_partial: false, text: "no fever", segment_id: "s1" });
  assert.deepEqual(seen.texts, [
    ["partial", "s1", "no fe"],
    ["final", "s1", "no fever"],
  ]);
});

test("Stop closes the microphone, shows Finishing until the server's receipt, then Ready", async (t) => {
  const { dictation, seen, microphone, line } = await desk(t).recording();
  const stopped = dictation.press();
  await settled();
  assert.equal(microphone.isOpen, false);
  assert.equal(seen.state, "finishing");
  assert.equal(seen.receipt, null);
  line.receipt.open(COMPLETE);
  await stopped;
  assert.equal(seen.state, "ready");
  assert.equal(seen.receipt.transcription_id, COMPLETE.transcription_id);
  assert.equal(dictation.needsPage, false);
});

test("a recording stored after the receipt is told on it, and only then the line is closed", async (t) => {
  const { dictation, seen, line } = await desk(t).recording();
  line.receipt.open(COMPLETE);
  await dictation.press();
  assert.equal(line.isOpen, true);
  line.listeners.tell("stored", { audio_status: "STORED" });
  assert.equal(seen.recording, "STORED");
  assert.equal(line.isOpen, false);
});

test("a full server is told before the microphone opens, and tried again by itself", async (t) => {
  const made = desk(t);
  const begun = made.dictation.press();
  made.line.place.fail({ error_code: "SESSION_LIMIT_EXCEEDED", retry_after: 20 });
  await begun;
  assert.equal(made.microphone.isOpen, false);
  assert.equal(made.seen.state, "ready");
  assert.match(made.seen.errorText, /at capacity.*Nothing was recorded/);
  assert.equal(made.countdown.seconds, 20);
  made.countdown.retry();
  assert.equal(made.lines.length, 2);
  made.line.place.fail({ error_code: "SESSION_LIMIT_EXCEEDED" });
  await settled();
  made.seen.choose("Cancel");
  assert.equal(made.countdown, null);
});

test("a microphone that is refused gives the server's place back and offers another try", async (t) => {
  const { MicrophoneProblem } = await import("../../static/js/microphone-problem.js");
  const made = begin(desk(t));
  made.line.place.open({});
  made.microphone.permission.fail(new MicrophoneProblem("denied"));
  await settled();
  assert.equal(made.seen.state, "ready");
  assert.equal(made.line.isOpen, false);
  assert.match(made.seen.errorText, /Unable to access microphone.*Nothing was recorded/);
  made.seen.choose("Try again");
  assert.equal(made.seen.state, "starting");
});

test("a paused dictation has its microphone closed, and goes on with it open", async (t) => {
  const { dictation, seen, microphone, line } = await desk(t).recording();
  await dictation.pauseOrGoOn();
  assert.equal(seen.state, "paused");
  assert.equal(microphone.isOpen, false);
  assert.deepEqual(line.wishes, ["pause"]);
  microphone.again.open();
  await dictation.pauseOrGoOn();
  assert.equal(seen.state, "recording");
  assert.equal(microphone.isOpen, true);
  assert.deepEqual(line.wishes, ["pause", "resume"]);
  assert.deepEqual(seen.texts, []);
});

test("an unplugged microphone pauses, is named, and what was missed stands in the transcript", async (t) => {
  const { MicrophoneProblem } = await import("../../static/js/microphone-problem.js");
  const made = await desk(t).recording();
  const { seen, microphone, line } = made;
  line.waiting = { safeSeconds: 8, waitingSeconds: 0, oldestMs: 0 };
  microphone.listeners.tell("error", new MicrophoneProblem("unplugged", "Desk microphone"));
  await settled();
  assert.equal(seen.state, "paused");
  assert.match(seen.errorText, /"Desk microphone" was disconnected.*all 8 s are on the server/);
  made.now += 7000;
  microphone.again.open();
  microphone.listeners.tell("devices");
  await settled();
  assert.equal(seen.state, "recording");
  assert.deepEqual(seen.texts, [["gap", "[7 s not recorded - microphone unplugged]"]]);
});

test("stopped while the microphone is unplugged, the dictation ends with what was missed until then", async (t) => {
  const { MicrophoneProblem } = await import("../../static/js/microphone-problem.js");
  const made = await desk(t).recording();
  const { line } = made;
  line.sendAudioChunk(new ArrayBuffer(8000));
  made.microphone.listeners.tell("error", new MicrophoneProblem("unplugged", "Desk microphone"));
  await settled();
  made.now += 9000;
  line.receipt.open(COMPLETE);
  await made.dictation.press();
  assert.equal(line.audio.gaps.at(8000), 9);
  assert.deepEqual(made.seen.texts, [["gap", "[9 s not recorded - microphone unplugged]"]]);
});

test("the longest recording ends by itself, with its receipt and the reason", async (t) => {
  const { seen, line } = await desk(t).recording();
  line.listeners.tell("error", { error_code: "BUFFER_OVERFLOW", recoverable: false });
  line.receipt.open(COMPLETE);
  await settled();
  assert.equal(seen.receipt.transcription_id, COMPLETE.transcription_id);
  assert.match(seen.errorText, /Maximum recording duration reached \(30 min\)/);
});

test("a dictation the server ends, for instance for an administrator, is finished here too", async (t) => {
  const { seen, microphone, line } = await desk(t).recording();
  line.receipt.open(COMPLETE);
  line.listeners.tell("complete", COMPLETE);
  await settled();
  assert.equal(microphone.isOpen, false);
  assert.equal(seen.receipt.transcription_id, COMPLETE.transcription_id);
});

test("trouble with the recogniser is told, and the recording goes on", async (t) => {
  const { seen, microphone, line } = await desk(t).recording();
  line.listeners.tell("error", { error_code: "TRANSCRIBE_SERVICE_ERROR", recoverable: true });
  assert.equal(seen.state, "recording");
  assert.equal(microphone.isOpen, true);
  assert.match(seen.errorText, /Transcription service unavailable/);
});

test("while the offline recogniser helps out the foot of the page says so; the next dictation begins anew", async (t) => {
  const made = await desk(t).recording();
  const { seen, line } = made;
  const foot = () => seen.recogniser.textContent;
  const listens = (recogniser) =>
    line.listeners.tell("state", { recogniser_state: "live", lag_seconds: 0, message: "", recogniser });
  listens("a medical one");
  assert.match(foot(), /a medical one/);
  listens("pocketsphinx");
  assert.match(foot(), /offline now \(PocketSphinx\), not medical-grade/);
  line.receipt.open(COMPLETE);
  await made.dictation.press();
  await made.recording();
  assert.match(foot(), /a medical one/);
});

test("settings can't be changed during a dictation", async (t) => {
  const { dictation, seen, line } = await desk(t).recording();
  assert.equal(seen.settings.disabled, true);
  line.receipt.open(COMPLETE);
  await dictation.press();
  assert.equal(seen.settings.disabled, false);
});

function begin(made) {
  made.dictation.press();
  const { dictation, seen, microphone, line } = made;
  return { dictation, seen, microphone, line };
}
