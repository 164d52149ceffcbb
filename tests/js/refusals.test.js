import assert from "node:assert/strict";
import test from "node:test";
import { meaningOf } from "../../static/js/refusals.js";

const SPEAKING = true;

test("a full disk asks for the audio again, and one that takes no more ends the dictation", () => {
  assert.equal(meaningOf({ error_code: "STORAGE_FULL", recoverable: true }, SPEAKING), "notTaken");
  assert.equal(meaningOf({ error_code: "STORAGE_FULL", recoverable: false }, SPEAKING), "ended");
});

test("a database or a store that is away when a dictation begins is asked again later", () => {
  assert.equal(meaningOf({ error_code: "DATABASE_ERROR", recoverable: true }, !SPEAKING), "later");
  assert.equal(meaningOf({ error_code: "STORAGE_FULL", recoverable: true }, !SPEAKING), "later");
});
