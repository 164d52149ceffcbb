import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";

import { DictationStore } from "../../../static/js/dictation-store.js";
import { Sealer } from "../../../static/js/sealer.js";

const KEY = Buffer.alloc(32, 7).toString("base64");

/** A browser's disk, and the stores that successive visits open on it. */
export class Disk {
  factory = new IDBFactory();
  isFull = false;
  writes = 0;

  /** @param {string} key base64 of the person's 32 bytes */
  async visit(key = KEY) {
    const store = await DictationStore.open(await Sealer.from(key), this.factory);
    const write = store.write.bind(store);
    store.write = (...what) => {
      if (this.isFull) return Promise.reject(new DOMException("No room.", "QuotaExceededError"));
      this.writes += 1;
      return write(...what);
    };
    return store;
  }

  /** Every byte that lies there, as somebody finds it who has no key. */
  async everything() {
    const database = await new Promise((resolve) => {
      const opening = this.factory.open("seva-dictations");
      opening.onsuccess = () => resolve(opening.result);
    });
    const all = await Promise.all(
      [...database.objectStoreNames].map(
        (name) =>
          new Promise((resolve) => {
            const asked = database.transaction(name).objectStore(name).getAll();
            asked.onsuccess = () => resolve(asked.result);
          }),
      ),
    );
    database.close();
    return all.flat();
  }
}
