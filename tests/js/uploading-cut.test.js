import assert from "node:assert/strict";
import test from "node:test";

import { whenReached } from "../../static/js/when-reached.js";
import { settled } from "./support/dictating.js";
import { UploadPage, file, part } from "./support/uploading.js";

/** A page on which all of visit.wav is out, and the server has not answered yet. */
async function allIsOut(t) {
  const page = new UploadPage(t);
  page.server.isSlow = true;
  await page.drops(file("visit.wav"));
  page.server.underWay[0].isSent(1);
  return page;
}

const arrives = async (page) => {
  page.server.arrives();
  await page.passes();
};

/** visit.wav is a note, and is on its way to become another one. */
async function isSentAsNew(t) {
  const page = new UploadPage(t);
  await page.drops(file("visit.wav"));
  page.server.finishes(1, "blood pressure");
  page.parts.list.replaceChildren();
  await page.drops(file("visit.wav"));
  page.server.isSlow = true;
  await page.presses("visit.wav", "Make a new note");
  page.server.underWay[0].isSent(1);
  return page;
}

test("cancelled when all of it is out, the server is told once it has answered", async (t) => {
  const page = await allIsOut(t);
  await page.presses("visit.wav", "Cancel");
  assert.match(page.says("visit.wav"), /^Cancelling\. All of it was sent already/);
  assert.equal(page.asksBeforeLeaving, true, "left now, it would be kept");
  await page.presses("visit.wav", "Cancel");
  await arrives(page);
  assert.deepEqual(page.server.cancelled, [1]);
  assert.equal(page.says("visit.wav"), "Cancelled.");
  assert.deepEqual([page.asksBeforeLeaving, page.watches.map(({ isRunning }) => isRunning)], [false, [false]]);
});

test("cancelled when all of it is out and the server can't be told, it is said that the work goes on", async (t) => {
  const page = await allIsOut(t);
  await page.presses("visit.wav", "Cancel");
  page.server.cannotBeStopped = true;
  await arrives(page);
  assert.equal(page.says("visit.wav"), "The server can't be reached, so the work goes on. Try again.");
  page.server.cannotBeStopped = false;
  await page.presses("visit.wav", "Cancel");
  assert.deepEqual([page.server.cancelled, page.says("visit.wav")], [[1], "Cancelled."]);
});

test("cancelled when all of it is out and no answer comes, nobody says that nothing was kept", async (t) => {
  const page = await allIsOut(t);
  await page.presses("visit.wav", "Cancel");
  page.server.losesAnswers = true;
  await arrives(page);
  assert.match(page.says("visit.wav"), /^Cancelled\. The connection broke .* its note stands in Notes/);
  await page.passes(20);
  assert.equal(page.server.begun.length, 1, "it is not sent once more");
  page.server.losesAnswers = false;
  await page.presses("visit.wav", "Try again");
  await arrives(page);
  assert.deepEqual([page.server.taken.length, page.says("visit.wav")], [1, "Waiting"]);
});

test("cancelled while it waits to be sent once more, it is not said that nothing was kept", async (t) => {
  const page = await allIsOut(t);
  page.server.losesAnswers = true;
  await arrives(page);
  page.server.isReachable = false;
  await page.presses("visit.wav", "Cancel");
  assert.match(page.says("visit.wav"), /^Cancelled\. The connection broke/);
});

test("cancelled when all of it is out and the server refuses it, nothing was kept", async (t) => {
  const page = await allIsOut(t);
  await page.presses("visit.wav", "Cancel");
  page.server.maxBytes = 10;
  await arrives(page);
  assert.equal(page.says("visit.wav"), "Cancelled. Nothing was kept of this recording.");
});

test("cancelled when it was sent before, the note of that time is left alone", async (t) => {
  const page = await allIsOut(t);
  await arrives(page);
  page.parts.list.replaceChildren();
  await page.drops(file("visit.wav"));
  page.server.underWay[0].isSent(1);
  await page.presses("visit.wav", "Cancel");
  await arrives(page);
  assert.deepEqual(page.server.cancelled, []);
  assert.match(page.says("visit.wav"), /sent before; its note stays/);
});

test("a new note whose answer is lost is made once", async (t) => {
  const page = await isSentAsNew(t);
  page.server.losesAnswers = true;
  await arrives(page);
  Object.assign(page.server, { losesAnswers: false, isSlow: false });
  await page.passes(10);
  assert.deepEqual(page.server.taken, [
    ["visit.wav", false],
    ["visit.wav", true],
  ]);
  assert.equal(part(page.card("visit.wav"), "as-new").hidden, true, "it is the new note, and not one that was there");
});

test("a new note that was lost on its way is made all the same", async (t) => {
  const page = await isSentAsNew(t);
  page.server.breaks = true;
  await arrives(page);
  Object.assign(page.server, { breaks: false, isSlow: false });
  await page.passes(10);
  assert.deepEqual(page.server.taken, [
    ["visit.wav", false],
    ["visit.wav", true],
  ]);
});

for (const [status, words] of [
  [401, /signed out/],
  [408, /can't be reached/],
  [429, /can't be reached/],
  [503, /can't be reached/],
]) {
  test(`a text that is refused with ${status} is asked for again`, async (t) => {
    const page = new UploadPage(t);
    await page.drops(file("visit.wav"));
    page.server.refusesNotes = status;
    page.watches[0].says(100, "completed");
    await page.passes(3);
    assert.match(part(page.card("visit.wav"), "mode").textContent, words);
    assert.equal(page.parts.signedOut.childElementCount, status === 401 ? 1 : 0);
    page.server.refusesNotes = null;
    await page.passes(3);
    assert.equal(part(page.card("visit.wav"), "text").textContent, "blood pressure");
    assert.equal(page.parts.signedOut.childElementCount, 0);
  });
}

test("a note that went to the bin meanwhile is not asked for again", async (t) => {
  const page = new UploadPage(t);
  await page.drops(file("binned.wav"));
  page.server.refusesNotes = 404;
  page.watches[0].says(100, "completed");
  await page.passes(10);
  assert.equal(page.server.notesAsked, 1);
});

test("a text that nobody wants to read any more is not asked for again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const leaving = new AbortController();
  let asked = 0;
  const away = async () => {
    asked += 1;
    throw new TypeError("unreachable");
  };
  const text = whenReached(away, () => {}, leaving.signal);
  await settled();
  t.mock.timers.tick(3000);
  await settled();
  leaving.abort();
  assert.deepEqual([await text, asked], [null, 2]);
});
