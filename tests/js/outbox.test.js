import assert from "node:assert/strict";
import test from "node:test";

import { Desk, settled } from "./support/dictating.js";
import { Disk } from "./support/disk.js";
import { openPage } from "./support/page.js";

const COMPLETE = { transcription_id: 7, total_duration: 3, word_count: 28, audio_status: "STORED" };

/** The tabs of one browser: a lock lives as long as the tab that took it. */
class Tabs {
  held = new Set();

  tab() {
    const own = new Set();
    const take = async (name) => {
      if (this.held.has(name)) return null;
      this.held.add(name);
      own.add(name);
      return () => this.held.delete(name);
    };
    return { take, dies: () => own.forEach((name) => this.held.delete(name)) };
  }
}

class Browser {
  disk = new Disk();
  tabs = new Tabs();

  async opens() {
    const tabs = this.tabs.tab();
    const store = await this.disk.visit();
    const desk = new Desk({ store, tabs });
    desk.dies = () => tabs.dies();
    desk.store = store;
    await desk.outbox.find((about) => (desk.tookOver = about));
    return desk;
  }

  /** A dictation of which three seconds were not sent when the browser was killed. */
  async killedWhileRecording({ isEnded = false } = {}) {
    const first = await this.opens();
    await first.recording();
    first.line.audio.remember({ resumeToken: "token", isEnded });
    first.line.isCut(10, 3);
    await first.line.audio.flush();
    first.dies();
    return first;
  }
}

function browser(t) {
  openPage(t);
  t.mock.timers.enable({ apis: ["setInterval"] });
  return new Browser();
}

test("after a killed browser the card says what there is, and offers to send, hear, save or discard it", async (t) => {
  const chromium = browser(t);
  await chromium.killedWhileRecording();
  const { seen, lines, dictation } = await chromium.opens();
  assert.match(seen.card.title, /^Unsent dictation from .* · 3 s$/);
  assert.match(seen.card.words, /first 10 s are safe on the server. The last 3 s are only on this computer/);
  assert.deepEqual(seen.card.choices, ["send", "play", "download", "discard"]);
  assert.equal(lines.length, 0);
  assert.equal(dictation.needsPage, false);
});

test("sending it goes on in its session, and then nothing of it is left here", async (t) => {
  const chromium = browser(t);
  await chromium.killedWhileRecording();
  const { seen, line: none, lines, outbox } = await chromium.opens();
  assert.equal(none, undefined);
  seen.card.does.send();
  const [line] = lines;
  assert.equal(line.audio.about.resumeToken, "token");
  assert.deepEqual(line.wishes, ["end"]);
  assert.ok(outbox.needsPage);
  line.listeners.tell("continued", { transcription_id: 6 });
  line.audio.acknowledge(13 * 32000);
  line.receipt.open(COMPLETE);
  await settled();
  await settled();
  await until(() => seen.card.notes.length > 0);
  assert.deepEqual(seen.card.notes, [6, 7]);
  assert.equal(outbox.needsPage, false);
  assert.deepEqual(await chromium.disk.everything(), []);
});

test("what had been ended with Stop is sent in the next visit without asking", async (t) => {
  const chromium = browser(t);
  await chromium.killedWhileRecording({ isEnded: true });
  const { lines, seen } = await chromium.opens();
  assert.equal(lines.length, 1);
  assert.match(seen.card.words, /Sending: 3 s left/);
});

test("it is discarded only after a yes", async (t) => {
  const chromium = browser(t);
  await chromium.killedWhileRecording();
  const { seen } = await chromium.opens();
  let answer = false;
  globalThis.confirm = () => answer;
  t.after(() => delete globalThis.confirm);
  await seen.card.does.discard();
  assert.notEqual((await chromium.disk.everything()).length, 0);
  answer = true;
  await seen.card.does.discard();
  assert.equal(seen.card, undefined);
  assert.deepEqual(await chromium.disk.everything(), []);
});

test("what another living tab records is not offered to be sent, but to be taken over", async (t) => {
  const chromium = browser(t);
  const first = await chromium.opens();
  await first.recording();
  first.line.audio.remember({ resumeToken: "token" });
  await first.line.audio.flush();
  const second = await chromium.opens();
  assert.equal(second.seen.card, undefined);
  const [{ takeOver }] = second.seen.offers;
  await takeOver();
  const about = second.tookOver;
  assert.equal(about.sessionId, first.line.audio.about.sessionId);
  second.dictation.takeOver(about);
  assert.equal(second.line.audio.about.sessionId, about.sessionId);
  assert.equal(second.line.audio.about.resumeToken, "token");
  assert.notEqual(second.line.audio.about.id, about.id);
  assert.equal(second.line.audio.totalBytes, 0);
  second.line.place.fail({ error_code: "WEBSOCKET_CONNECTION_FAILED" });
  await settled();
});

test("a dictation that is wholly on the server but was never ended can be finished", async (t) => {
  const chromium = browser(t);
  const first = await chromium.opens();
  await first.recording();
  first.line.audio.remember({ resumeToken: "token" });
  first.line.isCut(10, 0);
  await first.line.audio.flush();
  first.dies();
  const { seen } = await chromium.opens();
  assert.match(seen.card.title, /^Unfinished dictation/);
  assert.deepEqual(seen.card.choices, ["send", "discard"]);
});

test("one that the server can't take stays, to be sent as a new one", async (t) => {
  const chromium = browser(t);
  await chromium.killedWhileRecording();
  const { seen, lines } = await chromium.opens();
  seen.card.does.send();
  lines[0].place.fail({ error_code: "FORBIDDEN" });
  lines[0].receipt.fail({ error_code: "FORBIDDEN" });
  await settled();
  assert.match(seen.card.words, /can't take it/);
  seen.card.does.send();
  assert.equal(lines.length, 2);
});

async function until(isSo) {
  for (let turn = 0; turn < 200 && !isSo(); turn += 1) await settled();
}
