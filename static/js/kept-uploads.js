const MOST_KEPT = 20;

/**
 * Which recordings one person has sent from this browser, newest first, so that a reload or another tab finds them.
 * Only ids: never a file's name, which may be a patient's.
 */
export class KeptUploads {
  #key;
  #storage;

  /** @param {() => Storage} storage a function, because the mere mention of localStorage throws where it is barred */
  constructor(userId, storage = () => localStorage) {
    this.#key = `seva-uploads-${userId}`;
    this.#storage = storage;
  }

  /** @returns {{session_id: string, transcription_id: number}[]} */
  all() {
    try {
      const kept = JSON.parse(this.#storage().getItem(this.#key) ?? "[]");
      return Array.isArray(kept) ? kept.filter(({ session_id: id }) => typeof id === "string") : [];
    } catch {
      return [];
    }
  }

  keep({ session_id, transcription_id }) {
    this.#write([{ session_id, transcription_id }, ...this.#without(session_id)].slice(0, MOST_KEPT));
  }

  forget(sessionId) {
    this.#write(this.#without(sessionId));
  }

  /** Calls `listener` when another tab has changed the list. */
  onChange(listener, pages = window, signal = undefined) {
    pages.addEventListener("storage", ({ key }) => key === this.#key && listener(), { signal });
  }

  #without(sessionId) {
    return this.all().filter(({ session_id: id }) => id !== sessionId);
  }

  #write(kept) {
    try {
      this.#storage().setItem(this.#key, JSON.stringify(kept));
    } catch {
      // A browser that keeps nothing shows its recordings until the page is left; they are in the list of notes.
    }
  }
}
