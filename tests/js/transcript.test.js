import assert from "node:assert/strict";
import test from "node:test";

import { joinText, tidy } from "../../static/js/spacing.js";
import { TranscriptModel } from "../../static/js/transcript-model.js";
import { TranscriptionDisplay } from "../../static/js/transcription-display.js";
import { openPage } from "./support/page.js";
import { fc } from "./support/settings.js";

const result = fc.record({
  kind: fc.constantFrom("partial", "partial", "final"),
  segmentId: fc.constantFrom("a", "b", "c", "d"),
  text: fc.oneof({ weight: 6, arbitrary: fc.lorem({ maxCount: 3 }) }, fc.constant("")),
});
const results = fc.array(result, { maxLength: 60 });

/** The simplest thing that can be right: a list of segments in the order of their first word. */
class Expected {
  list = [];
  clock = 0;

  hear({ kind, segmentId, text }) {
    this.clock += 1;
    let segment = this.list.find((known) => known.segmentId === segmentId);
    if (kind === "partial" && text === "" && !segment?.isFinal) {
      this.list = this.list.filter((known) => known !== segment);
      return;
    }
    if (!segment) this.list.push((segment = { segmentId, isFinal: false }));
    if (segment.isFinal) return;
    segment.text = tidy(text);
    segment.heardAt = this.clock;
    segment.isFinal = kind === "final";
  }

  get spokenId() {
    const open = this.list.filter(({ isFinal }) => !isFinal);
    return open.toSorted((a, b) => b.heardAt - a.heardAt)[0]?.segmentId ?? null;
  }
}

function say(target, { kind, segmentId, text }) {
  return kind === "final" ? target.appendFinal(text, segmentId) : target.updatePartial(text, segmentId);
}

test("p8: a partial replaces its segment in place, a final ends it for good", () => {
  fc.assert(
    fc.property(results, (spoken) => {
      const model = new TranscriptModel();
      const expected = new Expected();
      for (const heard of spoken) {
        say(model, heard);
        expected.hear(heard);
        const seen = expected.list.map(({ segmentId, text, isFinal }) => ({ segmentId, text, isFinal }));
        assert.deepEqual(model.segments, seen);
      }
    }),
  );
});

test("p8: the page shows the same segments, in the same order and look", (t) => {
  const page = openPage(t);
  fc.assert(
    fc.property(results, (spoken) => {
      const container = page.createElement("div");
      const display = new TranscriptionDisplay(container);
      const expected = new Expected();
      for (const heard of spoken) {
        say(display, heard);
        expected.hear(heard);
      }
      const lines = [...container.querySelectorAll(".segment")];
      assert.deepEqual(
        lines.map((line) => [line.textContent, line.classList.contains("final")]),
        expected.list.map(({ text, isFinal }) => [text, isFinal]),
      );
    }),
  );
});

test("p8: a final's element is never touched again", (t) => {
  const container = openPage(t).createElement("div");
  const display = new TranscriptionDisplay(container);
  display.appendFinal("no fever", "a");
  const settled = container.querySelector(".final");
  display.updatePartial("fever", "a");
  display.appendFinal("fever", "a");
  assert.equal(container.querySelector(".final"), settled);
  assert.equal(settled.textContent, "no fever");
});

test("p9: single spaces, none before closing punctuation, no closing mark doubled, in any language", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: fc.constantFrom(..." .,;:!?a\t") }))),
      (texts) => {
        const text = joinText(texts);
        assert.doesNotMatch(text, /\s\s|^\s|\s$/u);
        assert.doesNotMatch(text, /\s[.,;:!?]/u);
        assert.doesNotMatch(text, /([.,;:!?])\1/u);
      },
    ),
  );
});

test("p9: no letter is lost or added, and tidying twice changes nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const bare = (words) => words.replace(/[\s.,;:!?]/gu, "");
      assert.equal(bare(tidy(text)), bare(text));
      assert.equal(tidy(tidy(text)), tidy(text));
    }),
  );
});

test("p9: segments are joined as a person would write them", () => {
  assert.equal(
    joinText(["Patient is well", ".", " No  fever", ", no cough .", ". "]),
    "Patient is well. No fever, no cough.",
  );
});

test("p11: the segment being spoken is highlighted until it is final", (t) => {
  const page = openPage(t);
  fc.assert(
    fc.property(results, (spoken) => {
      const container = page.createElement("div");
      const display = new TranscriptionDisplay(container);
      const model = new TranscriptModel();
      const expected = new Expected();
      for (const heard of spoken) {
        say(display, heard);
        say(model, heard);
        expected.hear(heard);
        assert.equal(model.spokenId, expected.spokenId);
        const place = expected.list.findIndex(({ segmentId }) => segmentId === expected.spokenId);
        const lit = [...container.querySelectorAll(".segment")].map((line) => line.classList.contains("spoken"));
        assert.deepEqual(
          lit,
          expected.list.map((_, index) => index === place),
        );
      }
    }),
  );
});

test("text from the recogniser is shown as text, whatever it looks like", (t) => {
  const container = openPage(t).createElement("div");
  const display = new TranscriptionDisplay(container);
  display.updatePartial("<img src=x onerror=alert(1)>", "a");
  display.appendFinal("<script>alert(1)</script>", "b");
  assert.equal(container.querySelector("img, script"), null);
});

test("a screen reader hears finals, not partials; errors at once; states in one place", (t) => {
  const container = openPage(t).createElement("div");
  const display = new TranscriptionDisplay(container);
  display.updatePartial("no fe", "a");
  assert.equal(container.querySelector(".partial").getAttribute("aria-live"), "off");
  display.appendFinal("no fever", "a");
  const log = container.querySelector('[role="log"]');
  assert.equal(log.getAttribute("aria-live"), "polite");
  assert.equal(log.querySelector(".final").hasAttribute("aria-live"), false);
  display.showStatus("Recording.");
  assert.equal(container.querySelector('[role="status"]').textContent, "Recording.");
  display.showError("Connection lost.");
  assert.equal(container.querySelector('[role="alert"]').textContent, "Connection lost.");
  display.clear();
  assert.equal(container.querySelector('[role="alert"]').hidden, true);
  assert.equal(log.textContent, "");
});

test("where the offline recogniser begins its words say so, once, and what is copied has the words alone", (t) => {
  const container = openPage(t).createElement("div");
  const display = new TranscriptionDisplay(container);
  const marked = () =>
    [...container.querySelectorAll(".final")].map((line) => /not medical-grade/.test(line.textContent));
  display.appendFinal("No fever.", "a");
  display.updatePartial("no", "b");
  display.appendFinal("No cough.", "b", [], "pocketsphinx");
  display.appendFinal("No pain.", "c", [], "pocketsphinx");
  assert.deepEqual(marked(), [false, true, false]);
  assert.equal(display.text, "No fever. No cough. No pain.");
  display.clear();
  display.appendFinal("No rash.", "d", [], "pocketsphinx");
  assert.deepEqual(marked(), [true]);
});
