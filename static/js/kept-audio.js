import { Gaps } from "./gaps.js";
import { Listeners } from "./listeners.js";
import { secondsOf } from "./pcm.js";
import { UnackedChunks } from "./unacked-chunks.js";

/** At most this much speech is not on the disk yet, together with one chunk: what a killed browser loses. */
export const WRITE_MS = 500;
/** A disk that refused is asked again after this; until then memory keeps everything. */
const WRITE_AGAIN_MS = 5000;
/** Two minutes at 16 kHz. More than that waits on the disk only. */
const MEMORY_BYTES = 4 * 1024 * 1024;
/** What is fetched from the disk at once while catching up. */
const LOAD_BYTES = 256 * 1024;

/**
 * The sound of one dictation until the server has it: in memory, and on this computer's disk where it can be.
 * Offsets count bytes from the first sample that was captured here.
 *
 * Events: `trouble` (boolean: the disk refuses now, or takes again).
 */
export class KeptAudio {
  #listeners = new Listeners(["trouble"]);
  #about;
  #store;
  #chunks;
  #gaps;
  #now;
  #timer = null;
  #writing = Promise.resolve();
  #isInTrouble = false;
  #isDiscarded = false;
  #isKept = false;

  /**
   * @param {object} about id, startedAt (ms), sampleRate, and whatever is needed to go on with it after a crash
   * @param {Promise<DictationStore|null>} store null: memory is all there is
   */
  constructor(about, store = Promise.resolve(null), { chunks = new UnackedChunks(), now = Date.now } = {}) {
    this.#about = about;
    this.#store = store;
    this.#chunks = chunks;
    this.#now = now;
    this.#gaps = new Gaps(about.gaps, (gaps) => this.remember({ gaps }));
  }

  /** What was found on the disk, after a crash or in an earlier visit. */
  static async found(about, store) {
    const chunks = new UnackedChunks(about.acknowledged, await store.pieces(about.id), about.startedAt);
    const audio = new KeptAudio(about, Promise.resolve(store), { chunks });
    audio.#isKept = true;
    return audio;
  }

  on(event, listener) {
    return this.#listeners.on(event, listener);
  }

  /** What was last remembered of this dictation. */
  get about() {
    return this.#about;
  }

  /** What was not captured, at its places in this sound. */
  get gaps() {
    return this.#gaps;
  }

  /** @param {object} fields kept with the sound, for going on after a crash */
  remember(fields) {
    this.#about = { ...this.#about, ...fields };
    this.#writeSoon();
  }

  add(pcm) {
    this.#chunks.add(pcm, this.#now());
    this.#writeSoon();
  }

  acknowledge(bytes) {
    this.#chunks.acknowledge(bytes);
    this.#gaps.acknowledge(this.acknowledgedBytes);
    this.#writeSoon();
  }

  slice(offset, maxBytes) {
    return this.#chunks.slice(offset, maxBytes);
  }

  /** Fetches what comes next from the disk, after which slice(offset) has it. */
  async load(offset) {
    const store = await this.#store;
    const fetched = this.#chunks.unloaded(offset, LOAD_BYTES).map(async (chunk) => {
      chunk.pcm = await store.read(this.#about.id, chunk);
    });
    await Promise.all(fetched);
  }

  get totalBytes() {
    return this.#chunks.totalBytes;
  }

  get acknowledgedBytes() {
    return this.#chunks.acknowledgedBytes;
  }

  get waitingBytes() {
    return this.#chunks.waitingBytes;
  }

  /** What is safe on the server, what is only here, and whether it outlives this page. */
  get waiting() {
    const seconds = (bytes) => secondsOf(bytes, this.#about.sampleRate);
    return {
      safeSeconds: seconds(this.acknowledgedBytes),
      waitingSeconds: seconds(this.waitingBytes),
      oldestMs: this.#chunks.oldestWait(this.#now()),
      isKept: this.#isKept,
    };
  }

  /** @returns {Promise<ArrayBuffer[]>} exactly the bytes that are only here, in order */
  async waitingPcm() {
    const store = await this.#store;
    const first = this.acknowledgedBytes;
    const parts = this.#chunks.chunks.map(async (chunk) => {
      const pcm = chunk.pcm ?? (await store.read(this.#about.id, chunk));
      return pcm.slice(Math.max(0, first - chunk.offset));
    });
    return Promise.all(parts);
  }

  /** Fulfilled when all of it is on the disk, or the disk refused. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Nothing of it is left here. */
  async discard() {
    this.#isDiscarded = true;
    clearTimeout(this.#timer);
    await this.#writing;
    const store = await this.#store;
    await store?.discard(this.#about.id);
  }

  #writeSoon() {
    if (this.#isDiscarded) return;
    this.#timer ??= setTimeout(() => this.flush(), this.#isInTrouble ? WRITE_AGAIN_MS : WRITE_MS);
  }

  async #write() {
    const store = await this.#store;
    if (!store || this.#isDiscarded) return;
    const pieces = this.#chunks.gather();
    const acknowledged = this.acknowledgedBytes;
    try {
      await store.write({ ...this.#about, acknowledged }, pieces, acknowledged);
    } catch {
      // Whatever the reason, a full disk or a closed store: memory has it all, and the person is told.
      this.#wrote(false);
      return;
    }
    pieces.forEach((piece) => (piece.isStored = true));
    this.#chunks.unload(MEMORY_BYTES);
    this.#wrote(true);
  }

  #wrote(isKept) {
    const isNews = this.#isInTrouble === isKept;
    this.#isKept = isKept;
    this.#isInTrouble = !isKept;
    if (!isKept) {
      clearTimeout(this.#timer);
      this.#timer = null;
      this.#writeSoon();
    }
    if (isNews) this.#listeners.tell("trouble", !isKept);
  }
}
