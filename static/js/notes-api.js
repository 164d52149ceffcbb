/** The server said no, or could not be reached. `words` are for a person. */
export class NotesProblem extends Error {
  constructor(words, status) {
    super(words);
    this.name = "NotesProblem";
    this.words = words;
    this.status = status;
  }
}

/** Reads notes over REST, and asks for what can be done with them. */
export class NotesApi {
  #base;
  #fetch;
  #formToken;

  /** @param {() => string} formToken shows that a change comes from a page of ours; not needed for reading */
  constructor(base = "/api/v1/transcriptions", fetchFrom = (...request) => fetch(...request), formToken = () => "") {
    this.#base = base;
    this.#fetch = fetchFrom;
    this.#formToken = formToken;
  }

  /**
   * @param {{page: number, page_size: number, q: string, status: string}} wanted
   * @returns {Promise<{items: object[], page: number, page_size: number, total: number}>} rejects with NotesProblem
   */
  list(wanted, signal) {
    const given = Object.entries(wanted).filter(([, value]) => value !== "");
    return this.#get(`${this.#base}?${new URLSearchParams(given)}`, signal);
  }

  /** @returns {Promise<object>} one note with transcript_text and segments; rejects with NotesProblem */
  note(id, signal) {
    return this.#get(this.#address(id), signal);
  }

  /** @returns {Promise<{session_id: string, status_url: string}>} the work has begun; rejects with NotesProblem */
  recogniseAgain(id, signal) {
    return this.#ask(`${this.#address(id)}/recognise`, { method: "POST", signal });
  }

  /** @returns {Promise<object>} status, progress and message of such work; rejects with NotesProblem */
  status(address, signal) {
    return this.#get(address, signal);
  }

  audioAddress(id) {
    return `${this.#address(id)}/audio`;
  }

  audioDownloadAddress(id) {
    return `${this.#address(id)}/audio?download=1`;
  }

  textDownloadAddress(id) {
    return `${this.#address(id)}/export?format=txt`;
  }

  #address(id) {
    return `${this.#base}/${encodeURIComponent(id)}`;
  }

  #get(address, signal) {
    return this.#ask(address, { signal });
  }

  async #ask(address, request) {
    const headers = { Accept: "application/json" };
    if (request.method) headers["X-CSRFToken"] = this.#formToken();
    const response = await this.#fetch(address, { ...request, headers }).catch((error) => {
      if (error.name === "AbortError") throw error;
      throw new NotesProblem("The server can't be reached. Your notes are safe there. Check your connection.", 0);
    });
    const body = await response.json().catch(() => ({}));
    if (response.ok) return body;
    if (response.status === 401) throw new NotesProblem("You are no longer signed in. Your notes are safe.", 401);
    throw new NotesProblem(body.message ?? "The server could not answer. Your notes are safe there.", response.status);
  }
}
