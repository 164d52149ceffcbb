import assert from "node:assert/strict";
import test from "node:test";

import { connectionWords } from "../../static/js/connection-words.js";
import { clock, count, duration } from "../../static/js/format.js";
import { MicrophoneProblem } from "../../static/js/microphone-problem.js";
import { failureWords, recogniserWords, statusWords } from "../../static/js/note-words.js";
import { noticeFor, safety } from "../../static/js/notices.js";
import { fc } from "./support/settings.js";

const NOTHING = { safeSeconds: 0, waitingSeconds: 0, oldestMs: 0 };
const LIVE = { state: "recording", waiting: NOTHING, recogniser: "live", lag: 0 };
const KINDS = ["insecure", "unsupported", "denied", "missing", "gone", "busy", "unplugged", "failed"];
const CODES = [
  "WEBSOCKET_CONNECTION_FAILED",
  "FINISH_LATE",
  "UNAUTHENTICATED",
  "SESSION_LIMIT_EXCEEDED",
  "TRANSCRIBE_SERVICE_ERROR",
  "BUFFER_OVERFLOW",
  "SESSION_TIMEOUT",
  "SESSION_SUPERSEDED",
  "STORAGE_FULL",
  "NEARLY_FULL",
  "DISK_REFUSES",
  "ASLEEP",
  "CONTINUED",
  "SIGNED_OUT",
];

test("every problem says what happened, whether the dictation is safe, and what to do, in words of its own", () => {
  const problems = [
    ...KINDS.map((kind) => new MicrophoneProblem(kind)),
    ...CODES.map((code) => ({ error_code: code })),
  ];
  const notices = problems.map((problem) => noticeFor(problem, { safeSeconds: 5, waitingSeconds: 1 }, 1800));
  for (const { what, safe, action } of notices) {
    assert.ok(what.length > 10 && action.length > 10);
    assert.equal(safe, "The first 5 s are safe on the server. The last 1 s are only in this page so far.");
  }
  assert.equal(new Set(notices.map(({ what }) => what)).size, problems.length);
  assert.ok(
    notices.every(({ what }) => !/[A-Z]{2,}_/.test(what)),
    "no codes",
  );
});

test("the owner's sentences are the ones that are shown", () => {
  const said = (problem) => noticeFor(problem, NOTHING, 1800).what;
  assert.equal(said(new MicrophoneProblem("denied")), "Unable to access microphone. Please check permissions.");
  assert.equal(said(new MicrophoneProblem("failed")), "Audio capture failed. Please refresh and try again.");
  assert.equal(said({ error_code: "BUFFER_OVERFLOW" }), "Maximum recording duration reached (30 min).");
  assert.equal(
    said({ error_code: "WEBSOCKET_CONNECTION_FAILED" }),
    "Connection lost. Please check your internet connection.",
  );
});

test("each browser error about the microphone has its own kind", () => {
  const kind = (name) => MicrophoneProblem.from(Object.assign(new Error(), { name })).kind;
  const names = ["NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError", "TypeError"];
  assert.deepEqual(names.map(kind), ["denied", "missing", "busy", "gone", "failed"]);
});

test("an unknown refusal is told in the server's words, a fault of the page never in the machine's", () => {
  const told = noticeFor({ error_code: "NEW_CODE", message: "The moon is full." }, NOTHING, 1800);
  assert.equal(told.what, "The moon is full.");
  assert.doesNotMatch(noticeFor(new TypeError("x is undefined"), NOTHING, 1800).what, /undefined/);
});

test("nothing is called safe that is not on the server", () => {
  fc.assert(
    fc.property(fc.nat(4000), fc.nat(4000), (safeSeconds, waitingSeconds) => {
      const words = safety({ safeSeconds, waitingSeconds });
      if (waitingSeconds > 0) assert.ok(words.includes(`${duration(waitingSeconds)} are only in this page`));
      if (waitingSeconds > 0) assert.doesNotMatch(words, /dictation is safe/);
      if (safeSeconds === 0) assert.doesNotMatch(words, /safe on the server/);
    }),
  );
});

