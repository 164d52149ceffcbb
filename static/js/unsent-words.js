import { dayAndTime, duration, timeOfDay } from "./format.js";
import { safety } from "./notices.js";

/**
 * A dictation that is not wholly on the server, in words for its card.
 * @param {"offered"|"away"|"busy"|"sending"|"signedOut"|"failed"|"lost"|"sent"} state
 * @param {{startedAt: number, waiting: object, now: number}} dictation milliseconds
 * @returns {{title: string, words: string}}
 */
export function unsentWords(state, { startedAt, waiting, now }) {
  const when = momentWords(new Date(startedAt), new Date(now));
  const length = duration(waiting.waitingSeconds);
  if (state === "sent") return { title: `Dictation from ${when}: sent`, words: "All of it is on the server." };
  if (waiting.waitingSeconds === 0) {
    const words = `All ${duration(waiting.safeSeconds)} are on the server.`;
    if (state !== "offered") return { title: `Dictation from ${when}`, words: `${words} Its note is being completed.` };
    return { title: `Unfinished dictation from ${when}`, words: `${words} Finish it to complete its note.` };
  }
  return { title: `Unsent dictation from ${when} · ${length}`, words: STATES[state](waiting, length) };
}

const STATES = {
  offered: (waiting) => safety(waiting),
  away: ({ isKept }) =>
    isKept
      ? "Saved on this computer - will send when reconnected."
      : "Kept in this page only - leave it open. It will be sent when reconnected.",
  busy: ({ isKept }) =>
    isKept
      ? "Saved on this computer - will send as soon as the server has room."
      : "Kept in this page only - leave it open. It will be sent as soon as the server has room.",
  sending: (waiting, length) => `Sending: ${length} left.`,
  signedOut: () => "You are not signed in any more. Sign in in another tab; then it is sent by itself.",
  failed: (waiting) =>
    `The server can't take it into its dictation. ${safety(waiting)} Send it as a new one, or download it.`,
  lost: () => "This computer's disk does not give it back just now. Nothing was thrown away. Try again in a moment.",
};

function momentWords(moment, now) {
  return moment.toDateString() === now.toDateString() ? timeOfDay(moment) : dayAndTime(moment);
}
