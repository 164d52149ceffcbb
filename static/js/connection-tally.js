const MOST_CHANGES = 60;
const MOST_RECONNECTED = 40;
const MOST_SAMPLES = 200;
/** Modes of TranscriptionStatus in which news come; every other one is a gap. */
const WAYS = { live: "sse", polling: "polling" };

/**
 * Counts what one watch of a recording meets: connections, losses and why, the time in each mode, requests, bytes, delays.
 * No DOM, no network. Times are seconds from its beginning, and never go back.
 *
 * Why a stream is lost: network (nothing answered), server_closed, refused (the server said no), blocked (something on the
 * way keeps it: it neither opens nor fails, brings no statuses, or fails while questions are answered).
 */
export class ConnectionTally {
  #now;
  #began;
  #elapsed;
  #mode = "gap";
  #way = null;
  #since;
  #seconds;
  #changes;
  #counts;
  #losses;
  #doubtful;
  #lastLoss = null;
  #reconnected;
  #requests;
  #bytes;
  #samples;
  #firstSample;
  #trip = null;

  /** @param {() => number} now Unix seconds by this computer's clock */
  constructor(now = () => Date.now() / 1000) {
    this.#now = now;
    this.beginAgain();
  }

  /** Forgets what it has counted: from here on it is another watch, that goes on in the same mode. */
  beginAgain() {
    this.#began = this.#now();
    this.#elapsed = this.#since = 0;
    this.#seconds = { sse: 0, polling: 0, gap: 0 };
    this.#changes = [[0, this.#mode]];
    this.#counts = { connects: 0, disconnects: 0, errors: 0, mode_changes: 0, reconnections: 0 };
    this.#losses = { network: 0, server_closed: 0, refused: 0, blocked: 0 };
    this.#doubtful = 0;
    this.#reconnected = [];
    this.#requests = { sse: 0, polling: 0 };
    this.#bytes = { sse: 0, polling: 0 };
    this.#samples = [];
    this.#firstSample = 0;
  }

  /** The way that news come has changed. @param {string} mode of TranscriptionStatus  @returns {boolean} true: tell it soon */
  shows(mode) {
    const next = WAYS[mode] ?? "gap";
    if (next === this.#mode) return false;
    const at = this.#at();
    this.#seconds[this.#mode] += at - this.#since;
    this.#since = at;
    this.#mode = next;
    keep(this.#changes, [at, next], MOST_CHANGES);
    if (next === "gap") return false;
    const former = this.#way;
    this.#way = next;
    if (former !== null && next !== former) this.#counts.mode_changes += 1;
    return next !== (former ?? "sse");
  }

  asked(way) {
    this.#requests[way] += 1;
  }

  /** @param {number} trip seconds from asking for the stream to having it */
  opened(trip) {
    this.trip(trip);
    this.#counts.connects += 1;
    if (this.#lastLoss !== null) {
      this.#counts.reconnections += 1;
      keep(this.#reconnected, [this.#at(), this.#lastLoss], MOST_RECONNECTED);
    }
    this.#lastLoss = null;
    this.#doubtful = 0;
  }

  /** A stream ended, or was not had. @param {boolean} wasOpen */
  lost(reason, wasOpen) {
    this.#counts[wasOpen ? "disconnects" : "errors"] += 1;
    this.#losses[reason] += 1;
    this.#lastLoss = reason;
    if (!wasOpen && reason === "network") this.#doubtful += 1;
  }

  /** The server answered a question, so it was not the network that kept the stream. @param {number} trip seconds */
  answered(bytes, trip) {
    this.#bytes.polling += bytes;
    this.trip(trip);
    this.#losses.network -= this.#doubtful;
    this.#losses.blocked += this.#doubtful;
    if (this.#doubtful > 0 && this.#lastLoss === "network") this.#lastLoss = "blocked";
    this.#doubtful = 0;
  }

  unanswered() {
    this.#counts.errors += 1;
    this.#losses.network += 1;
  }

  /** The stream brought so many bytes. */
  brought(bytes) {
    this.#bytes.sse += bytes;
  }

  /** A status that was not known before has come; most come over the stream and in turn, which goes without saying. @param {number} before the number of the one known before; 0 for none */
  received(way, { timestamp, seq }, before) {
    if (!Number.isFinite(timestamp)) return;
    const came = [this.#at(), rounded(this.#now() - timestamp), seq];
    this.#samples.push(way === "sse" && before === seq - 1 ? came : [way, ...came, before]);
    while (this.#samples.length > MOST_SAMPLES) this.#dropSample();
  }

  /** A request took so many seconds from its start to its answer. */
  trip(seconds) {
    this.#trip = rounded(Math.min(this.#trip ?? seconds, seconds));
  }

  /** @returns {object} everything so far, as the server takes it; but watch_id, number and is_over */
  report() {
    const at = this.#at();
    const running = { [this.#mode]: rounded(this.#seconds[this.#mode] + at - this.#since) };
    const each = Object.entries({ ...this.#seconds, ...running }).map(([mode, seconds]) => [mode, rounded(seconds)]);
    return {
      sent_at: rounded(this.#now()),
      trip_seconds: this.#trip,
      mode: this.#mode,
      seconds: Object.fromEntries(each),
      changes: [...this.#changes],
      ...this.#counts,
      losses: { ...this.#losses },
      reconnected: [...this.#reconnected],
      requests: { ...this.#requests },
      received_bytes: { ...this.#bytes },
      first_sample: this.#firstSample,
      samples: [...this.#samples],
    };
  }

  /** The server has the samples of this report. */
  taken({ first_sample: first, samples }) {
    while (this.#samples.length > 0 && this.#firstSample < first + samples.length) this.#dropSample();
  }

  #dropSample() {
    this.#samples.shift();
    this.#firstSample += 1;
  }

  #at() {
    this.#elapsed = Math.max(this.#elapsed, rounded(this.#now() - this.#began));
    return this.#elapsed;
  }
}

function keep(list, one, most) {
  list.push(one);
  if (list.length > most) list.shift();
}

/** To the millisecond */
function rounded(seconds) {
  return Math.round(seconds * 1000) / 1000;
}
