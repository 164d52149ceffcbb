import { clock, duration } from "./format.js";

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
  const gaps = (ledger.gaps ?? []).map(gapWords);
  return [
    ...known.map(([name, seconds]) => [name, duration(seconds)]),
    ...gaps.map((words) => ["Without text", words]),
  ];
}

/** @param {{start_time: number, end_time: number}} gap seconds from the first sample */
function gapWords(gap) {
  return `${clock(gap.start_time)} to ${clock(gap.end_time)}`;
}
