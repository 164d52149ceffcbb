import assert from "node:assert/strict";
import test from "node:test";

import { WatchedJob, answers, status } from "./support/watched-job.js";

test("polling brings the same statuses, each once, and ends with the recording", async (t) => {
  const job = new WatchedJob(t);
  job.watch.start();
  await job.losesStream();
  job.answer = () => answers(status(5, 60));
  await job.passes(6);
  job.answer = () => answers(status(9, 100, "completed"));
  await job.passes(60);
  assert.deepEqual(job.told, [
    [1, 0],
    [5, 60],
    [9, 100],
  ]);
  assert.deepEqual(job.ends, ["completed"]);
  assert.equal(job.asked.length, 4);
});

test("a browser without EventSource polls at once, and nothing sounds like an error", async (t) => {
  const job = new WatchedJob(t, { canStream: false });
  job.watch.start();
  await job.passes(60);
  assert.equal(job.asked.length, 21);
  assert.deepEqual(job.modes, ["polling"]);
  assert.deepEqual(job.words, ["Asking every 3 seconds."]);
});

test("signed out, it says so, asks rarely, and goes on when somebody signed in again", async (t) => {
  const job = new WatchedJob(t);
  job.answer = () => answers({}, 401);
  job.watch.start();
  await job.losesStream();
  assert.equal(job.watch.mode, "signedOut");
  assert.match(job.words.at(-1), /The work goes on/);
  await job.passes(29);
  assert.equal(job.asked.length, 1);
  job.answer = () => answers(status(6, 70));
  await job.passes(1);
  assert.deepEqual(job.told, [[6, 70]]);
  assert.equal(job.watch.mode, "polling");
});

for (const code of [403, 404]) {
  test(`a recording that this person does not have (${code}) is not asked for again`, async (t) => {
    const job = new WatchedJob(t);
    job.answer = () => answers({}, code);
    job.watch.start();
    await job.losesStream();
    assert.deepEqual([job.goneTimes, job.watch.mode], [1, "stopped"]);
    await job.passes(120);
    assert.deepEqual([job.sources.length, job.asked.length], [3, 1]);
  });
}

test("asked to wait, it waits as long as the server wants, and never less than 3 seconds", async (t) => {
  const job = new WatchedJob(t, { canStream: false });
  job.answer = () => answers({}, 429, { "Retry-After": "20" });
  job.watch.start();
  await job.passes(19);
  assert.equal(job.asked.length, 1);
  job.answer = () => answers({}, 429);
  await job.passes(1);
  assert.equal(job.asked.length, 2);
  await job.passes(3);
  assert.deepEqual([job.asked.length, job.watch.mode], [3, "polling"]);
});

test("a server that is away is named so, and asked until it is back", async (t) => {
  const job = new WatchedJob(t, { canStream: false });
  const faults = [() => Promise.reject(new TypeError("unreachable")), () => answers({}, 503), () => answers("a page")];
  for (const fault of faults) {
    job.answer = fault;
    job.watch.start();
    await job.passes(3);
    assert.equal(job.watch.mode, "offline");
    job.watch.stop();
  }
  job.watch.start();
  job.answer = () => answers(status(2, 10));
  await job.passes(3);
  assert.deepEqual([job.watch.mode, job.told], ["polling", [[2, 10]]]);
});

test("a question that is never answered does not end the asking", async (t) => {
  const job = new WatchedJob(t, { canStream: false });
  job.answer = (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  job.watch.start();
  await job.passes(10);
  assert.equal(job.watch.mode, "offline");
  await job.passes(3);
  assert.equal(job.asked.length, 2);
});

test("when the network is back, nobody waits for the next try", async (t) => {
  const job = new WatchedJob(t);
  job.answer = () => Promise.reject(new TypeError("unreachable"));
  job.watch.start();
  await job.losesStream();
  job.answer = () => answers(status(2, 30));
  job.network.dispatchEvent(new Event("online"));
  await job.passes(0);
  assert.deepEqual(job.told, [[2, 30]]);
  assert.equal(job.sources.length, 4);
  job.source.opens();
  assert.equal(job.watch.mode, "live");
  job.network.dispatchEvent(new Event("online"));
  assert.equal(job.sources.length, 4);
});

test("an answer that comes after the stop is not told", async (t) => {
  const job = new WatchedJob(t, { canStream: false });
  let answer = null;
  job.answer = () => new Promise((resolve) => (answer = resolve));
  job.watch.start();
  await job.passes(0);
  job.watch.stop();
  answer(answers(status(2, 30)));
  await job.passes(10);
  assert.deepEqual([job.told, job.watch.mode], [[], "stopped"]);
});
