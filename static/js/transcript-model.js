import { joinText, tidy } from "./spacing.js";

/**
 * What has been said, segment by segment in the order each was first heard, without a DOM.
 * A partial replaces its segment in place; a final ends it, and nothing changes it afterwards.
 */
export class TranscriptModel {
  #segments = new Map();
  #open = [];

  /** A partial without text takes its segment back: it was noise.
   *  @returns {boolean} false when the segment is already final, and nothing was changed */
  updatePartial(text, segmentId) {
    if (this.#segments.get(segmentId)?.isFinal) return false;
    const said = tidy(text);
    this.#open = this.#withoutOpen(segmentId);
    if (said === "") return this.#segments.delete(segmentId);
    this.#segments.set(segmentId, { segmentId, text: said, isFinal: false });
    this.#open.push(segmentId);
    return true;
  }

  /** @returns {boolean} false when the segment was final before, and nothing was changed */
  appendFinal(text, segmentId) {
    if (this.#segments.get(segmentId)?.isFinal) return false;
    this.#segments.set(segmentId, { segmentId, text: tidy(text), isFinal: true });
    this.#open = this.#withoutOpen(segmentId);
    return true;
  }

  /** @param {string} words what was not recorded here, and why  @returns {string} its id */
  addGap(words) {
    const segmentId = `gap-${this.#segments.size}`;
    this.#segments.set(segmentId, { segmentId, text: words, isFinal: true });
    return segmentId;
  }

  clear() {
    this.#segments.clear();
    this.#open = [];
  }

  /** @returns {{segmentId: string, text: string, isFinal: boolean}|undefined} */
  segment(segmentId) {
    return this.#segments.get(segmentId);
  }

  /** @returns {{segmentId: string, text: string, isFinal: boolean}[]} */
  get segments() {
    return [...this.#segments.values()];
  }

  /** The segment being spoken now: of those not final, the one heard last. Null when all are final. */
  get spokenId() {
    return this.#open.at(-1) ?? null;
  }

  /** Segments that are not final. */
  get openIds() {
    return [...this.#open];
  }

  /** All finals as one text, as the server keeps it. */
  get text() {
    return joinText(this.segments.filter(({ isFinal }) => isFinal).map(({ text }) => text));
  }

  #withoutOpen(segmentId) {
    return this.#open.filter((id) => id !== segmentId);
  }
}
