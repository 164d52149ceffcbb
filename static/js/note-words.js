import { duration } from "./format.js";
import { withoutText } from "./ledger.js";

/** The last words take a moment; what lies further back is made from the recording. */
const LAST_WORDS_SECONDS = 2;

const OFFLINE = "recognised offline by PocketSphinx, not medical-grade";
const MADE_AFTERWARDS = "being made from the recording, which is safe. It will be in the note";

const STATUS = {
  COMPLETED: { text: "Text saved", tone: "good" },
  IN_PROGRESS: { text: "Still being written", tone: "busy" },
  FAILED: { text: "Ended early", tone: "bad" },
};

const AUDIO = {
  STORED: { text: "Recording saved", tone: "good" },
  PENDING: { text: "Recording is being stored", tone: "busy" },
  FAILED: { text: "Recording not stored", tone: "bad" },
};

const FAILURES = {
  SESSION_TIMEOUT: "The connection ended before Stop was pressed. Everything that arrived was kept.",
  CONNECTION_LOST: "The connection ended before Stop was pressed. Everything that arrived was kept.",
  BUFFER_OVERFLOW: "The longest recording time was reached. Everything up to there was kept.",
  TRANSCRIBE_SERVICE_ERROR: "The recogniser was not available. The recording was kept; some text may be missing.",
  STORAGE_FULL: "The server's storage was full. What was accepted before was kept.",
};

export function statusWords({ status, failure_code: code }) {
  if (status === "FAILED" && code === "TRANSCRIBE_SERVICE_ERROR") return { text: "Text incomplete", tone: "bad" };
  return STATUS[status] ?? STATUS.IN_PROGRESS;
}

/** @returns {boolean} true while its text may still grow by itself */
export function isBeingWritten({ status }) {
  return status === "IN_PROGRESS";
}

/** @returns {string} what stands where the text would */
export function emptyWords(note) {
  return isBeingWritten(note) ? "No text yet." : "No words were recognised. Listen to the recording.";
}

/**
 * How whole the text of a dictation is that is over, for its receipt.
 * @param {number} capturedSeconds of it; the server may not have counted them all yet
 * @returns {{text: string, tone: "good"|"busy"|"bad"}}
 */
export function textWords(note, capturedSeconds) {
  const missing = withoutText(note);
  const has = note.word_count > 0;
  if (isBeingWritten(note) && (missing > 0 || isBehind(note.ledger, capturedSeconds))) {
    const coming = missing > 0 ? MADE_AFTERWARDS : "still coming, and will be in the note. The recording is safe";
    return { text: has ? `Text saved so far. The rest is ${coming}` : `No text yet. It is ${coming}`, tone: "busy" };
  }
  if (missing > 0) {
    const lacking = `${duration(missing)} of the recording ${missing < 2 ? "has" : "have"} no text. Open the note`;
    return { text: has ? `Text saved, but ${lacking}` : lacking, tone: "bad" };
  }
  if (!has) return { text: "No words were recognised. Listen to the recording", tone: "bad" };
  const warning = offlineWarning(note);
  return warning ? { text: `Text saved, ${warning}`, tone: "bad" } : { text: "Text saved", tone: "good" };
}

function isBehind({ recognised_seconds: recognised } = {}, capturedSeconds) {
  return capturedSeconds - recognised > LAST_WORDS_SECONDS;
}

export function audioWords(status) {
  return AUDIO[status] ?? AUDIO.PENDING;
}

/** @returns {string} why a note ended early and what of it was kept, or empty */
export function failureWords({ status, failure_code: code }) {
  if (status !== "FAILED") return "";
  return FAILURES[code] ?? "The dictation ended early. Everything that arrived was kept.";
}

/** @returns {string} what to know of text that the offline recogniser made instead of another, or empty */
export function offlineWarning(note) {
  if (!isPartlyOffline(note)) return "";
  const where = isWhollyOffline(note) ? "from" : "in part from";
  return `${where} the offline recogniser: not medical-grade, check every word`;
}

function isPartlyOffline({ segments = [] }) {
  return segments.some(({ recogniser }) => recogniser);
}

function isWhollyOffline({ segments = [] }) {
  return segments.every(({ recogniser }) => recogniser);
}

/** @returns {string} who made the words, and whether it was made for medical speech */
export function recogniserWords(recogniser, note = {}) {
  if (!recogniser) return "";
  if (recogniser === "pocketsphinx") return OFFLINE;
  if (!isPartlyOffline(note)) return `recognised by ${recogniser}`;
  return isWhollyOffline(note)
    ? `${OFFLINE}, because ${recogniser} could not be used`
    : `recognised by ${recogniser}, in part offline by PocketSphinx, not medical-grade`;
}

/** @returns {string} such as "Primary care" for PRIMARYCARE */
export function specialtyWords(specialty) {
  if (!specialty) return "";
  if (specialty === "PRIMARYCARE") return "Primary care";
  return specialty[0] + specialty.slice(1).toLowerCase();
}
