import { duration } from "./format.js";
import { SLOW_MS } from "./websocket-client.js";

const RECOGNISER = {
  catching_up: (lag) => `Text is ${duration(lag)} behind. Your audio is safe.`,
  reconnecting: () => "Text pauses while the recogniser restarts. Your audio is safe.",
  unavailable: () => "No live text. The recording goes on; the text is made from it afterwards.",
};

const QUIET = {
  ready: "Microphone off",
  starting: "Connecting. Wait before you speak",
  finishing: "Saving. Keep this page open",
};

/**
 * The state of the connection in words, for the one place that shows it.
 * @param {object} now state; isLocal (recorded here at first, by choice), isOffline, isLost, refusal (why no line can be had), isFull, isCatchingUp, isDraining,
 *   isTextless; waiting; recogniser, lag; trouble: the server's words for what is wrong with the recogniser, or ""
 * @returns {{tone: "idle"|"good"|"warn"|"bad", text: string}}
 */
export function connectionWords(now) {
  const { state, waiting, isDraining, isTextless, recogniser, lag, trouble } = now;
  if (state !== "recording" && state !== "paused") return { tone: "idle", text: QUIET[state] };
  if (now.isLocal) return localWords(now);
  if (waiting.oldestMs >= SLOW_MS || (now.isLost && now.refusal)) return lateWords(now);
  if (state === "paused") return { tone: "idle", text: "Paused. Nothing is heard" };
  if (isDraining) return { tone: "warn", text: "Updating the server. Still recording" };
  if (recogniser in RECOGNISER) return { tone: "warn", text: trouble || RECOGNISER[recogniser](lag) };
  if (trouble) return { tone: "warn", text: trouble };
  if (isTextless) return { tone: "warn", text: "You can be heard, but no text comes back. Your recording is safe" };
  return { tone: "good", text: "Live. Everything you say is being saved" };
}

function localWords({ state, isOffline, refusal, waiting }) {
  const here = `${state === "paused" ? "Paused" : "Recording"} ${waiting.isKept ? "on this computer" : "in this page"} only`;
  const late = `${duration(waiting.waitingSeconds)} waiting to send, text comes later`;
  return { tone: "warn", text: `${lostWords(isOffline, refusal)}. ${here}: ${late}` };
}

function lateWords({ state, isOffline, isLost, refusal, isFull, isCatchingUp, waiting }) {
  const late = `${duration(waiting.waitingSeconds)} waiting to send`;
  if (isLost) {
    const still = state === "paused" ? "paused" : "still recording";
    return { tone: "warn", text: `${lostWords(isOffline, refusal)} - ${still}, saved ${place(waiting)}: ${late}` };
  }
  if (isFull) {
    return { tone: "bad", text: `Server storage is full - your dictation is being kept ${place(waiting)}: ${late}` };
  }
  if (isCatchingUp) return { tone: "warn", text: `Catching up: ${late}. Text follows` };
  return { tone: "warn", text: `Slow connection. ${late}` };
}

function lostWords(isOffline, refusal) {
  if (isOffline) return "Offline";
  if (refusal === "UNAUTHENTICATED") return "Signed out";
  return refusal ? "Server busy" : "Reconnecting";
}

function place({ isKept }) {
  return isKept ? "on this computer" : "in this page only";
}
