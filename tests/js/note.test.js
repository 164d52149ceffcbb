import assert from "node:assert/strict";
import test from "node:test";

import { namedParts } from "../../static/js/named-parts.js";
import { NotesApi } from "../../static/js/notes-api.js";
import { NoteView } from "../../static/js/note-view.js";
import { settled } from "./support/dictating.js";
import { openPage } from "./support/page.js";

const PARTS = `message heading meta status audio failure text player copy text-download recording-download body
  recognise-row recognise-words`;
const NO_TEXT = { start_time: 65, end_time: 80, seconds: 15, reason: "no_text" };
const UNPLUGGED = { start_time: 4, end_time: 4, seconds: 12.4, reason: "microphone" };
const said = (start, text) => ({ segment_index: 0, start_time: start, end_time: start + 2, text });

/** A server with one note, which answers after the test let it. */
class NoteServer {
  asked = [];
  refusal = null;
  work = { status: "processing", progress: 40 };
  note = {
    created_at: "2026-11-20T10:42:00.000Z",
    audio_duration_seconds: 90,
    word_count: 4,
    status: "COMPLETED",
    audio_status: "STORED",
    transcript_text: "No fever. Come back.",
    segments: [said(0, "No fever."), said(82, "Come back.")],
    ledger: { received_seconds: 90, stored_seconds: 90, recognised_seconds: 75, gaps: [UNPLUGGED, NO_TEXT] },
  };

  fetch = async (address, { method = "GET", headers }) => {
    this.asked.push([method, address, headers["X-CSRFToken"]]);
    if (method === "POST" && this.refusal) return answer(this.refusal.status, this.refusal);
    if (method === "POST") return answer(202, { session_id: "s1", status_url: "/api/v1/sessions/s1/status" });
    return answer(200, address.endsWith("/status") ? this.work : this.note);
  };

  /** The missing words were found. */
  finds(text) {
    const segments = [this.note.segments[0], said(66, text), this.note.segments[1]];
    const ledger = { ...this.note.ledger, gaps: [UNPLUGGED] };
    this.note = { ...this.note, segments, ledger, transcript_text: `No fever. ${text} Come back.` };
  }
}

async function opened(t, changed = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const tags = PARTS.split(/\s+/).map((name) => `<p data-part="${name}"></p>`);
  const page = openPage(t, `${tags.join("")}<button data-part="recognise">Recognise again</button>`);
  const server = new NoteServer();
  Object.assign(server.note, changed);
  const parts = namedParts(page.body);
  await new NoteView(new NotesApi("/notes", server.fetch, () => "form token"), 7, parts).start();
  const passes = async (seconds) => {
    t.mock.timers.tick(1000 * seconds);
    await settled();
  };
  return { parts, server, passes, lines: () => [...parts.text.children].map((line) => line.textContent) };
}

const answer = (status, body) => ({ ok: status < 400, status, json: async () => body });

test("what is missing stands in the text at its place, with its length or its times", async (t) => {
  const { lines } = await opened(t);
  assert.deepEqual(lines(), [
    "00:00No fever.",
    "00:0412 s not recorded here",
    "01:05From 01:05 to 01:20 no text yet",
    "01:22Come back.",
  ]);
});

test("words of the offline recogniser are told from the others where they begin and end", async (t) => {
  const byEar = (start, text, recogniser) => ({ ...said(start, text), recogniser });
  const segments = [said(0, "No fever."), byEar(10, "No cough.", "pocketsphinx"), said(20, "Come back.")];
  const { lines, server, passes } = await opened(t, { segments, ledger: { gaps: [] }, status: "IN_PROGRESS" });
  assert.deepEqual(lines(), [
    "00:00No fever.",
    "00:10From here by the offline recogniser, not medical-grade",
    "00:10No cough.",
    "00:20From here no longer by the offline recogniser",
    "00:20Come back.",
  ]);
  server.note.segments = [segments[1]];
  server.note.transcript_text = "No cough.";
  await passes(2);
  assert.deepEqual(lines(), ["00:10No cough."], "what is true of all of it stands at the head");
});

test("text that is missing can be made from the recording; the button says how far it is", async (t) => {
  const { parts, server, passes, lines } = await opened(t);
  assert.equal(parts.recogniseRow.hidden, false);
  assert.match(parts.recogniseWords.textContent, /15 s of the recording have no text/);
  parts.recognise.click();
  parts.recognise.click();
  await settled();
  assert.deepEqual(
    server.asked.filter(([method]) => method === "POST"),
    [["POST", "/notes/7/recognise", "form token"]],
  );
  assert.equal(parts.recognise.textContent, "Waiting for its turn");
  await passes(3);
  assert.equal(parts.recognise.textContent, "Recognising again: 40 %");
  server.finds("Pulse is regular.");
  await passes(3);
  assert.equal(parts.recogniseRow.hidden, true);
  assert.ok(lines().includes("01:06Pulse is regular."));
  assert.ok(!lines().some((line) => line.includes("no text yet")));
});

test("a refusal is shown in the server's words, and the button can be pressed again", async (t) => {
  const { parts, server } = await opened(t);
  server.refusal = { status: 503, message: "The recogniser is busy. The recording is safe. Try again in a minute." };
  parts.recognise.click();
  await settled();
  assert.equal(parts.recogniseWords.textContent, server.refusal.message);
  assert.equal(parts.recognise.textContent, "Recognise again");
  server.refusal = null;
  parts.recognise.click();
  await settled();
  assert.equal(parts.recognise.textContent, "Waiting for its turn");
});

for (const [status, words] of [
  ["failed", /did not work this time. The recording is safe/],
  ["completed", /No more words were found there/],
]) {
  test(`work that is over as ${status} and left a gap says so, and offers another try`, async (t) => {
    const { parts, server, passes } = await opened(t);
    server.work = { status };
    parts.recognise.click();
    await settled();
    await passes(3);
    assert.match(parts.recogniseWords.textContent, words);
    assert.equal(parts.recognise.textContent, "Recognise again");
  });
}

test("text that the server makes by itself is not asked for again; how far it is stands there in the server's words", async (t) => {
  const { parts, server, passes } = await opened(t, { status: "IN_PROGRESS", session_id: "s1" });
  assert.match(
    parts.recogniseWords.textContent,
    /have no text yet. It is being made from the recording. You can leave/,
  );
  assert.equal(parts.recognise.hidden, true);
  server.work = { status: "processing", message: "Turning speech into text: 0:04 of 0:12." };
  await passes(2);
  assert.match(parts.recogniseWords.textContent, /text: 0:04 of 0:12. You can leave this page/);
  server.note.status = "COMPLETED";
  await passes(4);
  assert.equal(parts.recognise.hidden, false);
  assert.equal(parts.recogniseWords.textContent, "15 s of the recording have no text yet.");
});

test("a note whose first words are still made does not say that there are none", async (t) => {
  const ledger = { gaps: [] };
  const { parts } = await opened(t, { status: "IN_PROGRESS", session_id: "s1", segments: [], ledger });
  assert.equal(parts.text.textContent, "No text yet.");
});

test("a whole note has neither gaps nor the button", async (t) => {
  const { parts, server, passes } = await opened(t);
  server.finds("Pulse is regular.");
  parts.recognise.click();
  await settled();
  await passes(3);
  assert.equal(parts.recogniseRow.hidden, true);
});
