import { duration } from "./format.js";

/** Microphone problems by kind. `safe` stands where the general sentence about safety would not fit. */
const MICROPHONE = {
  denied: {
    what: "Unable to access microphone. Please check permissions.",
    action: "Click the microphone or lock symbol beside the address, allow the microphone, then try again.",
  },
  missing: { what: "No microphone was found.", action: "Connect a microphone, then try again." },
  gone: {
    what: "The chosen microphone is not connected.",
    action: "Connect it, or choose another microphone above, then try again.",
  },
  busy: {
    what: "The microphone is being used by another program.",
    action: "Close the other program, such as a video call, then try again.",
  },
  unplugged: {
    what: "The microphone was disconnected. Nothing is recorded now.",
    action: "Connect it again and recording goes on by itself, or go on with another one.",
  },
  failed: {
    what: "Audio capture failed. Please refresh and try again.",
    action: "If it happens again, choose another microphone above.",
  },
  insecure: {
    what: "The browser gives no microphone to this page, because its address is not secure.",
    action: "Open this page by its https address. Your administrator knows it.",
  },
  unsupported: {
    what: "Your browser doesn't support audio transcription. Please use Chrome, Firefox, or Edge.",
    action: "Open this page in one of these browsers.",
  },
};

/** The server's refusals by code; without `what` its own words are shown. `actionBefore`: while nothing is recorded. */
const SERVER = {
  WEBSOCKET_CONNECTION_FAILED: {
    what: "Connection lost. Please check your internet connection.",
    action: "Try again when you are connected, or record now: it is sent by itself when the server is back.",
  },
  FINISH_LATE: {
    what: "The server is taking longer than usual to finish this dictation.",
    action: "Look under Notes in a few minutes; it will appear there.",
  },
  UNAUTHENTICATED: { what: "You are no longer signed in.", action: "Sign in again, then start a new dictation." },
  SESSION_LIMIT_EXCEEDED: {
    what: "Server is at capacity. Please try again in a few minutes.",
    action:
      "This page tries again by itself, unless you cancel. If you can't wait, record now: it is kept on this computer, " +
      "and its text is made as soon as there is room.",
  },
  TRANSCRIBE_SERVICE_ERROR: {
    what: "Transcription service unavailable. Please try again.",
    action: "You can go on speaking: what is heard is recorded, even while no text appears.",
    actionBefore: "Or record now: it is kept on this computer, and its text is made as soon as the service is back.",
  },
  VALIDATION_FAILED: { action: "Change the settings of this dictation, then try again." },
  BUFFER_OVERFLOW: {
    what: "Maximum recording duration reached",
    action: "Nothing is recorded now. Go on in a new dictation; both notes are linked.",
  },
  NEARLY_FULL: {
    what: "Less than a minute is left in this recording.",
    action: "At its end it is saved by itself. You can go on in a new dictation, now or then; both notes are linked.",
  },
  DISK_REFUSES: {
    what: "This computer can't keep any more: its disk is full, or refuses.",
    action:
      "You can go on speaking: it is kept in this page and sent. Leave this page open until everything is saved, and " +
      "free some disk space.",
  },
  SESSION_TIMEOUT: {
    what: "Nothing arrived at the server for a while, so the dictation was ended.",
    action: "Start a new dictation to go on.",
  },
  SESSION_SUPERSEDED: {
    what: "This dictation was taken over in another tab or on another device. The microphone is off here.",
    action: "Go on there. What was not sent from here is offered above.",
  },
  STORAGE_FULL: {
    what: "Server storage is full.",
    action: "Tell your administrator. Start no new dictation until it is mended.",
  },
  ASLEEP: {
    what: "This computer was asleep, so recording is paused.",
    action: "Go on when you are ready; the transcript says how much is missing.",
  },
  CONTINUED: {
    what: "The server had finished the first part of this dictation while it could not be reached.",
    action: "You are still being recorded. What comes now goes into a second note, linked with the first.",
  },
  SIGNED_OUT: {
    what: "You are no longer signed in, so nothing can be sent.",
    action: "You are still being recorded. Sign in again, then this dictation goes on being sent by itself.",
  },
};

/** An error of the page itself: its own text would help nobody who reads it here. */
const UNKNOWN = "Something went wrong in this page.";

/**
 * Words for a person: what happened, is my dictation safe, what do I do now.
 * @param {MicrophoneProblem|object} problem a microphone problem or the protocol's error object
 * @param {{safeSeconds: number, waitingSeconds: number}} waiting
 * @param {number} maxSeconds longest recording
 * @returns {{what: string, safe: string, action: string}}
 */
export function noticeFor(problem, waiting, maxSeconds) {
  const safe = safety(waiting);
  if (problem.kind) {
    const { what, action } = MICROPHONE[problem.kind];
    return { what: withDevice(what, problem.deviceLabel), safe, action };
  }
  const known = SERVER[problem.error_code];
  if (!known) return { what: problem.error_code ? problem.message : UNKNOWN, safe, action: "Please try again." };
  const limit = problem.error_code === "BUFFER_OVERFLOW" ? ` (${duration(maxSeconds)}).` : "";
  const isBefore = waiting.safeSeconds === 0 && waiting.waitingSeconds === 0;
  const action = (isBefore && known.actionBefore) || known.action;
  return { what: (known.what ?? problem.message) + limit, safe, action };
}

/** @returns {string} the truth about what is kept where, in seconds of audio */
export function safety({ safeSeconds, waitingSeconds, isKept = false }) {
  if (safeSeconds === 0 && waitingSeconds === 0) return "Nothing was recorded, and nothing is lost.";
  if (waitingSeconds === 0) return `Your dictation is safe: all ${duration(safeSeconds)} are on the server.`;
  const here = `${duration(waitingSeconds)} are only ${isKept ? "on this computer" : "in this page"} so far.`;
  if (safeSeconds === 0) return `Not on the server yet: ${here}`;
  return `The first ${duration(safeSeconds)} are safe on the server. The last ${here}`;
}

function withDevice(what, deviceLabel) {
  return deviceLabel ? what.replace("The microphone", `The microphone "${deviceLabel}"`) : what;
}
