import assert from "node:assert/strict";
import test from "node:test";

import { Storage, TOO_LARGE, UploadPage, file, part } from "./support/uploading.js";
import { UploadServer } from "./support/upload-server.js";

const taken = (page) => page.server.taken.map(([name]) => name);

test("dropped and chosen files are sent one after the other, in their order", async (t) => {
  const page = new UploadPage(t);
  page.server.isSlow = true;
  await page.drops(file("first.wav"), file("second.mp3"));
  await page.chooses(file("third.ogg"));
  assert.deepEqual(page.server.begun, [["first.wav", false]]);
  assert.deepEqual(page.says("second.mp3"), "Waiting to be sent.");
  for (let sent = 0; sent < 3; sent += 1) {
    page.server.arrives();
    await page.passes();
  }
  assert.deepEqual(taken(page), ["first.wav", "second.mp3", "third.ogg"]);
  assert.equal(page.parts.files.value, "", "the same file can be chosen again");
});

test("words that are dropped are no recording, and leave the page as it is", async (t) => {
  const page = new UploadPage(t);
  await page.drops();
  assert.deepEqual([page.cards.length, page.parts.empty.hidden], [0, false]);
});

test("cancelled in the middle of sending, nothing of it is kept and the next one goes", async (t) => {
  const page = new UploadPage(t);
  page.server.isSlow = true;
  await page.drops(file("first.wav"), file("second.wav"));
  page.server.underWay[0].isSent(0.5);
  assert.equal(part(page.card("first.wav"), "percent").textContent, "10 %");
  await page.presses("first.wav", "Cancel");
  assert.equal(page.says("first.wav"), "Cancelled. Nothing was kept of this recording.");
  page.server.arrives();
  await page.passes();
  assert.deepEqual(taken(page), ["second.wav"]);
  await page.presses("first.wav", "Try again");
  page.server.arrives();
  await page.passes();
  assert.deepEqual(taken(page), ["second.wav", "first.wav"]);
});

test("without a network all files wait, and are sent without a hand when it is back", async (t) => {
  const page = new UploadPage(t);
  page.server.isReachable = false;
  await page.drops(file("first.wav"), file("second.wav"), file("third.wav"));
  assert.match(
    page.says("first.wav"),
    /connection was lost. The recording is still on your computer, and is sent by itself/,
  );
  assert.equal(page.says("second.wav"), "Waiting to be sent.");
  assert.deepEqual(page.choices("first.wav"), ["Cancel"]);
  await page.passes(20);
  page.server.isReachable = true;
  await page.hears("online");
  assert.deepEqual(taken(page), ["first.wav", "second.wav", "third.wav"]);
  assert.match(page.says("first.wav"), /Waiting for its turn/);
});

test("a server that is away for a minute is found again by itself, with a proxy before it too", async (t) => {
  const page = new UploadPage(t);
  page.server.isSlow = true;
  await page.drops(file("visit.wav"));
  page.server.isBeingStarted = true;
  page.server.arrives();
  await page.passes();
  assert.match(page.says("visit.wav"), /sent by itself/);
  await page.passes(60);
  assert.equal(page.server.begun.length, 1, "no byte is sent to nobody");
  Object.assign(page.server, { isBeingStarted: false, isSlow: false });
  await page.passes(11);
  assert.deepEqual(taken(page), ["visit.wav"]);
});

for (const [what, trouble, none] of [
  ["a line that breaks each time in the middle", { breaks: true }, { breaks: false }],
  ["a proxy that is never answered in time", { proxySays: [504, null] }, { proxySays: null }],
]) {
  test(`${what} is not tried for ever, and keeps no other file waiting`, async (t) => {
    const page = new UploadPage(t);
    Object.assign(page.server, trouble);
    await page.drops(file("long.wav"), file("short.wav"));
    await page.passes(3);
    assert.equal(page.server.begun.filter(([name]) => name === "long.wav").length, 3);
    assert.match(page.says("long.wav"), /broke several times .*is still on your computer/);
    Object.assign(page.server, none);
    await page.passes(10);
    assert.deepEqual(taken(page), ["short.wav"]);
    await page.presses("long.wav", "Try again");
    assert.deepEqual(taken(page), ["short.wav", "long.wav"]);
  });
}

test("the same bytes again are offered as the note there is, or as a new one", async (t) => {
  const page = new UploadPage(t);
  await page.drops(file("visit.wav"));
  page.server.finishes(1, "blood pressure");
  page.watches[0].says(100, "completed");
  await page.passes();
  page.parts.list.replaceChildren();
  await page.drops(file("visit.wav"));
  assert.equal(page.says("visit.wav"), "You sent this recording before. This is its note.");
  assert.equal(part(page.card("visit.wav"), "note").getAttribute("href"), "/notes/1");
  await page.presses("visit.wav", "Make a new note");
  assert.deepEqual(page.server.taken.at(-1), ["visit.wav", true]);
  assert.equal(part(page.card("visit.wav"), "note").hidden, true, "the new one has no text yet");
});

test("leaving is asked about for as long as anything is only here", async (t) => {
  const page = new UploadPage(t);
  assert.equal(page.asksBeforeLeaving, false);
  page.server.isSlow = true;
  await page.drops(file("visit.wav"));
  assert.equal(page.asksBeforeLeaving, true);
  page.server.isReachable = false;
  page.server.arrives();
  await page.passes();
  assert.equal(page.asksBeforeLeaving, true, "it waits for the network");
  page.server.isReachable = true;
  await page.hears("online");
  page.server.arrives();
  await page.passes();
  assert.deepEqual([taken(page), page.asksBeforeLeaving], [["visit.wav"], false]);
});

