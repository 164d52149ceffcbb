import { bytes, milliseconds, reconnections, tiles } from "./connection-figures.js";
import { dayAndTime, duration } from "./format.js";
import { html } from "./svg.js";
import { timeStrip } from "./time-strip.js";

const REFRESH_MS = 15000;
const PAGE_SIZE = 20;
const EMPTY = "Nobody has watched a recording in this time. Figures appear here when somebody uploads one.";
const UNREACHABLE = "The server can't be reached. These figures may be old; this page keeps asking.";
const SIGNED_OUT = "You are no longer signed in. Sign in again, then reload this page.";
const FAILED = "The figures can't be shown now. Recordings are not affected; this page keeps asking.";

/** The administrators' page of connections. It asks again by itself; while it is hidden it is still. */
export class ConnectionsPage {
  #parts;
  #plots;
  #fetch;
  #page = 1;
  #timer = null;
  #asking = new AbortController();

  /**
   * @param {object} parts elements: hours, message, found, tiles, plots, rows, row, pages, previous, next, where, note
   * @param {ConnectionPlots} plots
   */
  constructor(parts, plots, fetchFrom = (...request) => fetch(...request)) {
    this.#parts = parts;
    this.#plots = plots;
    this.#fetch = fetchFrom;
  }

  /** @param {AbortSignal} signal ends it */
  start(signal) {
    const { hours, previous, next, plots } = this.#parts;
    plots.append(...this.#plots.elements);
    hours.addEventListener("change", () => this.#turnTo(1), { signal });
    previous.addEventListener("click", () => this.#turnTo(this.#page - 1), { signal });
    next.addEventListener("click", () => this.#turnTo(this.#page + 1), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#refresh(), { signal });
    signal?.addEventListener("abort", () => this.#stop());
    return this.#refresh();
  }

  #turnTo(page) {
    this.#page = page;
    return this.#refresh();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#asking.abort();
  }

  async #refresh() {
    this.#stop();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const asked = { hours: this.#parts.hours.value, page: this.#page, page_size: PAGE_SIZE };
    const address = `/api/v1/admin/connection-health?${new URLSearchParams(asked)}`;
    try {
      const response = await this.#fetch(address, {
        headers: { Accept: "application/json" },
        cache: "no-store",
        signal,
      });
      const body = await response.json().catch(() => ({}));
      if (signal.aborted) return;
      if (response.ok) this.#show(body);
      else this.#say(response.status === 401 ? SIGNED_OUT : (body.message ?? FAILED));
    } catch {
      if (signal.aborted) return;
      this.#say(UNREACHABLE);
    }
    this.#timer = setTimeout(() => document.hidden || this.#refresh(), REFRESH_MS);
  }

  #show(health) {
    const isEmpty = health.watches.total === 0;
    this.#parts.found.hidden = isEmpty;
    this.#say(isEmpty ? EMPTY : "");
    if (isEmpty) return;
    this.#parts.tiles.replaceChildren(...tiles(health).map(tile));
    this.#plots.show(health.over_time, health.hours);
    this.#parts.rows.replaceChildren(...health.watches.items.map((watch) => this.#row(watch)));
    this.#showPages(health.watches);
    this.#parts.note.textContent = noteOf(health);
  }

  #row(watch) {
    const row = this.#parts.row.content.cloneNode(true);
    const find = (name) => row.querySelector(`[data-watch="${name}"]`);
    const { latency, mode } = watch;
    find("began").textContent = dayAndTime(new Date(watch.began_at * 1000));
    find("session").textContent = `Recording ${watch.session_id.slice(0, 8)}, ${duration(watch.total_seconds)}`;
    find("strip").append(timeStrip(watch));
    find("reconnected").textContent = reconnections(watch);
    find("errors").textContent = String(watch.errors);
    find("delay").textContent = milliseconds((mode === "polling" ? latency.polling : latency.sse).p50_ms);
    find("requests").textContent = `${watch.requests} instead of ${watch.polling_requests}`;
    find("bytes").textContent = `${bytes(watch.bytes)} instead of ${bytes(watch.polling_bytes)}`;
    return row;
  }

  #showPages({ page, page_size: size, total }) {
    const { pages, previous, next, where } = this.#parts;
    pages.hidden = total <= size && page === 1;
    previous.disabled = page <= 1;
    next.disabled = page * size >= total;
    where.textContent = `${(page - 1) * size + 1} to ${Math.min(page * size, total)} of ${total} watches`;
  }

  #say(words) {
    const { message } = this.#parts;
    if (message.textContent !== words) message.textContent = words;
    message.hidden = words === "";
  }
}

function tile([name, figure, meaning]) {
  return html(
    "div",
    [html("dt", name), html("dd", figure), html("dd", meaning, "tile-meaning muted small")],
    "tile card",
  );
}

function noteOf({ timestamp, is_cut: isCut }) {
  const cut = isCut ? "Only the newest watches of this time are counted. " : "";
  return `${cut}As pages reported it by ${dayAndTime(new Date(timestamp * 1000))}; "instead of" is what a question every 3 s would have cost.`;
}
