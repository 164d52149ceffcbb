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

test("a lost line is told in one place with what waits, and the microphone goes on", async (t) => {
  const { dictation, seen, microphone, line } = await desk(t).recording();
  line.isCut(10, 3);
  assert.equal(seen.state, "recording");
  assert.equal(microphone.isOpen, true);
  assert.equal(seen.connection.isLost, true);
  assert.equal(seen.connection.waiting.waitingSeconds, 3);
  assert.equal(seen.error, null);
  assert.ok(dictation.needsPage);
  line.listeners.tell("connected", {});
  assert.equal(seen.connection.isLost, false);
  assert.equal(seen.connection.isCatchingUp, true);
});

test("Stop while the line is away ends at once, and the rest is sent by itself later", async (t) => {
  const { dictation, seen, line } = await desk(t).recording();
  line.isCut(10, 3);
  await dictation.press();
  assert.equal(seen.state, "ready");
  assert.match(seen.card.title, /Unsent dictation from .* · 3 s/);
  assert.match(seen.card.words, /will be sent when reconnected/);
  assert.ok(dictation.needsPage);
  line.audio.acknowledge(13 * 32000);
  line.receipt.open(COMPLETE);
  await settled();
  assert.equal(seen.receipt.transcription_id, 7);
  assert.equal(seen.card, undefined);
  assert.equal(dictation.needsPage, false);
});

test("the next dictation does not wait for the last one to be sent, nor mix with it", async (t) => {
  const made = await desk(t).recording();
  const first = made.line;
  first.isCut(10, 3);
  await made.dictation.press();
  await made.recording();
  assert.equal(made.seen.state, "recording");
  first.listeners.tell("result", { is_partial: false, text: "late", segment_id: "a" });
  assert.deepEqual(made.seen.texts, []);
  first.receipt.open(COMPLETE);
  await settled();
  assert.equal(made.seen.receipt, null);
  assert.match(made.seen.card.title, /sent/);
  assert.deepEqual(made.seen.card.notes, [7]);
});

test("a line lost while saving does not keep the person waiting", async (t) => {
  const { dictation, seen, line } = await desk(t).recording();
  const stopped = dictation.press();
  await settled();
  assert.equal(seen.state, "finishing");
  line.isCut(10, 3);
  await stopped;
  assert.equal(seen.state, "ready");
  assert.match(seen.card.title, /Unsent dictation/);
});

test("taken over in another tab, the microphone is off at once and what was not sent is offered", async (t) => {
  const { seen, microphone, line } = await desk(t).recording();
  line.isCut(10, 3);
  line.isAway = false;
  line.receipt.fail({ error_code: "SESSION_SUPERSEDED" });
  line.listeners.tell("superseded", { error_code: "SESSION_SUPERSEDED" });
  await settled();
  assert.equal(microphone.isOpen, false);
  assert.equal(seen.state, "ready");
  assert.match(seen.errorText, /taken over in another tab/);
  assert.deepEqual(seen.card.choices, ["send", "play", "download", "discard"]);
});

test("signed out while recording, the person is told and goes on being recorded", async (t) => {
  const { seen, microphone, line } = await desk(t).recording();
  line.isCut(10, 3);
  line.listeners.tell("refused", { error_code: "UNAUTHENTICATED" });
  assert.equal(microphone.isOpen, true);
  assert.match(seen.errorText, /no longer signed in.*still being recorded/);
  seen.choose("Sign in here");
  assert.equal(seen.isAskedToSignIn, true);
  line.listeners.tell("connected", {});
  assert.equal(seen.error, "");
});

test("a first part that the server finished meanwhile is told, with a way to it, and the receipt names both", async (t) => {
  const { dictation, seen, line } = await desk(t).recording();
  line.listeners.tell("continued", { transcription_id: 6 });
  assert.match(seen.errorText, /second note/);
  assert.equal(seen.error.querySelector("a").getAttribute("href"), "/notes/6");
  line.receipt.open(COMPLETE);
  await dictation.press();
  assert.deepEqual(seen.receipt.earlier, [6]);
});
