import { DictationStore } from "./dictation-store.js";
import { Sealer } from "./sealer.js";

const KEY = "/api/v1/browser-key";

/** @returns {Promise<DictationStore|null>} null where nothing can be kept on this computer's disk */
export async function openStore(fetchFrom = (...request) => fetch(...request)) {
  try {
    const response = await fetchFrom(KEY, { headers: { Accept: "application/json" } });
    if (!response.ok) return null;
    return await DictationStore.open(await Sealer.from((await response.json()).key));
  } catch {
    // No IndexedDB, no key, no answer: the page says so before anything is spoken.
    return null;
  }
}
