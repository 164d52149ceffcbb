/** A connection that is neither made nor refused by then is given up. */
const OPEN_WITHIN_MS = 10000;

/**
 * One try at hearing the statuses of a recording over Server-Sent Events. An EventSource left alone tries again for ever
 * and never says how it stands; this one ends at its first fault, and who made it decides what comes next.
 */
export class StatusStream {
  #source;
  #deadline;

  /**
   * @param {string} address
   * @param {{opened: () => void, told: (status: object) => void, lost: () => void}} listener lost: once, and nothing after it
   * @param {typeof EventSource} Source
   */
  constructor(address, { opened, told, lost }, Source) {
    const end = () => {
      if (this.#source === null) return;
      this.close();
      lost();
    };
    this.#source = new Source(address);
    this.#deadline = setTimeout(end, OPEN_WITHIN_MS);
    this.#source.onopen = () => {
      clearTimeout(this.#deadline);
      opened();
    };
    this.#source.onerror = end;
    this.#source.addEventListener("status", ({ data }) => {
      const status = this.#source && read(data);
      if (status) told(status);
      else end();
    });
  }

  /** Nothing is told after this. */
  close() {
    clearTimeout(this.#deadline);
    this.#source?.close();
    this.#source = null;
  }
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
