import { readFileSync } from "node:fs";

import { FormSecret } from "../../../static/js/form-secret.js";
import { KeptUploads } from "../../../static/js/kept-uploads.js";
import { Listeners } from "../../../static/js/listeners.js";
import { namedParts } from "../../../static/js/named-parts.js";
import { NextTry } from "../../../static/js/next-try.js";
import { NotesApi } from "../../../static/js/notes-api.js";
import { SignInHere } from "../../../static/js/sign-in-here.js";
import { SignedOutNotice } from "../../../static/js/signed-out-notice.js";
import { UploadList } from "../../../static/js/upload-list.js";
import { UploadsApi } from "../../../static/js/uploads-api.js";
import { settled } from "./dictating.js";
import { openPage } from "./page.js";
import { UploadServer } from "./upload-server.js";

export const USER = "user-1";
export const TOO_LARGE = "The file is larger than 1 MB. Nothing was kept; send it in parts or compressed.";
const template = (name) => readFileSync(new URL(`../../../templates/${name}`, import.meta.url), "utf8");
const PAGE = template("upload.html")
  .replace('{% include "sign-in-here.html" %}', template("sign-in-here.html"))
  .replace(/[^]*{% block main %}/, "")
  .replace(/{%.*?%}|{{.*?}}/g, "");

/** Bytes with a name, as somebody drops them. A file that is gone, or a folder, can't be read. */
export function file(name, { bytes = 100, canBeRead = true } = {}) {
  const made = new File([new Uint8Array(bytes)], name);
  if (!canBeRead) made.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) });
  return made;
}

/** What a browser remembers from one page to the next. */
export class Storage {
  #kept = new Map();

  getItem(key) {
    return this.#kept.get(key) ?? null;
  }

  setItem(key, value) {
    this.#kept.set(key, value);
  }
}

/** A job that is watched: the test says what is told. */
class FakeWatch {
  #listeners = new Listeners(["status", "mode", "end", "gone"]);
  isRunning = false;

  constructor(addresses, seen) {
    Object.assign(this, { addresses, seen });
  }

  on = (event, listener) => this.#listeners.on(event, listener);
  start = () => (this.isRunning = true);
  stop = () => (this.isRunning = false);
  tells = (event, ...what) => this.#listeners.tell(event, ...what);

  says(progress, status = "processing", more = {}) {
    const told = { status, progress, seq: progress + 1, message: `${progress} percent`, ...more };
    this.tells("status", told);
    if (["completed", "failed"].includes(status)) this.tells("end", told);
  }
}

/** The upload page of one person, with its own template, a server and a clock in the test's hand. */
export class UploadPage {
  watches = [];

  constructor(t, { server = new UploadServer(), storage = new Storage() } = {}) {
    Object.assign(this, { server, storage, clock: t.mock.timers });
    this.clock.enable({ apis: ["setTimeout", "Date"] });
    this.document = openPage(t, `<input name="csrf_token" value="s1">${PAGE}`);
    this.window = this.document.defaultView;
    globalThis.DOMParser = this.window.DOMParser;
    globalThis.CustomEvent = this.window.CustomEvent;
    this.parts = namedParts(this.document.body);
    this.#open();
  }

  #open() {
    const { fetch, makeRequest } = this.server;
    const secret = new FormSecret(USER, "/upload", fetch);
    const services = {
      api: new UploadsApi(secret, TOO_LARGE, { fetchFrom: fetch, makeRequest }),
      notes: new NotesApi(undefined, fetch, () => secret.value),
      makeWatch: (...about) => {
        this.watches.push(new FakeWatch(...about));
        return this.watches.at(-1);
      },
      next: new NextTry(this.window, () => 0.5),
    };
    const signedIn = () => this.window.dispatchEvent(new this.window.Event("signed-in"));
    const signIn = new SignInHere(this.parts.signIn, signedIn, fetch);
    const kept = new KeptUploads(USER, () => this.storage);
    const limits = { maxMegabytes: 1, tooLarge: TOO_LARGE };
    signIn.start();
    this.list = new UploadList(this.parts, limits, kept, services, new SignedOutNotice(this.parts.signedOut, signIn));
    this.list.start(undefined, this.window);
  }

  async drops(...files) {
    const drop = new this.window.Event("drop", { cancelable: true });
    drop.dataTransfer = { files };
    this.window.dispatchEvent(drop);
    await this.passes();
  }

  async chooses(...files) {
    Object.defineProperty(this.parts.files, "files", { value: files, configurable: true });
    Object.defineProperty(this.parts.files, "value", { value: "", writable: true, configurable: true });
    this.parts.files.dispatchEvent(new this.window.Event("change"));
    await this.passes();
  }

  /** Lets so many seconds pass, and whatever is on its way arrive. */
  async passes(seconds = 0) {
    for (let second = 0; second <= seconds; second += 1) {
      if (second > 0) this.clock.tick(1000);
      for (let step = 0; step < 30; step += 1) await settled();
    }
  }

  async hears(news) {
    this.window.dispatchEvent(new this.window.Event(news));
    await this.passes();
  }

  /** The other tab has changed what this browser remembers. */
  async hearsOfOtherTab() {
    const event = new this.window.Event("storage");
    event.key = `seva-uploads-${USER}`;
    this.window.dispatchEvent(event);
    await this.passes();
  }

  get asksBeforeLeaving() {
    const leaving = new this.window.Event("beforeunload", { cancelable: true });
    this.window.dispatchEvent(leaving);
    return leaving.defaultPrevented;
  }

  get cards() {
    return [...this.parts.list.querySelectorAll("article")];
  }

  card(name) {
    return this.cards.findLast((card) => part(card, "title").textContent.includes(name));
  }

  says(name) {
    return part(this.card(name), "message").textContent;
  }

  /** What one may do with that recording, by the words on the buttons and links. */
  choices(name) {
    const shown = [...this.card(name).querySelectorAll(".row > *")].filter(({ hidden }) => !hidden);
    return shown.map(({ textContent }) => textContent);
  }

  async presses(name, words) {
    const buttons = [...this.card(name).querySelectorAll(".row > :not([hidden])")];
    buttons.find(({ textContent }) => textContent === words).click();
    await this.passes();
  }
}

export function part(card, name) {
  return card.querySelector(`[data-upload="${name}"]`);
}
