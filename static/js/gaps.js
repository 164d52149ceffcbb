/**
 * What was not captured of one dictation: so many seconds right before the sound at an offset, in bytes.
 *
 * Whether sound is missing is known a moment after sound comes again. Until then what comes is held back, so that the
 * server can be told in the message that begins right there.
 */
export class Gaps {
  #list;
  #changed;
  #suspectedAt = null;

  /** @param {{offset: number, seconds: number}[]} list of an earlier visit  @param {(list: object[]) => void} changed */
  constructor(list = [], changed = () => {}) {
    this.#list = list;
    this.#changed = changed;
  }

  /** Sound may be missing right before this offset. */
  suspect(offset) {
    this.#suspectedAt ??= offset;
  }

  /** @param {number} seconds that are missing where it was suspected; 0 for none */
  settle(seconds) {
    const offset = this.#suspectedAt;
    this.#suspectedAt = null;
    if (offset === null || !(seconds > 0)) return;
    const others = this.#list.filter((gap) => gap.offset !== offset);
    this.#change([...others, { offset, seconds: this.at(offset) + seconds }].sort((a, b) => a.offset - b.offset));
  }

  /** @returns {number} seconds that are missing right before this offset, 0 for none */
  at(offset) {
    return this.#list.find((gap) => gap.offset === offset)?.seconds ?? 0;
  }

  /** @returns {number} how far a message may go that begins at this offset and has sound up to `end` */
  reach(offset, end) {
    const next = this.#list.find((gap) => gap.offset > offset)?.offset ?? end;
    return Math.min(end, next, this.#suspectedAt ?? end);
  }

  /** The server knows of every gap before this offset. One right at it goes with the sound that comes next, or the end. */
  acknowledge(offset) {
    const open = this.#list.filter((gap) => gap.offset >= offset);
    if (open.length < this.#list.length) this.#change(open);
  }

  #change(list) {
    this.#list = list;
    this.#changed(list);
  }
}
