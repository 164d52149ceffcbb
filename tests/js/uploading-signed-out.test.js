import assert from "node:assert/strict";
import test from "node:test";

import { UploadPage, file } from "./support/uploading.js";

async function signsIn(page, password) {
  const { signIn } = page.parts;
  signIn.querySelector("[data-sign-in=password]").value = password;
  signIn.dispatchEvent(new page.window.Event("submit", { cancelable: true }));
  await page.passes();
}

test("signed out in the middle, one signs in again in place and every file is still there and sent", async (t) => {
  const page = new UploadPage(t);
  page.server.isSlow = true;
  await page.drops(file("first.wav"), file("second.wav"));
  page.server.signsOut();
  page.server.arrives();
  await page.passes();
  assert.match(page.parts.signedOut.textContent, /You are no longer signed in.*still on your computer/);
  assert.match(page.says("first.wav"), /sent by itself once you have signed in again/);
  page.server.isSlow = false;
  page.parts.signedOut.querySelector("button").click();
  await signsIn(page, "wrong");
  assert.equal(page.parts.signIn.hidden, false);
  assert.deepEqual(page.server.taken, []);
  await signsIn(page, "correct horse");
  assert.deepEqual(
    page.server.taken.map(([name]) => name),
    ["first.wav", "second.wav"],
  );
  assert.deepEqual([page.parts.signedOut.textContent, page.parts.signIn.hidden], ["", true]);
});

test("signed in again in another tab, the files go on by themselves with the secret of the new sign-in", async (t) => {
  const page = new UploadPage(t);
  page.server.signsOut();
  await page.drops(file("visit.wav"));
  assert.deepEqual(page.server.begun, [], "nothing is sent for nobody");
  page.server.isSignedIn = true;
  await page.passes(10);
  assert.deepEqual(page.server.taken, [["visit.wav", false]]);
  assert.equal(page.parts.signedOut.textContent, "");
});

test("the sign-in is another one meanwhile, and of the same person: the file goes at the first try", async (t) => {
  const page = new UploadPage(t);
  page.server.secret = "of the other tab";
  await page.drops(file("visit.wav"));
  assert.deepEqual(page.server.taken, [["visit.wav", false]]);
});

test("somebody else has signed in in this browser: nothing of the first person is sent under that name", async (t) => {
  const page = new UploadPage(t);
  Object.assign(page.server, { userId: "user-2", secret: "of user-2" });
  await page.drops(file("visit.wav"));
  assert.deepEqual(page.server.taken, []);
  assert.match(page.says("visit.wav"), /Somebody else is signed in .* nothing was sent/);
});

test("signed out while a sent recording is watched, it is said once, and taken back when the news come again", async (t) => {
  const page = new UploadPage(t);
  await page.drops(file("visit.wav"));
  const [watch] = page.watches;
  watch.tells("mode", "signedOut", "You are signed out.");
  assert.equal(page.parts.signedOut.querySelectorAll(".notice").length, 1);
  watch.tells("mode", "live", "Live updates.");
  assert.equal(page.parts.signedOut.textContent, "");
});
