import assert from "node:assert/strict";
import test from "node:test";

import { bytes, milliseconds, reconnections, saved, tiles } from "../../static/js/connection-figures.js";
import { ConnectionPlots } from "../../static/js/connection-plots.js";
import { ConnectionsPage } from "../../static/js/connections-page.js";
import { namedParts } from "../../static/js/named-parts.js";
import { timeStrip } from "../../static/js/time-strip.js";
import { settled } from "./support/dictating.js";
import { openPage } from "./support/page.js";

const PAGE = `
  <select data-part="hours"><option value="24" selected></option><option value="1"></option></select>
  <p data-part="message" role="status">Loading</p>
  <div data-part="found" hidden>
    <dl data-part="tiles"></dl><div data-part="plots"></div>
    <table><tbody data-part="rows"></tbody></table>
    <nav data-part="pages"><button data-part="previous"></button><span data-part="where"></span>
      <button data-part="next"></button></nav>
    <p data-part="note"></p>
  </div>
  <template data-part="row"><tr><th data-watch="began"></th><th data-watch="session"></th><td data-watch="strip"></td>
    <td data-watch="reconnected"></td><td data-watch="errors"></td><td data-watch="delay"></td>
    <td data-watch="requests"></td><td data-watch="bytes"></td></tr></template>`;
const NONE = { updates: 0, p50_ms: null, p99_ms: null };
const LIVE = { updates: 30, p50_ms: 12.3, p99_ms: 48 };
const ASKED = { updates: 4, p50_ms: 1500, p99_ms: 3000 };

function watch(more = {}) {
  return {
    session_id: "0c7b7da8-1111-4111-8111-111111111111",
    watch_id: "w1",
    began_at: 1_800_000_000,
    total_seconds: 60,
    is_watching: false,
    mode: "sse",
    reconnections: 1,
    errors: 3,
    seconds: { sse: 50, polling: 9, gap: 1 },
    pattern: [
      { at: 0, mode: "sse" },
      { at: 30, mode: "gap" },
      { at: 31, mode: "polling" },
      { at: 40, mode: "sse" },
    ],
    reconnected: [{ at: 40, reason: "blocked" }],
    requests: 4,
    bytes: 9000,
    polling_requests: 21,
    polling_bytes: 30500,
    latency: { sse: LIVE, polling: ASKED },
    ...more,
  };
}

function health(items = [watch()], more = {}) {
  const nothing = { watches: 0, reconnections: 0, errors: 0, seconds: { sse: 0, polling: 0, gap: 0 } };
  const step = (at) => ({ at, ...nothing, latency: { sse: NONE, polling: NONE } });
  const last = { ...step(1_800_000_000), watches: 1, reconnections: 1, errors: 3, seconds: watch().seconds };
  return {
    hours: 24,
    timestamp: 1_800_000_000,
    streams_open_here: 2,
    is_cut: false,
    watching_now: { sse: 2, polling: 1, gap: 0 },
    totals: {
      sessions: 1,
      reconnections: 1,
      errors: 3,
      losses: { network: 0, server_closed: 1, refused: 0, blocked: 3 },
      seconds: watch().seconds,
      requests: 4,
      reports: 2,
      polling_requests: 21,
      bytes: 9000,
      polling_bytes: 30500,
      latency: { sse: LIVE, polling: ASKED },
    },
    over_time: [step(1_799_950_000), { ...last, latency: { sse: LIVE, polling: ASKED } }],
    watches: { items, page: 1, page_size: 20, total: items.length },
    ...more,
  };
}

/** The page in front of a server that answers what the test says. */
async function opened(t, answer) {
  const document = openPage(t, PAGE);
  Object.defineProperty(document, "hidden", { value: false, configurable: true, writable: true });
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const made = { asked: [], answer, parts: namedParts(document), document };
  const fetchFrom = async (address) => {
    made.asked.push(address);
    return made.answer();
  };
  const ending = new AbortController();
  t.after(() => ending.abort());
  await new ConnectionsPage(made.parts, new ConnectionPlots(), fetchFrom).start(ending.signal);
  made.passes = async (milliseconds) => {
    t.mock.timers.tick(milliseconds);
    await settled();
  };
  return made;
}

const answers = (body, status = 200) => ({ ok: status < 400, status, json: async () => body });

test("an administrator reads the figures in words and numbers", async (t) => {
  const { parts, asked } = await opened(t, () => answers(health()));
  assert.deepEqual(asked, ["/api/v1/admin/connection-health?hours=24&page=1&page_size=20"]);
  assert.equal(parts.found.hidden, false);
  assert.equal(parts.message.hidden, true);
  const row = parts.rows.textContent;
  assert.match(row, /Recording 0c7b7da8, 1 min/);
  assert.match(row, /1 \(blocked on the way\)/);
  assert.match(row, /4 instead of 21/);
  assert.match(parts.tiles.textContent, /Watching now32 live here, 1 asking/);
});

test("the tiles say what the numbers mean", () => {
  const shown = Object.fromEntries(tiles(health()).map(([name, figure, meaning]) => [name, `${figure}: ${meaning}`]));
  assert.equal(shown["On live updates"], "83 %: of the time");
  assert.equal(shown["Errors"], "3: lost most often: blocked on the way");
  assert.equal(shown["Delay, live"], "12 ms: 99 % within 48 ms");
  assert.equal(shown["Delay, asking"], "1.5 s: 99 % within 3 s");
  assert.equal(shown["Requests"], "81 % fewer: 4 instead of 21, and 2 reports for this page");
  assert.equal(shown["Bytes"], "70 % fewer: 9 KB instead of 31 KB, reports left out");
});

