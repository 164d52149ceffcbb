/** Closer to the end than this, on the way down, counts as reading along again; CSS pixels. */
const NEAR_PX = 48;
/** Fractions of a pixel are lost in rounding. */
const AT_END_PX = 1;

/** Whether the reader follows the newest text, and how much they have missed while reading further up. */
export class LiveEdge {
  #following = true;
  #missed = 0;
  #lastTop = 0;

  /**
   * The slightest way up is a wish to read there: new text must not pull the reader back from it.
   * @param {number} top pixels scrolled down  @param {number} below pixels of text below what is in view
   */
  scrolled(top, below) {
    if (below <= AT_END_PX || (top > this.#lastTop && below <= NEAR_PX)) this.jump();
    else if (top < this.#lastTop) this.#following = false;
    this.#lastTop = top;
  }

  /** A final was added. */
  added() {
    if (!this.#following) this.#missed += 1;
  }

  jump() {
    this.#following = true;
    this.#missed = 0;
  }

  /** True when the view must move to the newest text. */
  get following() {
    return this.#following;
  }

  /** Finals that came since the reader scrolled up. */
  get missed() {
    return this.#missed;
  }
}
