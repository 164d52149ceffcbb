import { TranscriptionStatus } from "../../../static/js/transcription-status.js";
import { settled } from "./dictating.js";

const SESSION = "/api/v1/sessions/s1";
const TICKET = {
  status_url: `${SESSION}/status`,
  stream_url: `${SESSION}/status/stream`,
  health_url: `${SESSION}/connection-health`,
};

/** A browser's EventSource, which does what the test says. */
class FakeSource {
  listeners = {};
  isClosed = false;

  constructor(address) {
    this.address = address;
  }

  addEventListener(event, listener) {
    this.listeners[event] = listener;
  }

  close() {
    this.isClosed = true;
  }

  opens() {
    this.onopen();
  }

  says(status) {
    const data = typeof status === "string" ? status : JSON.stringify(status);
    this.listeners.status({ data, lastEventId: String(status.seq) });
  }

  breaks() {
    this.onerror();
  }
}

/** One status as the server words it. */
export function status(seq, progress, word = "processing") {
  const message = word === "completed" ? "Ready." : "Turning speech into text.";
  return { session_id: "s1", seq, progress, status: word, message, phase: "recognising" };
}

/** What the server answers when it is asked. */
export const answers = (body, code = 200, headers = {}) => ({
  ok: code < 400,
  status: code,
  headers: new Headers(headers),
  text: async () => JSON.stringify(body),
});

/** What a page's document tells of the page. */
class FakePage extends EventTarget {
  visibilityState = "visible";
  defaultView = new EventTarget();

  becomes(state) {
    this.visibilityState = state;
    this.dispatchEvent(new Event("visibilitychange"));
  }

  leaves() {
    this.defaultView.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
  }
}

/** A watched recording with a clock, a stream and a server in the test's hand. `asked` remembers every question. */
export class WatchedJob {
  sources = [];
  asked = [];
  told = [];
  modes = [];
  words = [];
  ends = [];
  goneTimes = 0;
  reports = [];
  network = new EventTarget();
  answer = () => answers(status(1, 0, "queued"));
  answerReport = () => answers({}, 204);

  constructor(t, { canStream = true, seen = null, reports = false, page = false, isSame = false } = {}) {
    this.clock = t.mock.timers;
    if (!isSame) this.clock.enable({ apis: ["setTimeout", "Date"] });
    if (page) this.#opensPage(t);
    const sources = this.sources;
    const Source = function (address) {
      sources.push(new FakeSource(address));
      return sources.at(-1);
    };
    const fetchFrom = async (address, how) => {
      const { signal } = how;
      if (how.method === "POST") {
        this.reports.push({ address, how, body: JSON.parse(how.body) });
        return this.answerReport();
      }
      this.asked.push(address);
      const answer = await this.answer(signal);
      if (signal.aborted) throw new DOMException("ended", "AbortError");
      return answer;
    };
    const { network } = this;
    const formToken = reports ? () => "secret" : undefined;
    const options = { Source: canStream ? Source : null, fetchFrom, network, seen, formToken };
    this.watch = new TranscriptionStatus(TICKET, options);
    this.watch.on("status", (one) => this.told.push([one.seq, one.progress]));
    this.watch.on("mode", (mode, words) => {
      this.modes.push(mode);
      this.words.push(words);
    });
    this.watch.on("end", (one) => this.ends.push(one.status));
    this.watch.on("gone", () => (this.goneTimes += 1));
    t.after(() => this.watch.stop());
  }

  #opensPage(t) {
    this.page = new FakePage();
    globalThis.document = this.page;
    t.after(() => delete globalThis.document);
  }

  get source() {
    return this.sources.at(-1);
  }

  /** Lets so many seconds pass, one after the other, so that answers come in between. */
  async passes(seconds) {
    await settled();
    for (let second = 0; second < seconds; second += 1) {
      this.clock.tick(1000);
      await settled();
    }
  }

  /** Breaks the stream as often as it is tried before polling begins. */
  async losesStream() {
    this.source.breaks();
    await this.passes(1);
    this.source.breaks();
    await this.passes(2);
    this.source.breaks();
    await this.passes(0);
  }
}
