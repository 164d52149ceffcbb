import assert from "node:assert/strict";
import test from "node:test";

import { Alarms } from "../../static/js/alarms.js";
import { KeptAudio } from "../../static/js/kept-audio.js";
import { SoundWatch } from "../../static/js/sound-watch.js";
import { TextWatch } from "../../static/js/text-watch.js";

/** A microphone whose sound, and a computer whose clock, are in the test's hands. */
class Desk {
  said = [];
  gaps = [];
  textless = false;
  slept = 0;
  cuts = [];
  audio = new KeptAudio({ sampleRate: 16000 });
  #timers;

  constructor(t) {
    t.mock.timers.enable({ apis: ["setInterval", "Date"] });
    this.#timers = t.mock.timers;
    const views = {
      meter: { alarm: (words) => this.said.push(words), calm: () => this.said.push("") },
      display: { addGap: (words) => this.gaps.push(words) },
      connection: { show: ({ isTextless }) => (this.textless = isTextless) },
    };
    this.alarms = new Alarms(views, () => (this.slept += 1));
    const microphone = { deviceLabel: "Desk microphone", cut: () => this.cuts.push(this.audio.totalBytes) };
    this.alarms.start(microphone, this.audio);
    t.after(() => this.alarms.stop());
  }

  /** Sound comes for so long, every tenth of a second. */
  hears(seconds, peak = 0.3) {
    for (let tenth = 0; tenth < Math.round(seconds * 10); tenth += 1) {
      this.#timers.tick(100);
      this.alarms.heard({ peak, seconds: 0.1 });
      this.audio.add(new ArrayBuffer(3200));
    }
  }

  hearsNothing(seconds) {
    for (let tenth = 0; tenth < seconds * 10; tenth += 1) this.#timers.tick(100);
  }

  /** The computer sleeps: no timer runs, and then the clock is later. */
  sleeps(seconds) {
    this.#timers.setTime(Date.now() + 1000 * seconds);
  }
}

/** Remembers what is missing, and nothing else. */
const tells = (told) => ({
  silent: () => {},
  suspected: () => {},
  settled: (gap) => gap.seconds > 0 && told.push(gap),
});

test("no sound for a few seconds is told with the microphone's name, and its length stands in the text", (t) => {
  const desk = new Desk(t);
  desk.hears(3);
  desk.hearsNothing(4);
  assert.match(desk.said.at(-1), /No sound comes from "Desk microphone"/);
  desk.hearsNothing(3);
  desk.hears(2);
  assert.deepEqual(desk.gaps, ["[7 s not recorded - no sound came]"]);
  assert.equal(desk.said.at(-1), "");
});

test("a busy page that gets its sound late, but all of it, is no gap", (t) => {
  const told = [];
  let now = 0;
  const watch = new SoundWatch(tells(told), () => now);
  t.mock.timers.enable({ apis: ["setInterval"] });
  watch.start();
  t.after(() => watch.stop());
  const hears = (times, ms) => {
    for (let block = 0; block < times; block += 1) {
      now += ms;
      watch.heard(0.1);
    }
  };
  hears(20, 100);
  now += 5000;
  hears(50, 0);
  hears(30, 100);
  assert.deepEqual(told, []);
});

test("clocks that drift apart for hours make no gap", (t) => {
  const told = [];
  let now = 0;
  const watch = new SoundWatch(tells(told), () => now);
  t.mock.timers.enable({ apis: ["setInterval"] });
  watch.start();
  t.after(() => watch.stop());
  for (let block = 0; block < 4 * 36000; block += 1) {
    now += 100.05;
    watch.heard(0.1);
  }
  now += 3000;
  for (let block = 0; block < 20; block += 1) {
    now += 100;
    watch.heard(0.1);
  }
  assert.equal(told.length, 1);
  assert.ok(Math.abs(told[0].seconds - 3) < 0.2);
});

test("a sleep of ten minutes is marked, and the person is asked before anything is recorded again", (t) => {
  const desk = new Desk(t);
  desk.hears(3);
  desk.sleeps(600);
  desk.hearsNothing(0.5);
  desk.hears(2);
  assert.equal(desk.gaps.length, 1);
  assert.match(desk.gaps[0], /^\[10 min.* not recorded - computer asleep\]$/);
  assert.equal(desk.slept, 1);
});

test("a microphone muted by the computer is told at once, and how long it was", (t) => {
  const desk = new Desk(t);
  desk.hears(1);
  desk.alarms.hearing({ isHearing: false, reason: "muted" });
  assert.match(desk.said.at(-1), /has muted "Desk microphone"/);
  desk.hearsNothing(4);
  desk.alarms.hearing({ isHearing: true, reason: "muted" });
  desk.hears(2);
  assert.deepEqual(desk.gaps, ["[4 s not recorded - microphone muted]"]);
});

test("an interruption, as by a call, is told at once and measured by what is missing", (t) => {
  const desk = new Desk(t);
  desk.hears(1);
  desk.alarms.hearing({ isHearing: false, reason: "interrupted" });
  assert.match(desk.said.at(-1), /interrupts the sound/);
  desk.hearsNothing(5);
  desk.alarms.hearing({ isHearing: true, reason: "interrupted" });
  desk.hears(2);
  assert.deepEqual(desk.gaps, ["[5 s not recorded - sound interrupted by this computer]"]);
});

test("speech without text for five seconds is told, until text comes", (t) => {
  const desk = new Desk(t);
  desk.hears(4.9);
  assert.equal(desk.textless, false);
  desk.hears(0.2);
  assert.equal(desk.textless, true);
  desk.alarms.texted();
  assert.equal(desk.textless, false);
});

test("a silent room without text is no reason to worry anybody", () => {
  const told = [];
  const watch = new TextWatch((isTextless) => told.push(isTextless));
  for (let tenth = 0; tenth < 600; tenth += 1) watch.heard({ peak: 0.005, seconds: 0.1 });
  assert.deepEqual(told, []);
});

test("what is missing is kept at its place in the sound, to the byte, and what follows waits for that", (t) => {
  const desk = new Desk(t);
  desk.hears(3);
  desk.hearsNothing(6);
  desk.hears(0.5);
  const place = 3 * 32000;
  assert.deepEqual(desk.cuts, [place]);
  assert.equal(desk.audio.gaps.reach(0, desk.audio.totalBytes), place);
  desk.hears(1);
  assert.ok(Math.abs(desk.audio.gaps.at(place) - 6) < 0.2);
  assert.equal(desk.audio.gaps.reach(place, desk.audio.totalBytes), desk.audio.totalBytes);
});

test("a dictation that is stopped while the microphone is muted ends with a gap", (t) => {
  const desk = new Desk(t);
  desk.hears(2);
  desk.alarms.hearing({ isHearing: false, reason: "muted" });
  desk.hearsNothing(5);
  desk.alarms.stop();
  assert.ok(Math.abs(desk.audio.gaps.at(2 * 32000) - 5) < 0.2);
  assert.deepEqual(desk.gaps, ["[5 s not recorded - microphone muted]"]);
});

test("a pause is no gap", (t) => {
  const desk = new Desk(t);
  desk.hears(2);
  desk.alarms.stop();
  desk.hearsNothing(60);
  desk.alarms.start({ deviceLabel: "Desk microphone", cut: () => {} }, desk.audio);
  desk.hears(5);
  assert.deepEqual(desk.gaps, []);
});