test("figures are never without a meaning", () => {
  assert.deepEqual([saved(0, 0), saved(25, 20), saved(1, 21)], ["none", "25 % more", "95 % fewer"]);
  assert.deepEqual([milliseconds(null), milliseconds(0.61), milliseconds(999)], ["none", "0.61 ms", "999 ms"]);
  assert.deepEqual([bytes(0), bytes(999), bytes(1_500_000)], ["0 B", "999 B", "1.5 MB"]);
  assert.equal(reconnections({ reconnections: 0, reconnected: [] }), "none");
});

test("a plot has a title, its meaning in words, and its numbers as a table that stays open", async (t) => {
  const page = await opened(t, () => answers(health()));
  const figures = [...page.parts.plots.querySelectorAll("figure")];
  assert.equal(figures.length, 3);
  for (const figure of figures) {
    const drawn = figure.querySelector("svg[role=img]");
    const words = drawn.getAttribute("aria-labelledby").split(" ");
    assert.ok(words.every((id) => page.document.getElementById(id).textContent.length > 5));
    assert.equal(figure.querySelectorAll("tbody tr").length, 2);
  }
  assert.match(figures[1].querySelector("tbody").textContent, /12 ms48 ms1\.5 s3 s/);
  assert.match(figures[1].querySelector("tbody").textContent, /none/);
  figures[0].querySelector("details").open = true;
  await page.passes(15_000);
  assert.equal(page.asked.length, 2);
  assert.equal(figures[0].querySelector("details").open, true);
  assert.equal(figures[0].isConnected, true);
});

test("marks stay inside of the drawing, whatever the numbers are", async (t) => {
  const big = {
    ...health().over_time[1],
    errors: 100_000,
    latency: { sse: LIVE, polling: { p50_ms: 5e6, p99_ms: 9e7 } },
  };
  const page = await opened(t, () => answers(health([watch()], { over_time: [big, big] })));
  for (const drawn of page.parts.plots.querySelectorAll("figure > svg")) {
    const inside = ["y", "cy", "y1", "height"].flatMap((name) =>
      [...drawn.querySelectorAll(`[${name}]`)].map((mark) => Number(mark.getAttribute(name))),
    );
    assert.ok(
      inside.every((value) => value >= 0 && value <= 150),
      inside.join(" "),
    );
  }
});

test("a strip tells a watch by heights, marks and words", (t) => {
  openPage(t);
  const strip = timeStrip(watch());
  const boxes = [...strip.querySelectorAll("rect")].map((box) => [
    box.dataset.mode,
    Number(box.getAttribute("height")),
  ]);
  assert.deepEqual(boxes, [
    ["sse", 14],
    ["gap", 2],
    ["polling", 7],
    ["sse", 14],
  ]);
  assert.equal(strip.querySelectorAll("line").length, 1);
  const words =
    "live updates 50 s, asking every 3 s 9 s, no connection 1 s, reconnected after 40 s (blocked on the way)";
  assert.equal(strip.getAttribute("aria-label"), words);
  assert.equal(timeStrip(watch({ total_seconds: 0, pattern: [] })).querySelectorAll("rect").length, 0);
});

test("without any watch it says so, and shows figures when they come", async (t) => {
  const page = await opened(t, () => answers(health([])));
  assert.match(page.parts.message.textContent, /Nobody has watched a recording in this time/);
  assert.equal(page.parts.found.hidden, true);
  page.answer = () => answers(health());
  await page.passes(15_000);
  assert.deepEqual([page.parts.found.hidden, page.parts.message.hidden], [false, true]);
});

test("what goes wrong is told in words, and the page goes on asking", async (t) => {
  const page = await opened(t, () => Promise.reject(new TypeError("unreachable")));
  assert.match(page.parts.message.textContent, /can't be reached/);
  const wrong = [
    [answers({}, 401), /no longer signed in/],
    [answers({ message: "This is for administrators only." }, 403), /for administrators only/],
    [answers({}, 500), /can't be shown now/],
  ];
  for (const [answer, words] of wrong) {
    page.answer = () => answer;
    await page.passes(15_000);
    assert.match(page.parts.message.textContent, words);
  }
  page.answer = () => answers(health());
  await page.passes(15_000);
  assert.equal(page.parts.message.hidden, true);
});

test("another window and another page are asked for at once; a hidden page asks nothing", async (t) => {
  const page = await opened(t, () =>
    answers(health([watch()], { watches: { items: [watch()], page: 1, page_size: 20, total: 45 } })),
  );
  assert.equal(page.parts.where.textContent, "1 to 20 of 45 watches");
  page.parts.next.click();
  await settled();
  assert.match(page.asked.at(-1), /page=2/);
  page.parts.hours.value = "1";
  page.parts.hours.dispatchEvent(new Event("change"));
  await settled();
  assert.match(page.asked.at(-1), /hours=1&page=1/);
  page.document.hidden = true;
  const asked = page.asked.length;
  await page.passes(60_000);
  assert.equal(page.asked.length, asked);
  page.document.hidden = false;
  page.document.dispatchEvent(new Event("visibilitychange"));
  await settled();
  assert.equal(page.asked.length, asked + 1);
});
