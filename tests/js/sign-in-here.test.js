import assert from "node:assert/strict";
import test from "node:test";

import { SignInHere } from "../../static/js/sign-in-here.js";
import { settled } from "./support/dictating.js";
import { openPage } from "./support/page.js";

const FORM = `<input name="csrf_token" value="of the old sign-in">
  <form hidden><input data-sign-in="email" value="asha@clinic.example"><input data-sign-in="password">
  <button data-sign-in="submit"></button><button type="button" data-sign-in="cancel"></button>
  <p data-sign-in="words"></p></form>`;
const page = (token, alert = "") => `<div role="alert"> ${alert} </div><input name="csrf_token" value="${token}">`;

/** The sign-in of a server, which knows one password. */
class LoginServer {
  posts = [];
  isReachable = true;

  fetch = async (address, { method = "GET", body } = {}) => {
    if (!this.isReachable) throw new TypeError("Failed to fetch");
    if (method === "GET") return { ok: true, text: async () => page("of the form") };
    this.posts.push(Object.fromEntries(body));
    const isRight = body.get("password") === "correct horse" && body.get("csrf_token") === "of the form";
    const text = isRight ? page("of the new sign-in") : page("again", "Wrong e-mail or password.");
    return { ok: isRight, text: async () => text };
  };
}

function opened(t) {
  const document = openPage(t, FORM);
  globalThis.DOMParser = document.defaultView.DOMParser;
  t.after(() => delete globalThis.DOMParser);
  const server = new LoginServer();
  const form = document.querySelector("form");
  const part = (name) => form.querySelector(`[data-sign-in="${name}"]`);
  const made = { document, server, form, part, signedIn: 0 };
  const signIn = new SignInHere(form, () => (made.signedIn += 1), server.fetch);
  signIn.start();
  signIn.choices(() => (made.isNoticeGone = true))[0].run();
  made.submit = async (password) => {
    part("password").value = password;
    form.dispatchEvent(new document.defaultView.Event("submit", { cancelable: true }));
    await settled();
  };
  return made;
}

test("the right password signs in without leaving the page, whose own forms work again", async (t) => {
  const made = opened(t);
  const { document, server, form, part, submit } = made;
  assert.equal(form.hidden, false);
  assert.equal(made.isNoticeGone, true);
  await submit("correct horse");
  assert.equal(form.hidden, true);
  assert.equal(part("password").value, "", "no password stays in the page");
  assert.equal(server.posts[0].email, "asha@clinic.example");
  assert.equal(document.querySelector("[name=csrf_token]").value, "of the new sign-in");
  assert.equal(made.signedIn, 1);
});

test("a wrong password is told in the server's words, and the dictation goes on", async (t) => {
  const made = opened(t);
  await made.submit("wrong");
  assert.equal(made.part("words").textContent, "Wrong e-mail or password.");
  assert.equal(made.form.hidden, false);
  assert.equal(made.signedIn, 0);
  await made.submit("correct horse");
  assert.equal(made.signedIn, 1);
});

test("a server that can't be reached leaves everything as it is", async (t) => {
  const made = opened(t);
  made.server.isReachable = false;
  await made.submit("correct horse");
  assert.match(made.part("words").textContent, /can't be reached. Your recording stays here/);
  assert.equal(made.signedIn, 0);
  made.part("cancel").click();
  assert.equal(made.form.hidden, true);
});
