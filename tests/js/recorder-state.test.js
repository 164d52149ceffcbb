import assert from "node:assert/strict";
import test from "node:test";

import { RecorderState } from "../../static/js/recorder-state.js";
import { fc } from "./support/settings.js";

const EVENTS = ["record", "accepted", "heard", "failed", "stop", "ended", "pause", "resume", "finished"];

function recorderAfter(...events) {
  const recorder = new RecorderState();
  events.forEach((event) => recorder.move(event));
  return recorder;
}

test("a click alone never shows Recording", () => {
  assert.equal(recorderAfter("record").state, "starting");
});

test("Recording needs both the server's place and the microphone's samples, in either order", () => {
  assert.equal(recorderAfter("record", "accepted").state, "starting");
  assert.equal(recorderAfter("record", "heard").state, "starting");
  assert.equal(recorderAfter("record", "accepted", "heard").state, "recording");
  assert.equal(recorderAfter("record", "heard", "accepted").state, "recording");
});

test("what counted for the last dictation does not count for the next", () => {
  const next = recorderAfter("record", "accepted", "heard", "stop", "finished", "record", "accepted");
  assert.equal(next.state, "starting");
});

test("Stop finishes first and is ready only when all is saved", () => {
  const recorder = recorderAfter("record", "accepted", "heard", "stop");
  assert.equal(recorder.state, "finishing");
  assert.equal(recorder.move("record"), false);
  recorder.move("finished");
  assert.equal(recorder.state, "ready");
});

test("whatever happens in whatever order, Recording was both accepted and heard since the last Record", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 40 }), (events) => {
      const recorder = new RecorderState();
      let since = new Set();
      for (const event of events) {
        const before = recorder.state;
        const moved = recorder.move(event);
        if (moved && event === "record") since = new Set();
        if (moved) since.add(event);
        if (!moved) assert.equal(recorder.state, before);
        if (recorder.state === "recording") assert.ok(since.has("accepted") && since.has("heard"));
        if (before === "recording" && moved) assert.ok(["paused", "finishing"].includes(recorder.state));
        if (before === "paused" && moved) assert.ok(["recording", "finishing"].includes(recorder.state));
        if (before === "finishing" && moved) assert.equal(recorder.state, "ready");
      }
    }),
  );
});

test("those who follow are told of each change once", () => {
  const told = [];
  const recorder = new RecorderState();
  recorder.follow((state) => told.push(state));
  ["record", "accepted", "heard", "stop", "stop", "finished"].forEach((event) => recorder.move(event));
  assert.deepEqual(told, ["ready", "starting", "recording", "finishing", "ready"]);
});
