import { ConnectionTally } from "./connection-tally.js";
import { reportsOf } from "./health-reports.js";
import { Listeners } from "./listeners.js";
import { askStatus } from "./status-question.js";
import { StatusStream } from "./status-stream.js";
import { StatusTrack, isEnding } from "./status-track.js";
import { modeWords } from "./status-words.js";

const STREAM_ATTEMPTS = 3;
const FIRST_WAIT_MS = 1000;
const POLL_MS = 3000;
const STREAM_AGAIN_MS = 30000;
/** A stream that held so long was no failed attempt, though nothing was told in it. */
const STEADY_MS = 30000;
/** The server's heartbeats are hidden from pages; so after three of them without news one question tells how it stands. */
const QUIET_MS = 45000;
const LOOK_MS = 5000;
/** That asking may bring more than before: the network is back, or somebody has signed in. */
const NEWS = ["online", "signed-in"];

/**
 * Watches one recording become text: over Server-Sent Events, and by polling where those don't get through.
 *
 * Events: status(status) each numbered status once, its progress never less than before; mode(mode, words) when the way
 * changes: stopped, connecting, live, polling, offline or signedOut; end(status) after the last status; gone() when this
 * person has no such recording. After end and gone it has stopped.
 */
export class TranscriptionStatus {
  #statusUrl;
  #streamUrl;
  #track;
  #Source;
  #fetch;
  #network;
  #reportsOf;
  #tally = new ConnectionTally();
  #reports = null;
  #listeners = new Listeners(["status", "mode", "end", "gone"]);
  #mode = "stopped";
  #running = null;
  #stream = null;
  #failures = 0;
  #isPolling = false;
  #openedAt = null;
  #heardAt = 0;
  #timers = { stream: null, poll: null, look: null };
  #asking = new AbortController();

  /**
   * @param {{status_url: string, stream_url: string, health_url?: string}} ticket as the server answered the upload
   * @param {object} [options] seen: the status that is known already; Source: null for none; formToken: has the server told how the
   *   watch fares; network: tells "online" and "signed-in"
   */
  constructor({ status_url: statusUrl, stream_url: streamUrl, health_url: healthUrl }, options = {}) {
    this.#statusUrl = statusUrl;
    this.#streamUrl = streamUrl;
    this.#track = new StatusTrack(options.seen);
    this.#Source = options.Source === undefined ? globalThis.EventSource : options.Source;
    this.#fetch = options.fetchFrom ?? ((...request) => fetch(...request));
    this.#reportsOf = (tally) => reportsOf(healthUrl, tally, options.formToken, this.#fetch);
    this.#network = options.network ?? globalThis.window ?? new EventTarget();
  }

  get mode() {
    return this.#mode;
  }

  /** @returns {() => void} stops listening */
  on(event, listener) {
    return this.#listeners.on(event, listener);
  }

  start() {
    if (this.#running) return;
    this.#running = new AbortController();
    const { signal } = this.#running;
    NEWS.forEach((news) => this.#network.addEventListener(news, () => this.#mayWork(), { signal }));
    this.#failures = 0;
    this.#tally = new ConnectionTally();
    this.#reports = this.#reportsOf(this.#tally);
    this.#reports?.start();
    if (this.#Source) this.#openStream();
    else this.#fallBack();
  }

  /** Nothing is told after this. It may be started again, and goes on behind what it has told. */
  stop() {
    if (this.#running) this.#reports?.end();
    this.#reports = null;
    this.#running?.abort();
    this.#running = null;
    this.#closeStream();
    this.#stopPolling();
    this.#say("stopped");
  }

  // Over the stream

  #openStream() {
    this.#closeStream();
    if (!this.#isPolling) this.#say("connecting");
    this.#tally.asked("sse");
    const began = performance.now();
    const listener = {
      opened: () => this.#opened((performance.now() - began) / 1000),
      told: (status, bytes) => this.#told(status, bytes),
      lost: (reason) => this.#lost(reason),
    };
    this.#stream = new StatusStream(this.#streamAddress, listener, this.#Source);
  }

  get #streamAddress() {
    const mark = this.#streamUrl.includes("?") ? "&" : "?";
    return this.#track.seq ? `${this.#streamUrl}${mark}last_event_id=${this.#track.seq}` : this.#streamUrl;
  }

  #opened(trip) {
    this.#stopPolling();
    this.#tally.opened(trip);
    this.#openedAt = this.#heardAt = Date.now();
    this.#timers.look = setTimeout(() => this.#look(), LOOK_MS);
    this.#say("live");
  }

  #told(status, bytes) {
    this.#failures = 0;
    this.#heardAt = Date.now();
    this.#tally.brought(bytes);
    this.#take(status, "sse");
  }

  #lost(reason) {
    this.#tally.lost(reason, this.#openedAt !== null);
    const held = this.#openedAt === null ? 0 : Date.now() - this.#openedAt;
    this.#closeStream();
    if (this.#isPolling) {
      this.#streamAgainIn(STREAM_AGAIN_MS);
      return;
    }
    this.#failures = held >= STEADY_MS ? 1 : this.#failures + 1;
    if (this.#failures >= STREAM_ATTEMPTS) {
      this.#fallBack();
      return;
    }
    this.#say("connecting");
    this.#streamAgainIn(FIRST_WAIT_MS * 2 ** (this.#failures - 1));
  }

