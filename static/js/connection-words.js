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
 * @param {{state: string, isLost: boolean, isDraining: boolean, waiting: object, recogniser: string, lag: number}} now
 * @returns {{tone: "idle"|"good"|"warn"|"bad", text: string}}
 */
export function connectionWords({ state, isLost, isDraining, waiting, recogniser, lag }) {
  if (isLost && state === "recording") {
    return { tone: "bad", text: `Connection lost. Still recording here: ${duration(waiting.waitingSeconds)} not sent` };
  }
  if (state !== "recording") return { tone: "idle", text: QUIET[state] };
  if (waiting.oldestMs >= SLOW_MS) {
    return { tone: "warn", text: `Slow connection. ${duration(waiting.waitingSeconds)} waiting to send` };
  }
  if (isDraining) return { tone: "warn", text: "The server restarts soon. Finish this dictation now" };
  if (recogniser in RECOGNISER) return { tone: "warn", text: RECOGNISER[recogniser](lag) };
  return { tone: "good", text: "Live. Everything you say is being saved" };
}
