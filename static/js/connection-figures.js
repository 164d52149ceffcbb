import { count, duration } from "./format.js";

const REASONS = {
  network: "no answer",
  server_closed: "closed by the server",
  refused: "refused by the server",
  blocked: "blocked on the way",
};
const MODES = { sse: "live updates", polling: "asking every 3 s", gap: "no connection" };
const KILO = 1000;
/** Seconds; less is not worth a word. */
const SHORTEST = 0.05;

/** @returns {[string, string, string][]} name, figure and what it means, for the tiles at the top */
export function tiles({ watching_now: now, streams_open_here: streams, totals }) {
  const { seconds, latency } = totals;
  const [why, times] = Object.entries(totals.losses).reduce((most, one) => (one[1] > most[1] ? one : most));
  return [
    ["Watching now", String(now.sse + now.polling + now.gap), `${streams} live here, ${now.polling} asking`],
    ["On live updates", percent(seconds.sse, seconds.sse + seconds.polling + seconds.gap), "of the time"],
    ["Reconnections", String(totals.reconnections), `in ${count(totals.sessions, "recording")}`],
    ["Errors", String(totals.errors), times > 0 ? `lost most often: ${REASONS[why]}` : "nothing was lost"],
    ["Delay, live", milliseconds(latency.sse.p50_ms), `99 % within ${milliseconds(latency.sse.p99_ms)}`],
    ["Delay, asking", milliseconds(latency.polling.p50_ms), `99 % within ${milliseconds(latency.polling.p99_ms)}`],
    [
      "Requests",
      saved(totals.requests, totals.polling_requests),
      `${totals.requests} instead of ${totals.polling_requests}, and ${count(totals.reports, "report")} for this page`,
    ],
    [
      "Bytes",
      saved(totals.bytes, totals.polling_bytes),
      `${bytes(totals.bytes)} instead of ${bytes(totals.polling_bytes)}, reports left out`,
    ],
  ];
}

/** @returns {string} such as "95 % fewer" */
export function saved(cost, other) {
  if (other === 0) return "none";
  const less = Math.round(100 * (1 - cost / other));
  return less >= 0 ? `${less} % fewer` : `${-less} % more`;
}

/** @returns {string} such as "12 ms" or "1.5 s" */
export function milliseconds(value) {
  if (value === null) return "none";
  return value >= KILO ? `${short(value / KILO)} s` : `${short(value)} ms`;
}

/** @returns {string} such as "3.4 KB" */
export function bytes(value) {
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(value, 1)) / 3));
  return `${short(value / KILO ** power)} ${units[power]}`;
}

/** How often a watch has reconnected and why, for a cell. */
export function reconnections({ reconnections: times, reconnected }) {
  if (times === 0) return "none";
  const reasons = [...new Set(reconnected.map(({ reason }) => REASONS[reason]))];
  return `${times} (${reasons.join(", ")})`;
}

/** What a strip shows, in a sentence. */
export function patternWords({ seconds, reconnected, is_watching: isWatching }) {
  const modes = Object.entries(MODES).filter(([mode]) => seconds[mode] >= SHORTEST);
  const parts = modes.map(([mode, name]) => `${name} ${duration(seconds[mode])}`);
  const returns = reconnected.map(({ at, reason }) => `reconnected after ${duration(at)} (${REASONS[reason]})`);
  return [...parts, ...returns, ...(isWatching ? ["still watching"] : [])].join(", ");
}

function percent(part, whole) {
  return whole > 0 ? `${Math.round((100 * part) / whole)} %` : "none";
}

/** Two digits, or as many as stand before the point */
function short(value) {
  return value < 10 ? Number(value.toPrecision(2)) : Math.round(value);
}