test("the connection line says the worst first", () => {
  const text = (change) => connectionWords({ ...LIVE, ...change }).text;
  assert.match(text({}), /^Live/);
  assert.match(text({ recogniser: "catching_up", lag: 6.4 }), /6 s behind/);
  const later = "No live text. The recording goes on; the text is made from it afterwards.";
  assert.equal(text({ recogniser: "unavailable" }), later);
  assert.match(text({ recogniser: "unavailable", isDraining: true }), /Updating the server/);
  const trouble = "The speech service can't be reached. Your audio is safe.";
  assert.equal(text({ recogniser: "reconnecting", trouble }), trouble, "the server knows more of it");
  const offline = { trouble: "The text now comes from the offline recogniser, which is not medical-grade." };
  assert.deepEqual(connectionWords({ ...LIVE, ...offline }), { tone: "warn", text: offline.trouble });
  assert.match(text({ isTextless: true }), /no text comes back. Your recording is safe/);
  const slow = { safeSeconds: 3, waitingSeconds: 4, oldestMs: 2000, isKept: true };
  assert.match(text({ waiting: slow, isDraining: true }), /Slow connection. 4 s waiting/);
  assert.match(text({ waiting: slow, isCatchingUp: true }), /Catching up: 4 s waiting to send/);
  assert.equal(
    text({ waiting: slow, isLost: true, isFull: true }),
    "Reconnecting - still recording, saved on this computer: 4 s waiting to send",
  );
  const signedOut = { waiting: NOTHING, isLost: true, refusal: "UNAUTHENTICATED" };
  assert.match(text(signedOut), /^Signed out - still recording/, "nothing is called live that can't be sent");
  assert.match(text({ waiting: slow, isLost: true, isOffline: true }), /^Offline - still recording, saved on this/);
  assert.match(text({ waiting: slow, isLost: true, refusal: "SESSION_LIMIT_EXCEEDED" }), /^Server busy - still/);
  assert.match(text({ waiting: slow, isLost: true, state: "paused" }), /^Reconnecting - paused/);
  assert.match(
    text({ waiting: slow, isFull: true }),
    /Server storage is full - your dictation is being kept on this computer: 4 s/,
  );
  assert.match(text({ state: "ready", isLost: true }), /Microphone off/);
  const local = { waiting: slow, isLost: true, isLocal: true, refusal: "SESSION_LIMIT_EXCEEDED" };
  assert.equal(text(local), "Server busy. Recording on this computer only: 4 s waiting to send, text comes later");
  assert.match(text({ ...local, state: "paused", refusal: null }), /^Reconnecting. Paused on this computer only/);
});

test("what no disk keeps is said to be in this page only", () => {
  const waiting = { safeSeconds: 3, waitingSeconds: 4, oldestMs: 2000, isKept: false };
  assert.match(connectionWords({ ...LIVE, isLost: true, waiting }).text, /in this page only/);
  assert.match(safety(waiting), /only in this page/);
  assert.match(safety({ ...waiting, isKept: true }), /only on this computer/);
});

test("a line lost for less than two seconds is no reason either", () => {
  const waiting = { safeSeconds: 3, waitingSeconds: 2, oldestMs: 1999 };
  assert.match(connectionWords({ ...LIVE, isLost: true, waiting }).text, /^Live/);
});

test("a wait just under two seconds is no reason to worry anybody", () => {
  const waiting = { safeSeconds: 3, waitingSeconds: 2, oldestMs: 1999 };
  assert.match(connectionWords({ ...LIVE, waiting }).text, /^Live/);
});

test("durations read as people say them", () => {
  assert.deepEqual([0, 0.2, 59.9, 60, 192, 3600, 3725].map(duration), [
    "0 s",
    "1 s",
    "59 s",
    "1 min",
    "3 min 12 s",
    "1 h",
    "1 h 2 min",
  ]);
  assert.deepEqual([0, 192.9, 3725].map(clock), ["00:00", "03:12", "1:02:05"]);
  assert.deepEqual([count(1, "word"), count(0, "word")], ["1 word", "0 words"]);
});

test("a note that ended early says why and that it was kept", () => {
  assert.match(failureWords({ status: "FAILED", failure_code: "SESSION_TIMEOUT" }), /Everything that arrived was kept/);
  assert.match(failureWords({ status: "FAILED", failure_code: "SOMETHING_NEW" }), /kept/);
  assert.equal(failureWords({ status: "COMPLETED", failure_code: null }), "");
});

test("a note says whether the offline recogniser made a part of it, or all", () => {
  const medical = "Amazon Transcribe Medical";
  const segments = [{ text: "No fever." }, { text: "No cough.", recogniser: "pocketsphinx" }];
  assert.equal(recogniserWords(medical, { segments: segments.slice(0, 1) }), `recognised by ${medical}`);
  assert.match(recogniserWords(medical, { segments }), /in part offline by PocketSphinx, not medical-grade$/);
  assert.equal(
    recogniserWords(medical, { segments: segments.slice(1) }),
    `recognised offline by PocketSphinx, not medical-grade, because ${medical} could not be used`,
  );
});

test("a dictation that was recorded whole did not end early for want of its text", () => {
  assert.equal(statusWords({ status: "FAILED", failure_code: "TRANSCRIBE_SERVICE_ERROR" }).text, "Text incomplete");
  assert.equal(statusWords({ status: "FAILED", failure_code: "CONNECTION_LOST" }).text, "Ended early");
});

test("before anything is recorded a speech service that is away offers to record now; later it says that all is recorded", () => {
  const away = { error_code: "TRANSCRIBE_SERVICE_ERROR" };
  const told = (safeSeconds) => noticeFor(away, { safeSeconds, waitingSeconds: 0 }, 1800);
  assert.match(told(0).action, /record now: it is kept on this computer/);
  assert.match(told(7).action, /go on speaking: what is heard is recorded/);
});

test("settings that do not go together are told in the server's words, with what to change", () => {
  const refusal = { error_code: "VALIDATION_FAILED", message: "specialty must be one of: CARDIOLOGY." };
  const { what, action } = noticeFor(refusal, { safeSeconds: 0, waitingSeconds: 0 }, 1800);
  assert.equal(what, refusal.message);
  assert.match(action, /Change the settings/);
});
