const NAME = "seva-dictations";
const VERSION = 1;
const DICTATIONS = "dictations";
const PIECES = "pieces";
/** A write is over when it is on the disk, not in the disk's cache: laptops lose power too. */
const DURABLE = { durability: "strict" };

/**
 * Dictations on this computer's disk (IndexedDB), sealed: what was said until the server has it, and what is needed to
 * go on. Whoever has no key, or another person's, finds random bytes, sizes and random ids.
 */
export class DictationStore {
  #database;
  #sealer;

  constructor(database, sealer) {
    this.#database = database;
    this.#sealer = sealer;
  }

  /** @returns {Promise<DictationStore>} rejects where the browser keeps nothing, for instance in a private window */
  static async open(sealer, factory = globalThis.indexedDB) {
    const opening = factory.open(NAME, VERSION);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(DICTATIONS, { keyPath: "id" });
      opening.result.createObjectStore(PIECES, { keyPath: ["dictation", "offset", "size"] });
    };
    const database = await answer(opening);
    database.onversionchange = () => database.close();
    return new DictationStore(database, sealer);
  }

  close() {
    this.#database.close();
  }

  /** @returns {Promise<object[]>} what is known of each dictation of this person; those of others stay sealed */
  async dictations() {
    const records = await answer(this.#read(DICTATIONS).getAll());
    const opened = await Promise.allSettled(records.map((record) => this.#opened(record)));
    return opened.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
  }

  /** @returns {Promise<object|null>} */
  async dictation(id) {
    const record = await answer(this.#read(DICTATIONS).get(id));
    return record ? this.#opened(record) : null;
  }

  /** @returns {Promise<{offset: number, size: number}[]>} what there is of a dictation's audio, in order, in bytes */
  async pieces(id) {
    const keys = await answer(this.#read(PIECES).getAllKeys(piecesOf(id)));
    return keys.map(([, offset, size]) => ({ offset, size }));
  }

  /** @returns {Promise<ArrayBuffer>} s16le; rejects when it is not there or can't be opened */
  async read(id, { offset, size }) {
    const record = await answer(this.#read(PIECES).get([id, offset, size]));
    if (!record) throw new RangeError("There is no such piece.");
    return this.#sealer.open(record, pieceName(id, offset));
  }

  /**
   * Keeps all of it or nothing, and forgets the pieces that the server has.
   * @param {object} about with an id; replaces what was known of this dictation
   * @param {{offset: number, pcm: ArrayBuffer}[]} pieces
   * @param {number} acknowledged bytes that are safe on the server
   */
  async write(about, pieces, acknowledged) {
    const words = new TextEncoder().encode(JSON.stringify(about));
    const dictation = { id: about.id, ...(await this.#sealer.seal(words, about.id)) };
    const records = await Promise.all(pieces.map((piece) => this.#sealed(about.id, piece)));
    const change = this.#database.transaction([DICTATIONS, PIECES], "readwrite", DURABLE);
    change.objectStore(DICTATIONS).put(dictation);
    const shelf = change.objectStore(PIECES);
    records.forEach((record) => shelf.put(record));
    const safe = shelf.getAllKeys(piecesOf(about.id, acknowledged));
    safe.onsuccess = () => {
      const whole = safe.result.filter(([, offset, size]) => offset + size <= acknowledged);
      whole.forEach((key) => shelf.delete(key));
    };
    await over(change);
  }

  /** Nothing of it is left. */
  async discard(id) {
    const change = this.#database.transaction([DICTATIONS, PIECES], "readwrite", DURABLE);
    change.objectStore(DICTATIONS).delete(id);
    change.objectStore(PIECES).delete(piecesOf(id));
    await over(change);
  }

  #read(name) {
    return this.#database.transaction(name).objectStore(name);
  }

  async #opened(record) {
    const words = await this.#sealer.open(record, record.id);
    return JSON.parse(new TextDecoder().decode(words));
  }

  async #sealed(dictation, { offset, pcm }) {
    const place = { dictation, offset, size: pcm.byteLength };
    return { ...place, ...(await this.#sealer.seal(pcm, pieceName(dictation, offset))) };
  }
}

function pieceName(id, offset) {
  return `${id}:${offset}`;
}

function piecesOf(id, upTo = Infinity) {
  return IDBKeyRange.bound([id], [id, upTo, Infinity]);
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("Another tab holds an older store open."));
  });
}

function over(change) {
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve();
    change.onabort = () => reject(change.error);
  });
}
