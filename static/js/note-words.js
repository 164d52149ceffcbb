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

export function statusWords(status) {
  return STATUS[status] ?? STATUS.IN_PROGRESS;
}

export function audioWords(status) {
  return AUDIO[status] ?? AUDIO.PENDING;
}

/** @returns {string} why a note ended early and what of it was kept, or empty */
export function failureWords({ status, failure_code: code }) {
  if (status !== "FAILED") return "";
  return FAILURES[code] ?? "The dictation ended early. Everything that arrived was kept.";
}

/** @returns {boolean} true where the offline recogniser went on for another */
export function isPartlyOffline({ segments = [] }) {
  return segments.some(({ recogniser }) => recogniser);
}

/** @returns {string} who made the words, and whether it was made for medical speech */
export function recogniserWords(recogniser, note = {}) {
  if (!recogniser) return "";
  if (isPartlyOffline(note)) return `recognised by ${recogniser}, in part offline by PocketSphinx, not medical-grade`;
  return recogniser === "pocketsphinx"
    ? "recognised offline by PocketSphinx, not medical-grade"
    : `recognised by ${recogniser}`;
}

/** @returns {string} such as "Primary care" for PRIMARYCARE */
export function specialtyWords(specialty) {
  if (!specialty) return "";
  if (specialty === "PRIMARYCARE") return "Primary care";
  return specialty[0] + specialty.slice(1).toLowerCase();
}
