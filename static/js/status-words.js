const WORDS = {
  stopped: "",
  connecting: "Connecting for live updates.",
  live: "Live updates.",
  polling: "Live updates don't get through. Asking every 3 seconds instead.",
  offline: "The server can't be reached. Your recording is safe there; this page keeps asking.",
  signedOut: "You are signed out. The work goes on. Sign in again to watch it.",
};
const POLLING_BY_NATURE = "Asking every 3 seconds.";

/**
 * How the news of a recording come, for people.
 * @param {string} mode of TranscriptionStatus
 * @param {boolean} canStream false in a browser that knows no live updates: then nothing is amiss
 */
export function modeWords(mode, canStream) {
  return mode === "polling" && !canStream ? POLLING_BY_NATURE : WORDS[mode];
}
