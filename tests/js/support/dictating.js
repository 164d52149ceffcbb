import { Dictation } from "../../../static/js/dictation.js";
import { RecogniserLine } from "../../../static/js/recogniser-line.js";
import { RecorderState } from "../../../static/js/recorder-state.js";
import { Outbox } from "../../../static/js/outbox.js";
import { newAbout } from "../../../static/js/session-place.js";
import { Listeners } from "../../../static/js/listeners.js";
import { TabLock } from "../../../static/js/tab-lock.js";

const NOTHING = { safeSeconds: 0, waitingSeconds: 0, oldestMs: 0, isKept: true };
const EVENTS = `connected acknowledged slow full result state complete continued superseded stored draining refused
  error closed`;

/** A promise the test settles when it wants. */
export function gate() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { open: resolve, fail: reject }));
  // A test may refuse before anybody waits.
  made.promise.catch(() => {});
  return made;
}

export class FakeMicrophone {
  listeners = new Listeners(["chunk", "level", "hearing", "devices", "error"]);
  permission = gate();
  firstSamples = gate();
  again = gate();
  isOpen = false;
  deviceLabel = "Desk microphone";
  on = (event, listener) => this.listeners.on(event, listener);
  check = async () => {};
  start = () => this.firstSamples.promise;

  async initialize() {
    await this.permission.promise;
    this.isOpen = true;
  }

  cut() {}

  async pause() {
    this.isOpen = false;
  }

  async resume() {
    await this.again.promise;
    this.isOpen = true;
  }

  async stop() {
    this.isOpen = false;
  }
}

export class FakeLine {
  listeners = new Listeners(EVENTS.split(/\s+/));
  sessionId = "5d1f0c22-1111-4222-8333-444455556666";
  place = gate();
  receipt = gate();
  waiting = NOTHING;
  heard = [];
  wishes = [];
  isOpen = true;
  isAway = false;
  isPatient = false;
  on = (event, listener) => this.listeners.on(event, listener);
  connect = (isPatient = false) => {
    this.isAway = this.isPatient = isPatient;
    return this.place.promise;
  };
  pause = () => this.wishes.push("pause");
  resume = () => this.wishes.push("resume");

  constructor(audio) {
    this.audio = audio;
  }

  endSession() {
    this.wishes.push("end");
    return this.receipt.promise;
  }

  sendAudioChunk(pcm) {
    this.heard.push(pcm);
    this.audio.add(pcm);
  }

  disconnect() {
    this.isOpen = false;
  }

  /** The network goes away with so much audio on either side. */
  isCut(safeSeconds, waitingSeconds) {
    this.audio.add(new ArrayBuffer((safeSeconds + waitingSeconds) * 32000));
    this.audio.acknowledge(safeSeconds * 32000);
    this.isAway = true;
    this.waiting = { safeSeconds, waitingSeconds, oldestMs: 1000 * waitingSeconds, isKept: true };
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
  alarm = null;
  cards = [];
  offers = [];
  button = { show: (state) => this.states.push(state) };
  pause = { show: () => {} };
  clock = { reset: (seconds) => (this.maxSeconds = seconds), add: () => {}, beginAnew: () => {} };
  meter = {
    show: () => {},
    reset: () => {},
    alarm: (words) => (this.alarm = words),
    calm: () => (this.alarm = null),
  };
  connectionLine = {
    show: (change) => Object.assign(this.connection, change),
    reset: () => {},
    say: (words) => (this.said = words),
  };
  display = {
    updatePartial: (text, id) => this.texts.push(["partial", id, text]),
    appendFinal: (text, id) => this.texts.push(["final", id, text]),
    addGap: (text) => this.texts.push(["gap", text]),
    dropPartials: () => {},
    showError: (notice) => (this.error = notice),
    showStatus: (status) => this.statuses.push(status),
    clear: () => (this.error = null),
  };
  recogniser = { textContent: "Recogniser: a medical one.", dataset: { recogniser: "a medical one" } };
  receiptCard = {
    show: (complete, here) => {
      this.receipt = { ...complete, ...here };
      return "Saved";
    },
    audio: (status) => (this.recording = status),
    hide: () => (this.receipt = null),
  };

  /** Where the cards of unsent dictations appear; each remembers what it shows. */
  shelf = {
    makeCard: (does) => this.#remember({ does, notes: [], isThere: true, player: {} }),
    offerTakeOver: (about, takeOver) => this.offers.push({ about, takeOver }),
  };

  get state() {
    return this.states.at(-1);
  }

  get card() {
    return this.cards.filter(({ isThere }) => isThere).at(-1);
  }

  get errorText() {
    return this.error ? this.error.textContent : "";
  }

  #remember(card) {
    card.show = (said, choices) => Object.assign(card, said, { choices });
    card.showNotes = (ids) => (card.notes = ids);
    card.remove = () => (card.isThere = false);
    this.cards.push(card);
    return card;
  }

  choose(label) {
    [...this.error.querySelectorAll("button")].find((button) => button.textContent.startsWith(label)).click();
  }
}

/** A page with its dictations, their microphones and lines in the test's hands. */
export class Desk {
  seen = new Seen();
  microphones = [];
  lines = [];
  countdown = null;
  now = 1_790_000_000_000;

  /** @param {object} browser the disk's store and the locks of an earlier visit, or none */
  constructor({ store = null, tabs = new TabLock(undefined) } = {}) {
    const { seen } = this;
    const { button, pause, display, clock, meter, settings } = seen;
    const makeLine = (audio) => this.#remember(this.lines, new FakeLine(audio));
    const now = () => this.now;
    this.outbox = new Outbox({ opening: Promise.resolve(store), tabs, makeLine, shelf: seen.shelf, now });
    this.dictation = new Dictation({
      recorder: new RecorderState(),
      views: {
        button,
        pause,
        display,
        clock,
        meter,
        settings,
        signIn: {
          isOpen: false,
          close: () => {},
          choices: () => [{ label: "Sign in here", run: () => (seen.isAskedToSignIn = true) }],
        },
        connection: seen.connectionLine,
        receipt: seen.receiptCard,
        recogniser: new RecogniserLine(seen.recogniser),
      },
      makeCapture: () => this.#remember(this.microphones, new FakeMicrophone()),
      makeLine,
      newAbout: (continues = null) =>
        newAbout({ quality: "medium", specialty: "PRIMARYCARE", startedAt: this.now, continues }),
      outbox: this.outbox,
      retry: {
        stop: () => (this.countdown = null),
        start: (seconds, show, retry) => (this.countdown = { seconds, retry }),
      },
      maxSeconds: 1800,
      now,
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
