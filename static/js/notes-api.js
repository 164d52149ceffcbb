/** The server said no, or could not be reached. `words` are for a person. */
export class NotesProblem extends Error {
  constructor(words, status) {
    super(words);
    this.name = "NotesProblem";
    this.words = words;
    this.status = status;
  }
}

/** Reads notes over REST. */
export class NotesApi {
  #base;
  #fetch;

  constructor(base = "/api/v1/transcriptions", fetchFrom = (...request) => fetch(...request)) {
    this.#base = base;
    this.#fetch = fetchFrom;
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

  async #get(address, signal) {
    const response = await this.#fetch(address, { signal, headers: { Accept: "application/json" } }).catch((error) => {
      if (error.name === "AbortError") throw error;
      throw new NotesProblem("The server can't be reached. Your notes are safe there. Check your connection.", 0);
    });
    const body = await response.json().catch(() => ({}));
    if (response.ok) return body;
    if (response.status === 401) throw new NotesProblem("You are no longer signed in. Your notes are safe.", 401);
    throw new NotesProblem(body.message ?? "The server could not answer. Your notes are safe there.", response.status);
  }
}
