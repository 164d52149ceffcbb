import { duration } from "./format.js";

const NOTHING_KEPT =
  "This browser keeps nothing on this computer's disk (a private window?). " +
  "If the connection is lost, leave this page open until everything is sent.";

/**
 * What to know before speaking: whether this computer could keep a whole recording, should the connection be lost.
 * @param {DictationStore|null} store
 * @param {{bytesASecond: number, maxSeconds: number}} recording
 * @param {StorageManager} [storage] tells how much room there is, in bytes
 * @returns {Promise<string>} a warning, or empty
 */
export async function roomWarning(store, { bytesASecond, maxSeconds }, storage = navigator.storage) {
  if (!store) return NOTHING_KEPT;
  const estimate = await storage?.estimate?.().catch(() => null);
  if (!estimate) return "";
  const seconds = Math.max(0, estimate.quota - estimate.usage) / bytesASecond;
  if (seconds >= maxSeconds) return "";
  return `This computer has room for ${duration(seconds)} of dictation only, should the connection be lost. Free some disk space.`;
}
