import { KeptAudio } from "../../../static/js/kept-audio.js";
import { NextTry } from "../../../static/js/next-try.js";
import { newAbout } from "../../../static/js/session-place.js";
import { TranscriptionWebSocket } from "../../../static/js/websocket-client.js";
import { MIDDLE_CHANCE } from "./chance.js";
import { settled } from "./dictating.js";
import { FakeServer } from "./fake-server.js";

const CHUNK_MS = 250;

/** The disk is as fast as a disk, although the test's time runs a thousand times faster. */
class PatientAudio extends KeptAudio {
  isFetched = Promise.resolve();

  load(offset) {
    this.isFetched = super.load(offset);
    return this.isFetched;
  }
}

/** Somebody who dictates to a fake server while the test lets time pass. What is spoken is a counter. */
export class Speaker {
  server = new FakeServer();
  told = [];
  spoken = [];
  missed = [];
  #timers;
  #count = 0;

  /** @param {object} timers the test's mock timers  @param {DictationStore|null} store */
  constructor(timers, { store = null, chunkBytes = 8000 } = {}) {
    this.#timers = timers;
    this.chunkBytes = chunkBytes;
    const about = newAbout({ quality: "medium", specialty: "PRIMARYCARE", startedAt: Date.now() });
    this.audio = new PatientAudio(about, Promise.resolve(store));
    this.line = this.call(this.audio);
  }

  call(audio) {
    const line = new TranscriptionWebSocket("https://dictation.example", "user-1", "medium", {
      audio,
      connectSocket: this.server.connect,
      retry: new NextTry(new EventTarget(), MIDDLE_CHANCE),
    });
    ["connected", "closed", "full", "result", "continued", "superseded", "refused", "error", "complete"].forEach(
      (event) => line.on(event, (value) => this.told.push([event, value])),
    );
    return line;
  }

  async begin() {
    const accepted = this.line.connect();
    await this.passes(0.1);
    await accepted;
    return this;
  }

  async speaks(seconds) {
    for (let spoken = 0; spoken < seconds * 1000; spoken += CHUNK_MS) {
      const chunk = new Uint8Array(this.chunkBytes).map(() => (this.#count += 1) % 251);
      this.spoken.push(chunk);
      this.line.sendAudioChunk(chunk.buffer.slice(0));
      await this.passes(CHUNK_MS / 1000);
    }
  }

  /** Sound comes again after so many seconds without. */
  misses(seconds) {
    this.missed.push({ offset: this.audio.totalBytes, seconds });
    this.audio.gaps.suspect(this.audio.totalBytes);
    this.audio.gaps.settle(seconds);
  }

  /** Lets time pass, and with it everything that the browser does by itself. */
  async passes(seconds, stepMs = 50) {
    for (let passed = 0; passed < seconds * 1000; passed += stepMs) {
      this.#timers.tick(stepMs);
      await settled();
      await this.audio.isFetched;
    }
  }

  /** The receipt, however long it takes; null when it takes more than ten minutes. */
  async ends(line = this.line) {
    let receipt = null;
    line.endSession().then((complete) => (receipt = complete));
    for (let second = 0; second < 600 && receipt === null; second += 1) await this.passes(1);
    line.disconnect();
    return receipt;
  }

  /** The browser is killed: nothing here goes on, and what was in memory is gone. */
  async isKilled() {
    this.line.disconnect();
    await this.audio.flush();
  }

  times(event) {
    return this.told.filter(([told]) => told === event).length;
  }

  get said() {
    return Buffer.concat(this.spoken);
  }
}
