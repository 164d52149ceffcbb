import assert from "node:assert/strict";
import test from "node:test";

import { ConnectionTally } from "../../static/js/connection-tally.js";
import { WatchedJob, answers, status } from "./support/watched-job.js";

const HEALTH = "/api/v1/sessions/s1/connection-health";
const TWO_MINUTES = 120;
const reporting = (t, more = {}) => new WatchedJob(t, { reports: true, ...more });
const made = (seq, progress, ago, word) => ({ ...status(seq, progress, word), timestamp: Date.now() / 1000 - ago });

test("a watch of nearly two minutes over one stream is one request and one report, when it is over", async (t) => {
  const job = reporting(t);
  job.watch.start();
  job.source.opens();
  job.source.says(made(1, 0, 0.02, "queued"));
  await job.passes(40);
  job.source.says(made(2, 30, 0.03));
  await job.passes(40);
  job.source.says(made(3, 60, 0.03));
  await job.passes(35);
  assert.equal(job.reports.length, 0);
  job.source.says(made(4, 100, 0.03, "completed"));
  await job.passes(300);
  assert.equal(job.reports.length, 1);
  const [{ address, how, body }] = job.reports;
  assert.deepEqual([address, how.method, how.keepalive, how.headers["X-CSRFToken"]], [HEALTH, "POST", true, "secret"]);
  assert.deepEqual([body.number, body.is_over, body.connects, body.errors], [1, true, 1, 0]);
  assert.deepEqual(body.requests, { sse: 1, polling: 0 });
  assert.deepEqual(body.seconds, { sse: 115, polling: 0, gap: 0 });
  assert.deepEqual(body.samples, [
    [0, 0.02, 1],
    [40, 0.03, 2],
    [80, 0.03, 3],
    [115, 0.03, 4],
  ]);
  assert.match(body.watch_id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("bytes are those on the wire: of events with their frame, of answers without their head", async (t) => {
  const job = reporting(t);
  job.watch.start();
  job.source.opens();
  const event = `id: 1\nevent: status\ndata: ${JSON.stringify(status(1, 10))}\n\n`;
  job.source.says(status(1, 10));
  job.source.breaks();
  await job.losesStream();
  const answer = JSON.stringify(status(1, 0, "queued"));
  job.watch.stop();
  assert.deepEqual(job.reports.at(-1).body.received_bytes, { sse: event.length, polling: answer.length });
});

test("where the stream is blocked it is said so, with the time in each mode and the way back", async (t) => {
  const job = reporting(t);
  job.watch.start();
  await job.losesStream();
  await job.passes(30);
  job.source.opens();
  await job.passes(6);
  job.watch.stop();
  const { body } = job.reports.at(-1);
  assert.deepEqual(body.losses, { network: 0, server_closed: 0, refused: 0, blocked: 3 });
  assert.deepEqual([body.connects, body.disconnects, body.errors, body.reconnections], [1, 0, 3, 1]);
  assert.deepEqual(body.reconnected, [[33, "blocked"]]);
  assert.deepEqual(body.changes, [
    [0, "gap"],
    [3, "polling"],
    [33, "sse"],
  ]);
  assert.deepEqual(body.seconds, { sse: 6, polling: 30, gap: 3 });
  assert.equal(body.mode_changes, 1);
});

test("an administrator hears of a change of the way within seconds, not only after a minute", async (t) => {
  const job = reporting(t);
  job.watch.start();
  job.source.opens();
  job.source.says(status(1, 10));
  job.source.breaks();
  await job.losesStream();
  assert.equal(job.watch.mode, "polling");
  await job.passes(5);
  assert.deepEqual([job.reports.length, job.reports[0].body.mode], [1, "polling"]);
});

test("every two minutes are reported while it goes on, and each report holds those before", async (t) => {
  const job = reporting(t);
  job.watch.start();
  job.source.opens();
  job.source.says(made(1, 10, 0.01));
  await job.passes(TWO_MINUTES);
  job.source.says(made(2, 20, 0.02));
  await job.passes(TWO_MINUTES);
  const [first, second] = job.reports.map(({ body }) => body);
  assert.equal(job.reports.length, 2);
  assert.deepEqual([first.number, first.samples.length, first.first_sample], [1, 1, 0]);
  assert.deepEqual([second.number, second.samples.length, second.first_sample], [2, 1, 1]);
  assert.equal(second.watch_id, first.watch_id);
  assert.deepEqual([first.is_over, second.seconds.sse], [false, 2 * TWO_MINUTES]);
});

test("what could not be reported is reported with the next", async (t) => {
  const job = reporting(t);
  job.answerReport = () => Promise.reject(new TypeError("unreachable"));
  job.watch.start();
  job.source.opens();
  job.source.says(made(1, 10, 0.01));
  await job.passes(TWO_MINUTES);
  job.answerReport = () => answers({}, 503);
  await job.passes(TWO_MINUTES);
  job.answerReport = () => answers({}, 204);
  await job.passes(2 * TWO_MINUTES);
  assert.deepEqual(
    job.reports.map(({ body }) => body.samples.length),
    [1, 1, 1, 0],
  );
  assert.equal(job.watch.mode, "live");
});

test("each reason of a loss has its name", async (t) => {
  const job = reporting(t);
  const losses = () => {
    job.watch.stop();
    job.watch.start();
    return job.reports.at(-1).body.losses;
  };
  const none = { network: 0, server_closed: 0, refused: 0, blocked: 0 };
  job.watch.start();
  job.source.opens();
  job.source.breaks();
  assert.deepEqual(losses(), { ...none, server_closed: 1 });
  job.source.readyState = 2;
  job.source.breaks();
  assert.deepEqual(losses(), { ...none, refused: 1 });
  await job.passes(10);
  assert.deepEqual(losses(), { ...none, blocked: 1 });
  job.source.opens();
  job.source.says("<html>a proxy's own page</html>");
  assert.deepEqual(losses(), { ...none, blocked: 1 });
  job.source.breaks();
  assert.deepEqual(losses(), { ...none, network: 1 });
});

test("a server that is away is the network, for the stream and for each question", async (t) => {
  const job = reporting(t);
  job.answer = () => Promise.reject(new TypeError("unreachable"));
  job.watch.start();
  await job.losesStream();
  await job.passes(6);
  job.watch.stop();
  const { body } = job.reports.at(-1);
  assert.deepEqual([body.losses.network, body.losses.blocked, body.errors], [6, 0, 6]);
  assert.deepEqual(body.seconds, { sse: 0, polling: 0, gap: 9 });
});

test("a page that is hidden reports at once, but not each time that somebody looks elsewhere; one that is left does", async (t) => {
  const job = reporting(t, { page: true });
  const looksElsewhere = () => ["hidden", "visible"].forEach((state) => job.page.becomes(state));
  job.watch.start();
  job.source.opens();
  looksElsewhere();
  assert.deepEqual([job.reports.length, job.reports[0].body.is_over], [1, false]);
  await job.passes(59);
  looksElsewhere();
  assert.equal(job.reports.length, 1);
  await job.passes(1);
  looksElsewhere();
  assert.equal(job.reports.length, 2);
  job.page.leaves();
  assert.deepEqual([job.reports.length, job.reports[2].body.is_over], [3, true]);
  job.watch.stop();
  job.page.becomes("hidden");
  assert.equal(job.reports.length, 4);
});

test("started again it is another watch; without a place to report nothing is sent", async (t) => {
  const job = reporting(t);
  job.watch.start();
  job.watch.stop();
  job.watch.start();
  job.watch.stop();
  const [first, second] = job.reports.map(({ body }) => body);
  assert.notEqual(first.watch_id, second.watch_id);
  assert.deepEqual([second.number, second.requests.sse], [1, 1]);
  const silent = new WatchedJob(t, { isSame: true });
  silent.watch.start();
  silent.watch.stop();
  assert.equal(silent.reports.length, 0);
});

test("a page that watches for days begins a new watch, before the server would take no more of it", async (t) => {
  const job = reporting(t);
  job.watch.start();
  job.source.opens();
  job.source.says(made(1, 10, 0.01));
  job.clock.setTime(Date.now() + 6 * 24 * 3600 * 1000);
  await job.passes(120);
  job.source.says(made(2, 20, 0.02));
  await job.passes(120);
  const [first, second] = job.reports.map(({ body }) => body);
  assert.deepEqual([first.is_over, first.samples.length], [true, 1]);
  assert.ok(first.seconds.sse < 7 * 24 * 3600, "the server takes no more");
  assert.notEqual(second.watch_id, first.watch_id);
  assert.deepEqual([second.number, second.is_over, second.seconds.sse], [1, false, 120]);
  assert.deepEqual([second.changes, second.connects], [[[0, "sse"]], 0]);
  assert.deepEqual([second.samples.length, second.first_sample], [1, 0]);
});

test("however long it goes on and however often it breaks, a report stays small and in order", () => {
  let now = 1000;
  const tally = new ConnectionTally(() => now);
  for (let round = 0; round < 5000; round += 1) {
    now += round % 7 === 0 ? -2 : 1.5; // a clock that somebody sets
    tally.asked("sse");
    tally.opened(0.02);
    tally.shows("live");
    tally.received("sse", { timestamp: now - 0.1, seq: round + 1 }, round);
    tally.lost("server_closed", true);
    tally.shows("connecting");
  }
  const report = tally.report();
  assert.deepEqual([report.changes.length, report.reconnected.length, report.samples.length], [60, 40, 200]);
  assert.equal(report.first_sample, 4800);
  assert.ok(JSON.stringify(report).length < 12_000);
  const times = report.changes.map(([at]) => at);
  assert.deepEqual(
    times,
    [...times].sort((one, other) => one - other),
  );
  const whole = Object.values(report.seconds).reduce((sum, of) => sum + of, 0);
  assert.ok(Math.abs(whole - times.at(-1)) < 0.1, `${whole} and ${times.at(-1)}`);
});

test("of a status without its time nothing is said", () => {
  const tally = new ConnectionTally();
  tally.received("sse", { seq: 1 }, 0);
  assert.deepEqual(tally.report().samples, []);
});
