import { Dictation } from "../../../static/js/dictation.js";
import { RecorderState } from "../../../static/js/recorder-state.js";
import { UnsentAudio } from "../../../static/js/unsent-audio.js";
import { Listeners } from "../../../static/js/listeners.js";

const NOTHING = { safeSeconds: 0, waitingSeconds: 0, oldestMs: 0 };

/** A promise the test settles when it wants. */
export function gate() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { open: resolve, fail: reject }));
  // A test may refuse before anybody waits.
  made.promise.catch(() => {});
  return made;
}

export class FakeMicrophone {
  listeners = new Listeners(["chunk", "level", "error"]);
  permission = gate();
  firstSamples = gate();
  isOpen = false;
  deviceLabel = "Desk microphone";
  on = (event, listener) => this.listeners.on(event, listener);
  check = async () => {};
  start = () => this.firstSamples.promise;

  async initialize() {
    await this.permission.promise;
    this.isOpen = true;
  }

  async stop() {
    this.isOpen = false;
  }
}

export class FakeLine {
  listeners = new Listeners(
    "connected acknowledged slow result state complete stored draining error closed".split(" "),
  );
  sessionId = "5d1f0c22-1111-4222-8333-444455556666";
  sampleRate = 16000;
  place = gate();
  receipt = gate();
  waiting = NOTHING;
  waitingPcm = [];
  isOpen = true;
  on = (event, listener) => this.listeners.on(event, listener);
  connect = () => this.place.promise;
  endSession = () => this.receipt.promise;
  sendAudioChunk = (pcm) => this.waitingPcm.push(pcm);

  disconnect() {
    this.isOpen = false;
  }

  /** The network goes away with so much audio on either side. */
  isCut(safeSeconds, waitingSeconds) {
    this.waiting = { safeSeconds, waitingSeconds, oldestMs: 0 };
    this.waitingPcm = waitingSeconds > 0 ? [new ArrayBuffer(waitingSeconds * 32000)] : [];
    this.receipt.fail({ error_code: "WEBSOCKET_CONNECTION_FAILED" });
    this.listeners.tell("closed", this.waiting);
  }
}

/** What a person sees and hears of a dictation, remembered. */
class Seen {
  states = [];
  statuses = [];
  error = null;
  texts = [];
  connection = {};
  receipt = null;
  recording = null;
  settings = { disabled: false };
  button = { show: (state) => this.states.push(state) };
  clock = { reset: (seconds) => (this.maxSeconds = seconds), add: () => {} };
  meter = { show: () => {}, reset: () => {} };
  connectionLine = {
    show: (change) => Object.assign(this.connection, change),
    reset: () => {},
    say: (words) => (this.said = words),
  };
  display = {
    updatePartial: (text, id) => this.texts.push(["partial", id, text]),
    appendFinal: (text, id) => this.texts.push(["final", id, text]),
    showError: (notice) => (this.error = notice),
    showStatus: (status) => this.statuses.push(status),
    clear: () => (this.error = null),
  };
  receiptCard = {
    show: (complete) => (this.receipt = complete) && "Saved",
    audio: (status) => (this.recording = status),
    hide: () => (this.receipt = null),
  };

  get state() {
    return this.states.at(-1);
  }

  get errorText() {
    return this.error ? this.error.textContent : "";
  }

  choose(label) {
    [...this.error.querySelectorAll("button")].find((button) => button.textContent.startsWith(label)).click();
  }
}

/** A page with one dictation, its microphone and its line in the test's hands. */
export class Desk {
  seen = new Seen();
  unsent = new UnsentAudio();
  microphones = [];
  lines = [];
  countdown = null;

  constructor() {
    const { seen } = this;
    const { button, display, clock, meter, settings } = seen;
    this.dictation = new Dictation({
      recorder: new RecorderState(),
      views: { button, display, clock, meter, settings, connection: seen.connectionLine, receipt: seen.receiptCard },
      makeCapture: () => this.#remember(this.microphones, new FakeMicrophone()),
      makeSocket: () => this.#remember(this.lines, new FakeLine()),
      unsent: this.unsent,
      retry: {
        stop: () => (this.countdown = null),
        start: (seconds, show, retry) => (this.countdown = { seconds, retry }),
      },
      maxSeconds: 1800,
    });
  }

  get microphone() {
    return this.microphones.at(-1);
  }

  get line() {
    return this.lines.at(-1);
  }

  /** Record was pressed, the server accepted, and the first samples came. */
  async recording() {
    const begun = this.dictation.press();
    this.line.place.open({ limits: { max_seconds: 1800 } });
    this.microphone.permission.open();
    this.microphone.firstSamples.open();
    await begun;
    return this;
  }

  #remember(list, made) {
    list.push(made);
    return made;
  }
}

/** Lets everything that is ready to happen happen. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
