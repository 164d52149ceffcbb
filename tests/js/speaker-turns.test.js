import assert from "node:assert/strict";
import test from "node:test";

import { noteLines } from "../../static/js/note-lines.js";
import { newAbout, SessionPlace } from "../../static/js/session-place.js";
import { speakerTurns } from "../../static/js/speaker-turns.js";
import { TranscriptionDisplay } from "../../static/js/transcription-display.js";
import { openPage } from "./support/page.js";

const word = (text, speaker) => (speaker ? { text, speaker } : { text });
const QUESTION = [word("Any", 1), word("pain?", 1), word("Yes,", 2), word("here.", 2)];
const shown = (container) => [...container.querySelectorAll(".final")].map((line) => line.textContent);

test("where nobody is told apart the text is one turn without a name", () => {
  assert.deepEqual(speakerTurns("No fever.", [word("No"), word("fever.")]), [{ speaker: null, text: "No fever." }]);
  assert.deepEqual(speakerTurns("No fever."), [{ speaker: null, text: "No fever." }]);
});

test("each speaker's words are one turn, and a word of nobody goes with the one before it", () => {
  assert.deepEqual(speakerTurns("", [...QUESTION, word("um")]), [
    { speaker: 1, text: "Any pain?" },
    { speaker: 2, text: "Yes, here. um" },
  ]);
});

test("the transcript names a speaker once for what they say in a row, and what is copied names nobody", (t) => {
  const container = openPage(t).createElement("div");
  const display = new TranscriptionDisplay(container);
  display.appendFinal("Any pain? Yes, here.", "a", QUESTION);
  display.appendFinal("Since Monday.", "b", [word("Since", 2), word("Monday.", 2)]);
  display.appendFinal("I see.", "c", [word("I", 1), word("see.", 1)]);
  assert.deepEqual(shown(container), [
    "Speaker 1: Any pain?Speaker 2: Yes, here.",
    "Since Monday.",
    "Speaker 1: I see.",
  ]);
  assert.equal(display.text, "Any pain? Yes, here. Since Monday. I see.");
  display.clear();
  display.appendFinal("I see.", "d", [word("I", 1), word("see.", 1)]);
  assert.deepEqual(shown(container), ["Speaker 1: I see."]);
});

test("a note names its speakers in the same way", (t) => {
  openPage(t);
  const segments = [{ start_time: 0, text: "Any pain? Yes, here.", words: QUESTION }];
  const [line] = noteLines(segments, [], () => {});
  assert.equal(line.querySelector("span").textContent, "Speaker 1: Any pain?Speaker 2: Yes, here.");
  assert.equal(line.querySelectorAll("b.speaker").length, 2);
});

test("a page that offers the choice says which it is, another one leaves it to the server's settings", () => {
  const start = (audioType) =>
    new SessionPlace({ about: newAbout({ quality: "low", specialty: "UROLOGY", audioType, startedAt: 0 }) }).start();
  assert.equal(start("CONVERSATION").audio_type, "CONVERSATION");
  assert.equal(start("DICTATION").audio_type, "DICTATION");
  assert.deepEqual(start(undefined), { quality: "low", specialty: "UROLOGY" });
});
