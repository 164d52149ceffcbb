import assert from "node:assert/strict";
import test from "node:test";

import { WatchedJob, answers, status } from "./support/watched-job.js";

test("over the stream every status is told once, and the end closes it", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  job.source.opens();
  [status(1, 0, "queued"), status(2, 25), status(2, 25), status(1, 0, "queued")].forEach((one) => job.source.says(one));
  job.source.says(status(3, 100, "completed"));
  assert.deepEqual(job.told, [
    [1, 0],
    [2, 25],
    [3, 100],
  ]);
  assert.deepEqual(job.ends, ["completed"]);
  assert.equal(job.source.isClosed, true);
  assert.deepEqual(job.modes, ["connecting", "live", "stopped"]);
  await job.passes(120);
  assert.deepEqual([job.sources.length, job.asked.length], [1, 0]);
});

test("a failed recording is an end too", (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  job.source.opens();
  job.source.says(status(4, 40, "failed"));
  assert.deepEqual(job.ends, ["failed"]);
  assert.equal(job.watch.mode, "stopped");
});

test("progress never goes back, whatever is told in which order", (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  job.source.opens();
  [status(1, 50), status(2, 25), status(4, 75), status(3, 60)].forEach((one) => job.source.says(one));
  assert.deepEqual(job.told, [
    [1, 50],
    [2, 50],
    [4, 75],
  ]);
});

test("a lost stream is opened again after 1 and then 2 seconds, behind what was told last", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  assert.equal(job.source.address, "/api/v1/sessions/s1/status/stream");
  job.source.opens();
  job.source.says(status(7, 25));
  job.source.breaks();
  assert.equal(job.sources[0].isClosed, true);
  assert.equal(job.watch.mode, "connecting");
  job.clock.tick(999);
  assert.equal(job.sources.length, 1);
  job.clock.tick(1);
  assert.match(job.source.address, /\?last_event_id=7$/);
  job.source.breaks();
  job.clock.tick(1999);
  assert.equal(job.sources.length, 2);
  job.clock.tick(1);
  assert.equal(job.sources.length, 3);
  assert.equal(job.asked.length, 0);
});

test("after three failed attempts it polls at once and every 3 seconds, and says so", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  await job.losesStream();
  assert.equal(job.sources.length, 3);
  assert.deepEqual(job.asked, ["/api/v1/sessions/s1/status"]);
  assert.equal(job.watch.mode, "polling");
  assert.equal(job.words.at(-1), "Live updates don't get through. Asking every 3 seconds instead.");
  await job.passes(9);
  assert.equal(job.asked.length, 4);
});

test("while it polls, the stream is tried every 30 seconds, and polling ends when it holds", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  await job.losesStream();
  await job.passes(29);
  assert.equal(job.sources.length, 3);
  await job.passes(1);
  assert.equal(job.sources.length, 4);
  job.source.breaks();
  assert.equal(job.watch.mode, "polling");
  await job.passes(30);
  assert.equal(job.sources.length, 5);
  job.source.opens();
  assert.equal(job.watch.mode, "live");
  const asked = job.asked.length;
  await job.passes(20);
  assert.equal(job.asked.length, asked);
});

test("a stream that opens and breaks without a word counts as failed; one that told something does not", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  for (let round = 1; round <= 6; round += 1) {
    job.source.opens();
    job.source.says(status(round, round));
    job.source.breaks();
    await job.passes(1);
  }
  assert.deepEqual([job.sources.length, job.asked.length], [7, 0]);
  for (const seconds of [1, 2, 0]) {
    job.source.opens();
    job.source.breaks();
    await job.passes(seconds);
  }
  assert.equal(job.watch.mode, "polling");
});

test("a long silence that the server ended is no failure", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  for (let round = 0; round < 5; round += 1) {
    job.source.opens();
    job.source.says(status(1, 0, "queued"));
    await job.passes(300);
    job.source.breaks();
    await job.passes(1);
  }
  assert.equal(job.sources.length, 6);
  assert.equal(job.watch.mode, "connecting");
});

test("a stream that neither opens nor fails is given up after 10 seconds", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  await job.passes(10);
  assert.equal(job.sources[0].isClosed, true);
  await job.passes(1);
  assert.equal(job.sources.length, 2);
});

test("what is not a status breaks the stream, and the next one goes on", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  job.source.opens();
  job.source.says("<html>a proxy's own page</html>");
  assert.equal(job.source.isClosed, true);
  await job.passes(1);
  job.source.opens();
  job.source.says(status(1, 10));
  assert.deepEqual(job.told, [[1, 10]]);
});

test("after the computer slept a dead stream is found by one question, and replaced", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  job.source.opens();
  job.source.says(status(3, 40));
  job.answer = () => answers(status(8, 90));
  job.clock.setTime(Date.now() + 3_600_000);
  await job.passes(5);
  assert.deepEqual(job.told.at(-1), [8, 90]);
  assert.equal(job.sources[0].isClosed, true);
  await job.passes(1);
  assert.match(job.source.address, /last_event_id=8$/);
  assert.equal(job.asked.length, 1);
});

test("a stream that is only quiet is asked about once in 45 seconds, and kept", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  job.source.opens();
  job.source.says(status(1, 0, "queued"));
  await job.passes(100);
  assert.equal(job.asked.length, 2);
  assert.deepEqual([job.sources.length, job.watch.mode], [1, "live"]);
});

test("a quiet stream whose server is away is given up", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  job.source.opens();
  job.answer = () => Promise.reject(new TypeError("unreachable"));
  await job.passes(45);
  assert.equal(job.source.isClosed, true);
  assert.equal(job.watch.mode, "connecting");
});

test("an end that a quiet stream did not bring is told all the same", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  job.source.opens();
  job.answer = () => answers(status(9, 100, "completed"));
  await job.passes(45);
  assert.deepEqual(job.ends, ["completed"]);
  assert.equal(job.source.isClosed, true);
});

test("stopped, it is still, whatever it was about to do; started again, it goes on behind what it told", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  job.watch.start();
  assert.equal(job.sources.length, 1);
  job.source.opens();
  job.source.says(status(3, 40));
  job.watch.stop();
  assert.equal(job.source.isClosed, true);
  job.watch.start();
  assert.match(job.source.address, /last_event_id=3$/);
  job.source.breaks();
  job.watch.stop();
  await job.passes(60);
  assert.deepEqual([job.sources.length, job.asked.length], [2, 0]);
  job.watch.start();
  await job.losesStream();
  const asked = job.asked.length;
  job.watch.stop();
  job.network.dispatchEvent(new Event("online"));
  await job.passes(60);
  assert.equal(job.asked.length, asked);
});

test("what is known already is neither told again nor undercut; a new beginning may begin at nothing", (t) => {
  const job = new WatchedJob(t, { seen: status(6, 60) });
  job.watch.start();
  assert.match(job.source.address, /last_event_id=6$/);
  job.source.opens();
  job.source.says(status(6, 60));
  job.source.says(status(7, 50));
  assert.deepEqual(job.told, [[7, 60]]);
});

test("work that begins anew after a failure begins at nothing", (t) => {
  const job = new WatchedJob(t, { seen: status(6, 60, "failed") });
  job.watch.start();
  job.source.opens();
  job.source.says(status(7, 0, "queued"));
  assert.deepEqual(job.told, [[7, 0]]);
});
