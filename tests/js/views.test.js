import assert from "node:assert/strict";
import test from "node:test";

import { copyOnPress } from "../../static/js/copy-text.js";
import { LevelMeter } from "../../static/js/level-meter.js";
import { MicrophonePicker } from "../../static/js/microphone-picker.js";
import { NotesApi } from "../../static/js/notes-api.js";
import { Preferences } from "../../static/js/preferences.js";
import { Receipt } from "../../static/js/receipt.js";
import { RecordButton } from "../../static/js/record-button.js";
import { SessionClock } from "../../static/js/session-clock.js";
import { RetryCountdown } from "../../static/js/retry-countdown.js";
import { settled } from "./support/dictating.js";
import { openPage } from "./support/page.js";

class Shelf {
  kept = new Map();
  getItem = (name) => this.kept.get(name) ?? null;
  setItem = (name, value) => this.kept.set(name, value);
}

test("the record button shows five states in words, and its shortcut ignores a held key", (t) => {
  const page = openPage(t, "<button><span data-label></span></button><p></p>");
  const button = new RecordButton(page.querySelector("button"), page.querySelector("p"));
  let presses = 0;
  const ending = new AbortController();
  button.start(() => (presses += 1), ending.signal);
  const shown = ["ready", "starting", "recording", "paused", "finishing"].map((state) => {
    button.show(state);
    return [page.querySelector("button").textContent, page.querySelector("p").textContent];
  });
  assert.equal(new Set(shown.map(([, words]) => words)).size, 5);
  assert.equal(shown[2][1], "Recording");
  const press = (options) =>
    page.dispatchEvent(new page.defaultView.KeyboardEvent("keydown", { code: "KeyR", ...options }));
  press({});
  assert.equal(presses, 0);
  press({ altKey: true });
  press({ altKey: true, repeat: true });
  assert.equal(presses, 1);
  ending.abort();
  press({ altKey: true });
  assert.equal(presses, 1);
});

test("the meter moves with the voice, and five seconds of silence name the microphone", (t) => {
  const page = openPage(t, "<div></div><p hidden></p>");
  const [bar, hint] = [page.querySelector("div"), page.querySelector("p")];
  const meter = new LevelMeter(bar, hint);
  const level = () => Number(bar.style.getPropertyValue("--level"));
  meter.show({ peak: 0.5, seconds: 0.02 }, "Desk microphone");
  assert.ok(level() > 0.8);
  for (let heard = 0; heard < 4.9; heard += 0.1) meter.show({ peak: 0.0001, seconds: 0.1 }, "Desk microphone");
  assert.equal(level(), 0);
  assert.equal(hint.hidden, true);
  meter.show({ peak: 0.0001, seconds: 0.2 }, "Desk microphone");
  assert.match(hint.textContent, /can't hear you.*Desk microphone/);
  meter.show({ peak: 0.2, seconds: 0.02 }, "Desk microphone");
  assert.equal(hint.hidden, true);
});

test("the clock counts what was heard, and warns 15, 5 and 1 minutes before the end, once each", (t) => {
  const page = openPage(t, "<b></b><i></i>");
  const [elapsed, remaining] = [page.querySelector("b"), page.querySelector("i")];
  const warnings = [];
  const clock = new SessionClock(elapsed, remaining, 1800, (words) => warnings.push(words));
  for (let second = 0; second < 1790; second += 1) clock.add(1);
  assert.equal(elapsed.textContent, "29:50");
  assert.equal(remaining.textContent, "00:10 left");
  assert.deepEqual(warnings, [
    "15 min left in this recording",
    "5 min left in this recording",
    "1 min left in this recording",
  ]);
});

test("the clock ends a recording just before the server would, and counts anew when the server begins another", (t) => {
  const page = openPage(t, "<b></b><i></i>");
  const [elapsed, remaining] = [page.querySelector("b"), page.querySelector("i")];
  const told = [];
  const clock = new SessionClock(elapsed, remaining, 30, (words, seconds) => told.push(seconds));
  for (let second = 0; second < 20; second += 1) clock.add(1);
  clock.beginAnew(5);
  assert.deepEqual([elapsed.textContent, remaining.textContent], ["00:20", "00:25 left"]);
  for (let second = 0; second < 24; second += 1) clock.add(1);
  assert.deepEqual(told, []);
  clock.add(0.5);
  clock.add(0.5);
  assert.deepEqual(told, [0]);
});

test("a limit shorter than a warning's time does not warn at once", (t) => {
  const page = openPage(t, "<b></b><i></i>");
  const warnings = [];
  const clock = new SessionClock(page.querySelector("b"), page.querySelector("i"), 300, (words) =>
    warnings.push(words),
  );
  clock.add(1);
  assert.deepEqual(warnings, []);
});

test("the receipt tells text and recording apart, follows the recording, and says how much is where", async (t) => {
  const parts = ["summary", "text", "audio", "ledger"].map((name) => `<p data-receipt="${name}"></p>`).join("");
  const page = openPage(
    t,
    `<section hidden>${parts}<a data-receipt="note"></a><a data-receipt="earlier"></a><button data-receipt="copy">Copy text</button><button data-receipt="again"></button></section>`,
  );
  const card = page.querySelector("section");
  const receipt = new Receipt(
    card,
    () => "",
    () => {},
    async () => ({
      word_count: 220,
      ledger: {
        stored_seconds: 192.4,
        recognised_seconds: 190,
        gaps: [
          { start_time: 60, end_time: 62.4, seconds: 2.4, reason: "no_text" },
          { start_time: 65, end_time: 65, seconds: 12.3, reason: "microphone" },
        ],
      },
    }),
  );
  const part = (name) => card.querySelector(`[data-receipt="${name}"]`);
  const here = { safeSeconds: 192.4, waitingSeconds: 0, earlier: [] };
  receipt.show({ transcription_id: 7, total_duration: 192.4, word_count: 214, audio_status: "PENDING" }, here);
  assert.equal(part("ledger").textContent, "Captured3 min 12 sAcknowledged3 min 12 s");
  await settled();
  assert.match(
    part("ledger").textContent,
    /Stored3 min 12 sRecognised3 min 10 sNo text yet01:00 to 01:02Not recorded12 s at 01:05$/,
  );
  assert.equal(part("earlier").hidden, true);
  assert.match(part("summary").textContent, /^Saved .* · 3 min 12 s · 220 words$/, "the last ones came later");
  assert.equal(part("text").textContent, "Text saved, but 2 s of the recording have no text. Open the note");
  assert.match(part("audio").textContent, /being stored/);
  assert.equal(part("note").getAttribute("href"), "/notes/7");
  receipt.audio("STORED");
  assert.equal(part("audio").textContent, "Recording saved");
  receipt.audio("FAILED");
  assert.match(part("audio").textContent, /could not be stored/);
  assert.equal(part("text").textContent, "Text saved, but 2 s of the recording have no text. Open the note");
});

test("the receipt says when the offline recogniser made a part of the text", async (t) => {
  const parts = ["summary", "text", "audio", "ledger"].map((name) => `<p data-receipt="${name}"></p>`).join("");
  const card = openPage(
    t,
    `<section hidden>${parts}<a data-receipt="note"></a><a data-receipt="earlier"></a><button data-receipt="copy"></button><button data-receipt="again"></button></section>`,
  ).querySelector("section");
  const segments = [{ text: "No fever." }, { text: "No cough.", recogniser: "pocketsphinx" }];
  const receipt = new Receipt(
    card,
    () => "",
    () => {},
    async () => ({ word_count: 4, segments }),
  );
  const here = { safeSeconds: 9, waitingSeconds: 0, earlier: [] };
  receipt.show({ transcription_id: 7, total_duration: 9, word_count: 4, audio_status: "STORED" }, here);
  await settled();
  assert.match(card.querySelector('[data-receipt="text"]').textContent, /offline recogniser: not medical-grade/);
});

test("copying says whether it worked", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const page = openPage(t, "<button>Copy text</button>");
  const button = page.querySelector("button");
  const board = { writeText: async (text) => (board.text = text) };
  copyOnPress(button, () => "No fever.", { clipboard: board });
  button.click();
  await settled();
  assert.equal(board.text, "No fever.");
  assert.equal(button.textContent, "Copied");
  t.mock.timers.tick(2500);
  assert.equal(button.textContent, "Copy text");
  board.writeText = () => Promise.reject(new Error("barred"));
  button.click();
  await settled();
  assert.match(button.textContent, /Not copied/);
});

