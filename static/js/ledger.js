import { clock, duration } from "./format.js";

/** The gap's reason where a part of the recording has no text; the other one is "microphone". */
export const NO_TEXT = "no_text";

/**
 * How much of a dictation is where, for its receipt.
 * @param {{safeSeconds: number, waitingSeconds: number}} here what this page captured
 * @param {object} [ledger] the server's: received_seconds, stored_seconds, recognised_seconds, gaps
 * @returns {string[][]} pairs of name and words; what is not known is left out
 */
export function ledgerRows({ safeSeconds, waitingSeconds }, ledger = {}) {
  const rows = [
    ["Captured", safeSeconds + waitingSeconds],
    ["Acknowledged", safeSeconds],
    ["Stored", ledger.stored_seconds],
    ["Recognised", ledger.recognised_seconds],
  ];
  const known = rows.filter(([, seconds]) => Number.isFinite(seconds));
  return [
    ...known.map(([name, seconds]) => [name, seconds > 0 ? duration(seconds) : "not yet"]),
    ...(ledger.gaps ?? []).map(gapRow),
  ];
}

/**
 * A gap in a note's text, at its place.
 * @param {object} gap start_time, end_time: seconds from the first sample; seconds: its length; reason
 */
export function noteGapWords({ reason, start_time: start, end_time: end, seconds }) {
  if (reason === NO_TEXT) return `From ${clock(start)} to ${clock(end)} no text yet`;
  return `${missed(seconds)} not recorded here`;
}

/** @returns {number} seconds of a note's recording that have no text */
export function withoutText({ ledger }) {
  const spans = (ledger?.gaps ?? []).filter(({ reason }) => reason === NO_TEXT);
  return spans.reduce((sum, { seconds }) => sum + seconds, 0);
}

function gapRow({ reason, start_time: start, end_time: end, seconds }) {
  if (reason === NO_TEXT) return ["No text yet", `${clock(start)} to ${clock(end)}`];
  return ["Not recorded", `${missed(seconds)} at ${clock(start)}`];
}

/** Rounded as in the transcript while it was spoken, so that both say the same. */
function missed(seconds) {
  return duration(Math.max(1, Math.round(seconds)));
}
