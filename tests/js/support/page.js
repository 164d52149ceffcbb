import { JSDOM } from "jsdom";

/** Gives the modules a page to work on, and takes it away after the test. */
export function openPage(test, body = "") {
  const dom = new JSDOM(`<!doctype html><body>${body}</body>`, { url: "https://dictation.example/" });
  const names = ["document", "Option", "Event", "HTMLElement", "location", "navigator", "AbortController"];
  const before = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  names.forEach((name) => {
    Object.defineProperty(globalThis, name, { value: dom.window[name], configurable: true, writable: true });
  });
  test.after(() => {
    before.forEach(([name, descriptor]) => {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete globalThis[name];
    });
    dom.window.close();
  });
  return dom.window.document;
}
