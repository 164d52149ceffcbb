import assert from "node:assert/strict";
import test from "node:test";

import { Receipt } from "../../static/js/receipt.js";
import { settled } from "./support/dictating.js";
import { openPage } from "./support/page.js";

const PARTS = ["summary", "text", "audio", "ledger"].map((name) => `<p data-receipt="${name}"></p>`).join("");
const LINKS = `<a data-receipt="note"></a><a data-receipt="earlier"></a>`;
const BUTTONS = `<button data-receipt="copy">Copy text</button><button data-receipt="again"></button>`;
const HERE = { safeSeconds: 60, waitingSeconds: 0, earlier: [] };
const GAP = { start_time: 10, end_time: 60, seconds: 50, reason: "no_text" };
const COMING = {
  status: "IN_PROGRESS",
  word_count: 2,
  transcript_text: "No fever.",
  ledger: { received_seconds: 60, stored_seconds: 60, recognised_seconds: 10, gaps: [GAP] },
};
const WHOLE = {
  status: "COMPLETED",
  word_count: 4,
  transcript_text: "No fever. Come back.",
  ledger: { received_seconds: 60, stored_seconds: 60, recognised_seconds: 60, gaps: [] },
};

/** A receipt of one note, which is as the test says. */
function shown(t, note, { words = 2, here = HERE, board = {} } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const page = openPage(t, `<section hidden>${PARTS}${LINKS}${BUTTONS}</section>`);
  const card = page.querySelector("section");
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: board });
  const server = { note, reads: 0 };
  const read = async () => {
    server.reads += 1;
    if (!server.note) throw new Error("away");
    return server.note;
  };
  const readPage = () => (words === 0 ? "" : "No fever.");
  const receipt = new Receipt(card, readPage, () => {}, read);
  receipt.show({ transcription_id: 7, total_duration: 60, word_count: words, audio_status: "STORED" }, here);
  const part = (name) => card.querySelector(`[data-receipt="${name}"]`);
  const passes = async (seconds) => {
    t.mock.timers.tick(1000 * seconds);
    await settled();
  };
  return { receipt, part, server, passes };
}

test("text that is still made from the recording is not called saved, and is told once it has come", async (t) => {
  const { part, server, passes } = shown(t, COMING);
  await settled();
  assert.match(
    part("text").textContent,
    /^Text saved so far. The rest is being made from the recording, which is safe/,
  );
  assert.equal(part("text").dataset.tone, "busy");
  server.note = WHOLE;
  await passes(2);
  assert.equal(part("text").textContent, "Text saved. All of it is in the note");
  assert.equal(part("text").dataset.tone, "good");
  assert.match(part("summary").textContent, /4 words$/);
});

test("what is copied once the text has come is all of it", async (t) => {
  const board = { writeText: async (text) => (board.text = text) };
  const { part, server, passes } = shown(t, COMING, { board });
  await settled();
  server.note = WHOLE;
  await passes(2);
  part("copy").click();
  await settled();
  assert.equal(board.text, "No fever. Come back.");
});

test("no word of a dictation whose text comes later is no failure", async (t) => {
  const none = { ...COMING, word_count: 0, transcript_text: "" };
  const { part, server, passes } = shown(t, none, { words: 0 });
  assert.equal(part("text").textContent, "No text yet");
  await settled();
  assert.match(part("text").textContent, /^No text yet. It is being made from the recording/);
  assert.equal(part("copy").hidden, true);
  server.note = WHOLE;
  await passes(2);
  assert.equal(part("copy").hidden, false);
});

test("words that a hiccup at the end delays are awaited though no gap is known yet", async (t) => {
  const ledger = { ...COMING.ledger, received_seconds: 10, gaps: [] };
  const { part } = shown(t, { ...COMING, ledger });
  await settled();
  assert.match(part("text").textContent, /^Text saved so far/);
});

test("text that could not be made says how much is missing, and where to go", async (t) => {
  const { part, server, passes } = shown(t, COMING);
  await settled();
  server.note = { ...COMING, status: "FAILED" };
  await passes(2);
  assert.equal(part("text").textContent, "Text saved, but 50 s of the recording have no text. Open the note");
  assert.equal(part("text").dataset.tone, "bad");
});

test("a server that is away meanwhile is asked again; a receipt that is gone asks nobody", async (t) => {
  const { receipt, part, server, passes } = shown(t, COMING);
  await settled();
  server.note = null;
  await passes(2);
  assert.match(part("text").textContent, /^Text saved so far/);
  server.note = WHOLE;
  await passes(4);
  assert.match(part("text").textContent, /^Text saved\./);
  server.note = COMING;
  receipt.audio("STORED");
  await settled();
  const before = server.reads;
  receipt.hide();
  await passes(60);
  assert.equal(server.reads, before);
});