test("another tab shows the recording too, and so does a reload in the middle, where it was", async (t) => {
  const server = new UploadServer();
  const storage = new Storage();
  const page = new UploadPage(t, { server, storage });
  storage.setItem("seva-uploads-user-1", JSON.stringify([{ session_id: "session-7", transcription_id: 7 }]));
  server.statuses.set(7, {
    status: "processing",
    progress: 50,
    seq: 9,
    message: "Half of it.",
    estimated_seconds_remaining: 30,
  });
  await page.hearsOfOtherTab();
  assert.equal(page.cards.length, 1);
  assert.equal(page.says("A recording sent before"), "Half of it.");
  assert.equal(part(page.cards[0], "percent").textContent, "60 %");
  assert.equal(part(page.cards[0], "remaining").textContent, "About 30 s left.");
  await page.hearsOfOtherTab();
  assert.equal(page.cards.length, 1, "once each");
  page.watches[0].says(100, "completed");
  await page.passes();
  assert.equal(part(page.cards[0], "text").textContent, "blood pressure");
});

test("cancelled in one tab, the other tab is told by the server and offers the rest", async (t) => {
  const page = new UploadPage(t);
  await page.drops(file("visit.wav"));
  page.watches[0].says(40, "failed", { error: { error_code: "CANCELLED" }, message: "Cancelled." });
  await page.passes();
  assert.equal(page.says("visit.wav"), "Cancelled.");
  assert.ok(page.choices("visit.wav").includes("Try again"));
});

test("a server that goes just as the text is ready is asked for it until it is back", async (t) => {
  const page = new UploadPage(t);
  await page.drops(file("visit.wav"));
  page.server.isReachable = false;
  page.watches[0].says(100, "completed");
  await page.passes();
  assert.match(part(page.card("visit.wav"), "mode").textContent, /can't be reached. Your recording is safe there/);
  page.server.isReachable = true;
  await page.passes(3);
  assert.equal(part(page.card("visit.wav"), "text").textContent, "blood pressure");
  assert.equal(part(page.card("visit.wav"), "percent").textContent, "100 %");
});

test("text that the offline recogniser made instead of the usual one is not shown without saying so", async (t) => {
  const page = new UploadPage(t);
  page.server.segments = [{ text: "blood" }, { text: "pressure", recogniser: "pocketsphinx" }];
  await page.drops(file("visit.wav"));
  page.watches[0].says(100, "completed");
  await page.passes();
  assert.match(page.says("visit.wav"), /The text is in part from the offline recogniser: not medical-grade, check/);
  assert.equal(page.card("visit.wav").dataset.tone, "bad");
});

test("a file over the limit is refused before a byte of it is sent", async (t) => {
  const page = new UploadPage(t);
  await page.drops(file("hours.wav", { bytes: 1024 * 1024 + 1 }), file("visit.wav"));
  assert.equal(page.says("hours.wav"), TOO_LARGE);
  assert.deepEqual(page.choices("hours.wav"), ["Hide"]);
  assert.deepEqual(page.server.begun, [["visit.wav", false]]);
});

test("a folder, or a file that is gone meanwhile, is named as such and not sent", async (t) => {
  const page = new UploadPage(t);
  await page.drops(file("Recordings", { canBeRead: false }));
  assert.match(page.says("Recordings"), /moved or changed, or is a folder. Nothing was sent; choose it again/);
  assert.deepEqual([page.server.asked, page.choices("Recordings")], [0, ["Hide"]]);
});

test("with too many recordings waiting the rest is sent by itself when there is room", async (t) => {
  const page = new UploadPage(t);
  page.server.isFull = true;
  await page.drops(file("visit.wav"));
  assert.match(page.says("visit.wav"), /20 of your recordings are waiting .* This is tried again by itself/);
  await page.passes(9);
  assert.equal(page.server.asked, 1, "not before the server wants to be asked");
  page.server.isFull = false;
  await page.passes(4);
  assert.deepEqual([taken(page), page.server.begun.length], [["visit.wav"], 1], "no byte was sent in vain");
});

test("a large recording that there is no room for keeps no smaller one waiting, and is sent when there is", async (t) => {
  const page = new UploadPage(t);
  page.server.roomBytes = 500;
  await page.drops(file("hours.wav", { bytes: 1000 }), file("longer.wav", { bytes: 1001 }), file("visit.wav"));
  assert.deepEqual(taken(page), ["visit.wav"]);
  assert.match(page.says("hours.wav"), /Server storage is full. This is tried again by itself/);
  assert.equal(page.says("longer.wav"), "Waiting to be sent.");
  await page.drops(file("later.wav"));
  assert.deepEqual(taken(page), ["visit.wav", "later.wav"], "it is not waited for");
  page.server.roomBytes = Infinity;
  await page.passes(90);
  assert.deepEqual(taken(page), ["visit.wav", "later.wav", "hours.wav", "longer.wav"]);
});

test("while the queue is away a recording that waits is said to be safe, and nothing is asked while none waits", async (t) => {
  const page = new UploadPage(t);
  page.server.isQueueAway = true;
  await page.drops(file("first.wav"));
  page.watches[0].says(0, "queued");
  await page.passes(7);
  assert.equal(page.server.askedForQueue, 0);
  await page.passes(1);
  assert.match(page.parts.queueAway.textContent, /recordings wait for longer.*What was sent is safe/);
  page.server.isQueueAway = false;
  await page.passes(10);
  assert.equal(page.parts.queueAway.textContent, "");
  page.server.isQueueAway = true;
  await page.passes(10);
  page.watches[0].says(10);
  assert.equal(page.parts.queueAway.textContent, "");
  const asked = page.server.askedForQueue;
  await page.passes(30);
  assert.equal(page.server.askedForQueue, asked);
});
