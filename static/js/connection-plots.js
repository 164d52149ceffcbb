import { milliseconds } from "./connection-figures.js";
import { Plot } from "./plot.js";

const MODES = [
  { name: "live updates", key: "sse" },
  { name: "asking every 3 s", key: "polling" },
  { name: "no connection", key: "gap" },
];
const DELAYS = [
  { name: "live, half within", key: "sse", way: "sse", share: "p50_ms" },
  { name: "live, 99 % within", key: "sse-99", way: "sse", share: "p99_ms" },
  { name: "asking, half within", key: "polling", way: "polling", share: "p50_ms" },
  { name: "asking, 99 % within", key: "polling-99", way: "polling", share: "p99_ms" },
];
const TROUBLES = [
  { name: "reconnections", key: "reconnections" },
  { name: "errors", key: "errors" },
];
const DAY_SECONDS = 86400;

/** How connections fared over the hours of a window: which way news came, how late, and what went wrong. */
export class ConnectionPlots {
  #modes = new Plot("How news came", {
    kind: "bars",
    series: MODES,
    say: (share) => `${share} %`,
    ticks: () => [0, 50, 100],
  });
  #delays = new Plot("How late", { kind: "lines", series: DELAYS, say: milliseconds, ticks: decades });
  #troubles = new Plot("Reconnections and errors", { kind: "bars", series: TROUBLES, say: String, ticks: wholes });

  get elements() {
    return [this.#modes, this.#delays, this.#troubles].map(({ element }) => element);
  }

  /** @param {object[]} steps of the window, the oldest first  @param {number} hours that it has */
  show(steps, hours) {
    const labels = steps.map(({ at }) => label(new Date(at * 1000), hours * 3600 > DAY_SECONDS));
    const shares = steps.map(({ seconds }) => sharesOf(seconds));
    const watched = steps.filter(({ watches }) => watches > 0).length;
    const span = `From ${labels[0]} to ${labels.at(-1)}, in ${steps.length} steps, ${watched} of them with watched recordings.`;
    this.#modes.show(
      labels,
      series(MODES, ({ key }, step) => shares[step][key], steps),
      span,
    );
    this.#delays.show(
      labels,
      series(DELAYS, ({ way, share }, step) => steps[step].latency[way][share], steps),
      span,
    );
    this.#troubles.show(
      labels,
      series(TROUBLES, ({ key }, step) => steps[step][key], steps),
      span,
    );
  }
}

function series(all, value, steps) {
  return all.map((one) => steps.map((_, step) => value(one, step)));
}

/** Percent of the time in each mode, nothing where nobody watched. */
function sharesOf(seconds) {
  const whole = Object.values(seconds).reduce((sum, of) => sum + of, 0);
  const share = (of) => (whole > 0 ? Math.round((100 * of) / whole) : null);
  return Object.fromEntries(Object.entries(seconds).map(([mode, of]) => [mode, share(of)]));
}

function label(moment, isLong) {
  const [day, time] = [
    { day: "numeric", month: "short" },
    { hour: "numeric", minute: "2-digit" },
  ];
  return moment.toLocaleString([], isLong ? { ...day, ...time } : time);
}

/** 1 ms, 10 ms and so on, up to what holds the most */
function decades(most) {
  const count = Math.max(3, Math.ceil(Math.log10(Math.max(most, 1))));
  return Array.from({ length: count + 1 }, (_, power) => 10 ** power);
}

function wholes(most) {
  const step = Math.max(1, Math.ceil(most / 2));
  return [0, step, 2 * step];
}
