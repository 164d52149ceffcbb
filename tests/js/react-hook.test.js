import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";

import { buildSync } from "esbuild";

import { settled } from "./support/dictating.js";
import { openPage } from "./support/page.js";
import { answers, status } from "./support/watched-job.js";

const ENTRY = `
  export { useTranscriptionStatusSSE } from "./clients/react/src/index.ts";
  export { act, createElement, StrictMode } from "react";
  export { createRoot } from "react-dom/client";`;
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

const require = createRequire(import.meta.url);

/** The hook as an application has it: translated from TypeScript, beside a React that Node itself loads. */
function bundled() {
  const { outputFiles } = buildSync({
    stdin: { contents: ENTRY, resolveDir: PROJECT, loader: "ts" },
    bundle: true,
    write: false,
    format: "cjs",
    external: ["react", "react-dom"],
  });
  const module = { exports: {} };
  compileFunction(outputFiles[0].text, ["require", "module"])(require, module);
  return module.exports;
}

/** A component that shows what the hook says, its streams, and the questions it asks. */
async function mounted(t, { canStream = true, strict = false, formToken = undefined } = {}) {
  const made = { sources: [], asked: [], shown: null, renders: 0, answer: () => answers(status(1, 10)) };
  t.after(() => made.leaves()); // before its page is closed
  const document = openPage(t, "<div></div>");
  Object.assign(globalThis, { window: document.defaultView, IS_REACT_ACT_ENVIRONMENT: true });
  t.after(() => ["window", "IS_REACT_ACT_ENVIRONMENT"].forEach((name) => delete globalThis[name]));
  const { act, createElement, createRoot, StrictMode, useTranscriptionStatusSSE } = bundled();
  class Source {
    listeners = {};
    constructor(address) {
      this.address = address;
      made.sources.push(this);
    }
    addEventListener = (event, listener) => (this.listeners[event] = listener);
    close = () => (this.isClosed = true);
  }
  const fetchFrom = async (address) => {
    made.asked.push(address);
    return made.answer();
  };
  function Progress({ sessionId }) {
    made.renders += 1;
    made.shown = useTranscriptionStatusSSE(sessionId, { fetchFrom, formToken, Source: canStream ? Source : null });
    return null;
  }
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const root = createRoot(document.querySelector("div"));
  made.show = (sessionId) => {
    const element = createElement(Progress, { sessionId });
    return act(async () => root.render(strict ? createElement(StrictMode, null, element) : element));
  };
  made.leaves = () => act(async () => root.unmount());
  made.happens = (what) =>
    act(async () => {
      what();
      await settled();
    });
  made.says = (one) => made.happens(() => made.sources.at(-1).listeners.status({ data: JSON.stringify(one) }));
  made.passes = (milliseconds) => made.happens(() => t.mock.timers.tick(milliseconds));
  return made;
}

test("a component sees each status, the mode in words, and the end", async (t) => {
  const component = await mounted(t);
  await component.show("s 1");
  assert.equal(component.sources[0].address, "/api/v1/sessions/s%201/status/stream");
  assert.deepEqual([component.shown.status, component.shown.mode], [null, "connecting"]);
  await component.happens(() => component.sources[0].onopen());
  await component.says(status(2, 50));
  await component.says(status(3, 25));
  assert.deepEqual([component.shown.progress, component.shown.status.seq], [50, 3]);
  assert.equal(component.shown.modeWords, "Live updates.");
  await component.says(status(4, 100, "completed"));
  assert.deepEqual([component.shown.isOver, component.shown.status.status], [true, "completed"]);
  assert.equal(component.sources[0].isClosed, true);
});

test("the hook tries three times, then asks, and says that it does", async (t) => {
  const component = await mounted(t);
  await component.show("s1");
  for (const wait of [1000, 2000, 0]) {
    await component.happens(() => component.sources.at(-1).onerror());
    await component.passes(wait);
  }
  assert.deepEqual([component.sources.length, component.asked.length, component.shown.mode], [3, 1, "polling"]);
  assert.equal(component.shown.progress, 10);
});

test("without EventSource the hook asks at once", async (t) => {
  const component = await mounted(t, { canStream: false });
  await component.show("s1");
  await component.passes(3000);
  assert.deepEqual([component.shown.mode, component.shown.progress, component.asked.length], ["polling", 10, 2]);
});

test("a component that goes takes its stream and its questions with it", async (t) => {
  const component = await mounted(t);
  await component.show("s1");
  await component.leaves();
  assert.equal(component.sources[0].isClosed, true);
  const { renders } = component;
  await component.passes(120000);
  assert.deepEqual([component.sources.length, component.asked.length, component.renders], [1, 0, renders]);
});

test("another recording begins at nothing, and none is watched for null", async (t) => {
  const component = await mounted(t);
  await component.show("s1");
  await component.says(status(2, 50));
  await component.show("s2");
  assert.equal(component.sources[0].isClosed, true);
  assert.deepEqual([component.shown.status, component.shown.progress], [null, 0]);
  assert.match(component.sources[1].address, /s2/);
  await component.show(null);
  assert.equal(component.sources[1].isClosed, true);
  assert.equal(component.shown.mode, "stopped");
});

test("rendering again opens nothing again; strict mode leaves one stream open", async (t) => {
  const component = await mounted(t, { strict: true });
  await component.show("s1");
  await component.show("s1");
  assert.equal(component.sources.filter(({ isClosed }) => !isClosed).length, 1);
});

test("a recording that is not this person's is told as gone", async (t) => {
  const component = await mounted(t, { canStream: false });
  component.answer = () => answers({}, 404);
  await component.show("s1");
  await component.passes(0);
  assert.deepEqual([component.shown.isGone, component.shown.isOver], [true, false]);
});

test("with the secret of a page of ours the hook reports how each watch fared, without it none", async (t) => {
  const component = await mounted(t, { formToken: () => "secret" });
  await component.show("s1");
  await component.show("s2");
  assert.deepEqual(component.asked, ["/api/v1/sessions/s1/connection-health"]);
  await component.leaves();
  assert.deepEqual(component.asked[1], "/api/v1/sessions/s2/connection-health");
});