  /** A stream may be dead without a word, such as after the computer slept. */
  async #look() {
    this.#timers.look = setTimeout(() => this.#look(), LOOK_MS);
    if (Date.now() - this.#heardAt < QUIET_MS) return;
    this.#heardAt = Date.now();
    const [stream, before] = [this.#stream, this.#track.seq];
    const answer = await this.#ask();
    if (answer.kind === "aborted") return;
    if (answer.kind === "told") this.#take(answer.status);
    const isDead = answer.kind === "unreachable" || this.#track.seq > before;
    if (answer.kind === "signedOut" || answer.kind === "gone") this.#fallBack();
    else if (isDead && stream !== null && stream === this.#stream) this.#lost("network");
  }

  #streamAgainIn(milliseconds) {
    clearTimeout(this.#timers.stream);
    this.#timers.stream = setTimeout(() => this.#openStream(), milliseconds);
  }

  #closeStream() {
    clearTimeout(this.#timers.stream);
    clearTimeout(this.#timers.look);
    this.#stream?.close();
    this.#stream = null;
    this.#openedAt = null;
  }

  // By polling

  #fallBack() {
    this.#closeStream();
    this.#failures = 0;
    this.#isPolling = true;
    if (this.#Source) this.#streamAgainIn(STREAM_AGAIN_MS);
    this.#poll();
  }

  async #poll() {
    clearTimeout(this.#timers.poll);
    const answer = await this.#ask();
    if (answer.kind === "aborted") return;
    if (answer.kind === "gone") {
      this.stop();
      this.#listeners.tell("gone");
      return;
    }
    this.#say({ signedOut: "signedOut", unreachable: "offline" }[answer.kind] ?? "polling");
    if (answer.kind === "told") this.#take(answer.status);
    if (this.#isPolling) this.#timers.poll = setTimeout(() => this.#poll(), pollAgainMs(answer));
  }

  #stopPolling() {
    this.#isPolling = false;
    clearTimeout(this.#timers.poll);
    this.#asking.abort();
  }

  async #ask() {
    this.#asking.abort();
    this.#asking = new AbortController();
    this.#tally.asked("polling");
    const answer = await askStatus(this.#statusUrl, this.#fetch, this.#asking.signal);
    if (answer.kind === "unreachable") this.#tally.unanswered();
    else if (answer.kind !== "aborted") this.#tally.answered(answer.bytes, answer.trip);
    return answer;
  }

  #mayWork() {
    if (!this.#isPolling) return;
    this.#poll();
    if (this.#Source) this.#openStream();
  }

  // What is told

  #take(status, way = "polling") {
    const before = this.#track.seq;
    const news = this.#track.follow(status);
    if (news === null) return;
    this.#tally.received(way, status, before);
    this.#listeners.tell("status", news);
    if (!isEnding(news) || !this.#running) return;
    this.stop();
    this.#listeners.tell("end", news);
  }

  #say(mode) {
    if (mode === this.#mode) return;
    this.#mode = mode;
    if (this.#tally.shows(mode)) this.#reports?.soon();
    this.#listeners.tell("mode", mode, modeWords(mode, Boolean(this.#Source)));
  }
}

/** Signed out, another answer comes only once somebody has signed in. */
function pollAgainMs({ kind, seconds = 0 }) {
  return kind === "signedOut" ? STREAM_AGAIN_MS : Math.max(POLL_MS, 1000 * seconds);
}
