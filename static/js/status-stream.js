/** A connection that is neither made nor refused by then is given up. */
const OPEN_WITHIN_MS = 10000;
/** EventSource.CLOSED: the server answered, and not with a stream. */
const CLOSED = 2;

/**
 * One try at hearing the statuses of a recording over Server-Sent Events. An EventSource left alone tries again for ever
 * and never says how it stands; this one ends at its first fault, and who made it decides what comes next.
 */
export class StatusStream {
  #source;
  #deadline;
  #isOpen = false;

  /**
   * @param {string} address
   * @param {{opened: () => void, told: (status: object, bytes: number) => void, lost: (reason: string) => void}} listener
   *   lost: once, and nothing after it; the reasons are those of ConnectionTally
   * @param {typeof EventSource} Source
   */
  constructor(address, { opened, told, lost }, Source) {
    const end = (reason) => {
      if (this.#source === null) return;
      this.close();
      lost(reason);
    };
    this.#source = new Source(address);
    this.#deadline = setTimeout(() => end("blocked"), OPEN_WITHIN_MS);
    this.#source.onopen = () => {
      clearTimeout(this.#deadline);
      this.#isOpen = true;
      opened();
    };
    this.#source.onerror = () => end(this.#fault());
    this.#source.addEventListener("status", ({ data, lastEventId }) => {
      const status = this.#source && read(data);
      if (status) told(status, `id: ${lastEventId}\nevent: status\ndata: ${data}\n\n`.length);
      else end("blocked");
    });
  }

  #fault() {
    if (this.#source?.readyState === CLOSED) return "refused";
    return this.#isOpen && globalThis.navigator?.onLine !== false ? "server_closed" : "network";
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