test("the chosen microphone is remembered; when it is gone the default is used and told", async (t) => {
  const page = openPage(t, "<select></select><p></p>");
  const [select, hint] = [page.querySelector("select"), page.querySelector("p")];
  const shelf = new Shelf();
  const devices = new EventTarget();
  const desk = { kind: "audioinput", deviceId: "d1", label: "Desk" };
  const head = { kind: "audioinput", deviceId: "h1", label: "Headset" };
  let plugged = [desk, head];
  devices.enumerateDevices = async () => plugged;
  const picker = new MicrophonePicker(select, hint, devices, new Preferences(() => shelf));
  await picker.start();
  select.value = "h1";
  select.dispatchEvent(new Event("change"));
  plugged = [desk];
  devices.dispatchEvent(new globalThis.CustomEvent("devicechange"));
  await settled();
  assert.equal(picker.deviceId, "");
  assert.match(hint.textContent, /not connected/);
  plugged = [desk, head];
  devices.dispatchEvent(new globalThis.CustomEvent("devicechange"));
  await settled();
  assert.equal(picker.deviceId, "h1");
  assert.equal(hint.textContent, "");
});

test("a browser that keeps nothing still works", () => {
  const preferences = new Preferences(() => {
    throw new Error("storage is barred");
  });
  assert.equal(preferences.get("theme"), null);
  assert.equal(preferences.set("theme", "dark"), false);
});

test("another try counts down, second by second, and can be called off", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let chance = 0;
  const countdown = new RetryCountdown(() => chance);
  const shown = [];
  let tries = 0;
  const retry = () => (tries += 1);
  countdown.start(2.2, (left) => shown.push(left), retry);
  t.mock.timers.tick(3000);
  assert.deepEqual([shown, tries], [[3, 2, 1], 1]);
  chance = 0.99;
  shown.length = 0;
  countdown.start(10, (left) => shown.push(left), retry);
  assert.deepEqual(shown, [15]);
  countdown.stop();
  t.mock.timers.tick(5000);
  assert.equal(tries, 1);
});

test("notes that can't be read say so in words, and that they are safe", async () => {
  const answers = (status, body) => async () => ({ ok: status < 400, status, json: async () => body });
  const failing = async (fetchFrom) => {
    const error = await new NotesApi("/notes", fetchFrom).list({ page: 1, q: "" }).catch((problem) => problem);
    return error.words;
  };
  assert.match(await failing(() => Promise.reject(new TypeError("Failed to fetch"))), /safe/);
  assert.match(await failing(answers(401, {})), /no longer signed in/);
  assert.equal(await failing(answers(503, { message: "Text can't be read now." })), "Text can't be read now.");
  const asked = [];
  const api = new NotesApi("/notes", async (address) => asked.push(address) && { ok: true, json: async () => ({}) });
  await api.list({ page: 2, q: "", status: "FAILED" });
  assert.deepEqual(asked, ["/notes?page=2&status=FAILED"]);
});
