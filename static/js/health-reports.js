/** So a watch of a minute or two, which is what most are, is reported once: when it is over. */
const EVERY_MS = 120000;
/** Who looks at another page and back does not report each time. */
const HIDDEN_AGAIN_MS = 60000;
/** After the way has changed: an administrator sees it soon, and a connection that flutters does not send on and on. */
const SOON_MS = 5000;
/** The server takes no watch of more than seven days: who watches for so long begins a new one. */
const LONGEST_MS = 6 * 24 * 3600 * 1000;

/**
 * What tells the server at `address` how a watch fares; null where there is no such address, or no `formToken`.
 * @param {(() => string)|undefined} formToken shows that it is a page of ours; "" where `fetchFrom` adds a token
 */
export function reportsOf(address, tally, formToken, fetchFrom) {
  const page = globalThis.document ?? null;
  return address && formToken ? new HealthReports(address, tally, { formToken, fetchFrom, page }) : null;
}

/**
 * Tells the server how one watch fares: every two minutes, soon after its way changed, when the page is hidden, and at the end.
 * Each report holds those before, so a lost one is no loss. Numbers only; nothing is said of the person or the recording.
 */
export class HealthReports {
  #address;
  #tally;
  #formToken;
  #fetch;
  #page;
  #id = newId();
  #number = 0;
  #beganAt = Date.now();
  #sentAt = -Infinity;
  #timer = null;
  #isSoon = false;
  #listening = new AbortController();

  /**
   * @param {string} address
   * @param {ConnectionTally} tally
   * @param {{formToken: () => string, fetchFrom: typeof fetch, page: Document|null}} how as reportsOf() has it
   */
  constructor(address, tally, { formToken, fetchFrom, page }) {
    this.#address = address;
    this.#tally = tally;
    this.#formToken = formToken;
    this.#fetch = fetchFrom;
    this.#page = page;
  }

  start() {
    const { signal } = this.#listening;
    const isDue = () => this.#page.visibilityState === "hidden" && Date.now() - this.#sentAt >= HIDDEN_AGAIN_MS;
    const hidden = () => isDue() && this.#send(false);
    this.#page?.addEventListener("visibilitychange", hidden, { signal });
    const leaves = ({ persisted }) => this.#send(!persisted);
    this.#page?.defaultView?.addEventListener("pagehide", leaves, { signal });
    this.#sendIn(EVERY_MS);
  }

  soon() {
    if (!this.#isSoon) this.#sendIn(SOON_MS);
    this.#isSoon = true;
  }

  /** The last one, at once. */
  end() {
    clearTimeout(this.#timer);
    this.#listening.abort();
    this.#send(true);
  }

  #sendIn(milliseconds) {
    clearTimeout(this.#timer);
    const send = () => {
      this.#isSoon = false;
      this.#sendIn(EVERY_MS);
      if (Date.now() - this.#beganAt < LONGEST_MS) this.#send(false);
      else this.#beginAgain();
    };
    this.#timer = setTimeout(send, milliseconds);
  }

  #beginAgain() {
    this.#send(true);
    this.#tally.beginAgain();
    this.#id = newId();
    this.#number = 0;
    this.#beganAt = Date.now();
  }

  /** Outlives the page. Never rejects: what could not be told now is told with the next one. */
  async #send(isOver) {
    this.#number += 1;
    this.#sentAt = Date.now();
    const report = { watch_id: this.#id, number: this.#number, is_over: isOver, ...this.#tally.report() };
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const token = this.#formToken();
    if (token) headers["X-CSRFToken"] = token;
    const began = performance.now();
    try {
      const body = JSON.stringify(report);
      const { ok } = await this.#fetch(this.#address, { method: "POST", headers, body, keepalive: true });
      if (!ok) return;
      this.#tally.trip((performance.now() - began) / 1000);
      if (report.watch_id === this.#id) this.#tally.taken(report);
    } catch {
      return; // a watch must not fail because nobody counts it
    }
  }
}

/** A random version 4 UUID; crypto.randomUUID() is not there on pages without https. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
