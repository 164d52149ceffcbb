import assert from "node:assert/strict";
import test from "node:test";

import { LiveEdge } from "../../static/js/live-edge.js";
import { fc } from "./support/settings.js";

const VIEW = 400;

/** A reader, a panel of text that grows, and the browser's scrolling between them. */
class Panel {
  edge = new LiveEdge();
  height = 200;
  top = 0;

  speak(pixels) {
    this.height += pixels;
    this.edge.added();
    if (this.edge.following) this.scrollTo(this.height);
  }

  scrollTo(top) {
    this.top = Math.max(0, Math.min(top, this.height - VIEW));
    this.edge.scrolled(this.top, Math.max(0, this.height - VIEW - this.top));
  }

  get below() {
    return Math.max(0, this.height - VIEW - this.top);
  }
}

const speaking = fc.array(fc.integer({ min: 20, max: 200 }), { minLength: 1, maxLength: 30 });

test("p10: the newest text stays in view while the reader is at the end", () => {
  fc.assert(
    fc.property(speaking, (lines) => {
      const panel = new Panel();
      for (const pixels of lines) {
        panel.speak(pixels);
        assert.equal(panel.below, 0);
      }
      assert.equal(panel.edge.missed, 0);
    }),
  );
});

test("p10: a reader who scrolled up, however little, is never moved, and sees how much is new", () => {
  fc.assert(
    fc.property(speaking, fc.integer({ min: 2, max: 1000 }), (lines, up) => {
      const panel = new Panel();
      panel.speak(2000);
      panel.scrollTo(panel.top - up);
      const reading = panel.top;
      lines.forEach((pixels) => panel.speak(pixels));
      assert.equal(panel.top, reading);
      assert.equal(panel.edge.missed, lines.length);
    }),
  );
});

test("p10: scrolling back to the end, or jumping there, follows again", () => {
  const panel = new Panel();
  panel.speak(2000);
  panel.scrollTo(100);
  panel.speak(50);
  panel.scrollTo(panel.height);
  assert.deepEqual([panel.edge.following, panel.edge.missed], [true, 0]);
  panel.scrollTo(100);
  panel.speak(50);
  panel.edge.jump();
  assert.deepEqual([panel.edge.following, panel.edge.missed], [true, 0]);
});
