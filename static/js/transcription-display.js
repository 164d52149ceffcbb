import { LiveEdge } from "./live-edge.js";
import { TurnWriter } from "./speaker-turns.js";
import { TranscriptModel } from "./transcript-model.js";

/** Shows a transcript while it is spoken, with its status and its errors. Text enters the page as text only. */
export class TranscriptionDisplay {
  #model = new TranscriptModel();
  #edge = new LiveEdge();
  #lines = new Map();
  #turns = new TurnWriter();
  #isOffline = false;
  #status;
  #alert;
  #log;
  #jump;
  #height;

  /** @param {HTMLElement} container an empty element; it is filled here */
  constructor(container) {
    this.#status = part("p", "visually-hidden", { role: "status" });
    this.#alert = part("div", "alert", { role: "alert" });
    this.#log = part("div", "transcript-log", {
      role: "log",
      "aria-live": "polite",
      "aria-relevant": "additions",
      "aria-label": "Transcript",
      tabindex: "0",
    });
    this.#jump = part("button", "jump-to-live", { type: "button" });
    this.#jump.hidden = this.#alert.hidden = true;
    container.replaceChildren(this.#status, this.#alert, this.#log, this.#jump);
    this.#log.addEventListener("scroll", () => this.#scrolled());
    this.#jump.addEventListener("click", () => this.#jumpToLive());
    this.#height = this.#log.clientHeight;
    if (globalThis.ResizeObserver) new ResizeObserver(() => this.#resized()).observe(this.#log);
  }

  /** Shows what the recogniser thinks so far, in the segment's own place. */
  updatePartial(text, segmentId) {
    if (!this.#model.updatePartial(text, segmentId)) return;
    const segment = this.#model.segment(segmentId);
    if (segment) {
      const line = this.#lines.get(segmentId) ?? this.#addLine(segmentId, partialLine());
      line.textContent = segment.text;
    } else {
      this.#removeLine(segmentId);
    }
    this.#highlight();
    this.#follow();
  }

  /**
   * Settles a segment. Its line is a new element, so that a screen reader hears the final, and only the final.
   * @param {object[]} words of it, where it is known who said them
   * @param {string} other the recogniser that made it, where that is the offline one instead of the usual one
   */
  appendFinal(text, segmentId, words = [], other = "") {
    if (!this.#model.appendFinal(text, segmentId)) return;
    const line = part("p", "segment final");
    this.#turns.write(line, this.#model.segment(segmentId).text, words);
    if (other && !this.#isOffline) line.prepend(offlineMark());
    this.#isOffline = Boolean(other);
    const partial = this.#lines.get(segmentId);
    if (partial) partial.replaceWith(line);
    else this.#log.append(line);
    this.#lines.set(segmentId, line);
    this.#edge.added();
    this.#highlight();
    this.#follow();
  }

  /** A line that says what was not recorded, at its place. */
  addGap(words) {
    const gapId = this.#model.addGap(words);
    const line = part("p", "segment gap");
    line.textContent = words;
    this.#addLine(gapId, line);
    this.#edge.added();
    this.#follow();
  }

  /** Takes back what was not settled: after an outage the same words may come again under another name. */
  dropPartials() {
    this.#model.openIds.forEach((segmentId) => this.updatePartial("", segmentId));
  }

  /** @param {string|Node} message what happened, whether the dictation is safe, what to do; empty takes it away */
  showError(message) {
    this.#alert.replaceChildren(message);
    this.#alert.hidden = message === "";
    this.#follow();
    // On a telephone it may be beyond the edge.
    if (!this.#alert.hidden) this.#alert.scrollIntoView?.({ block: "nearest" });
  }

  /** @param {string} status said once by a screen reader */
  showStatus(status) {
    this.#status.textContent = status;
  }

  clear() {
    this.#model.clear();
    this.#turns = new TurnWriter();
    this.#isOffline = false;
    this.#lines.clear();
    this.#log.replaceChildren();
    this.#edge.jump();
    this.#offerJump();
    this.showError("");
  }

  /** All finals as one text. */
  get text() {
    return this.#model.text;
  }

  #addLine(segmentId, line) {
    this.#lines.set(segmentId, line);
    this.#log.append(line);
    return line;
  }

  #removeLine(segmentId) {
    this.#lines.get(segmentId).remove();
    this.#lines.delete(segmentId);
  }

  #highlight() {
    this.#log.querySelector(".spoken")?.classList.remove("spoken");
    this.#lines.get(this.#model.spokenId)?.classList.add("spoken");
  }

  #follow() {
    if (this.#edge.following) this.#log.scrollTop = this.#log.scrollHeight;
    this.#offerJump();
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    if (clientHeight !== this.#height) {
      this.#resized();
      return;
    }
    this.#edge.scrolled(scrollTop, scrollHeight - scrollTop - clientHeight);
    this.#offerJump();
  }

  /** A notice or a receipt took its room, or gave it back: that is nobody's wish to read elsewhere. */
  #resized() {
    this.#height = this.#log.clientHeight;
    this.#follow();
  }

  #jumpToLive() {
    this.#edge.jump();
    this.#follow();
    this.#log.focus({ preventScroll: true });
  }

  #offerJump() {
    this.#jump.hidden = this.#edge.following;
    this.#jump.textContent = this.#edge.missed > 0 ? `Jump to live (${this.#edge.missed} new)` : "Jump to live";
  }
}

function offlineMark() {
  const mark = part("span", "offline-mark");
  mark.textContent = "From here by the offline recogniser, not medical-grade:";
  return mark;
}

function partialLine() {
  return part("p", "segment partial", { "aria-live": "off" });
}

function part(tag, className, attributes = {}) {
  const element = document.createElement(tag);
  element.className = className;
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  return element;
}
