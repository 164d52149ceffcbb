import { KeptAudio } from "./kept-audio.js";
import { UnsentDictation } from "./unsent-dictation.js";

/** Everything that was spoken on this computer and is not wholly on the server. */
export class Outbox {
  #opening;
  #tabs;
  #makeLine;
  #shelf;
  #now;
  #unsent = new Set();
  #letGo = new Map();

  /**
   * @param {object} parts opening: a promise of the DictationStore or null; tabs: TabLock; makeLine(audio); shelf: where
   *   cards appear: makeCard(does), offerTakeOver(about, takeOver); now: milliseconds
   */
  constructor({ opening, tabs, makeLine, shelf, now = Date.now }) {
    this.#opening = opening;
    this.#tabs = tabs;
    this.#makeLine = makeLine;
    this.#shelf = shelf;
    this.#now = now;
  }

  /** @returns {KeptAudio} an empty one, for a dictation that begins now; no other tab offers it */
  begin(about) {
    this.#letGo.set(about.id, this.#tabs.take(about.id));
    return new KeptAudio(about, this.#opening, { now: this.#now });
  }

  /** The server has all of it: nothing of it stays here. */
  async over(audio) {
    await audio.discard();
    this.#free(audio.about.id);
  }

  /** What a dictation that has ended could not send goes on being sent, beside whatever comes next. */
  follow(audio, line, receipt, told) {
    this.#add(audio).follow(line, receipt, told);
  }

  /** What can't go into its session any more is offered as it is. */
  offer(audio) {
    this.#add(audio);
  }

  /**
   * Looks through the disk once. What was ended is sent by itself; what was cut off is offered.
   * @param {(about: object) => void} takeOver goes on here with what another tab records
   */
  async find(takeOver) {
    const store = await this.#opening;
    for (const about of (await store?.dictations()) ?? []) {
      const letGo = await this.#tabs.take(about.id);
      if (letGo) {
        this.#letGo.set(about.id, Promise.resolve(letGo));
        await this.#found(store, about);
      } else if (!about.isEnded && about.resumeToken) {
        this.#shelf.offerTakeOver(about, async () => takeOver((await store.dictation(about.id)) ?? about));
      }
    }
  }

  /** True while leaving the page would keep something from being sent, or lose it. */
  get needsPage() {
    return [...this.#unsent].some(({ needsPage }) => needsPage);
  }

  async #found(store, about) {
    const audio = await KeptAudio.found(about, store);
    const isNothing = audio.waitingBytes === 0 && !about.resumeToken;
    if (isNothing) {
      await this.over(audio);
      return;
    }
    const dictation = this.#add(audio);
    if (about.isEnded) dictation.send();
  }

  #add(audio) {
    const dictation = new UnsentDictation(audio, {
      makeCard: (does) => this.#shelf.makeCard(does),
      makeLine: this.#makeLine,
      over: () => {
        this.#unsent.delete(dictation);
        this.#free(audio.about.id);
      },
      now: this.#now,
    });
    this.#unsent.add(dictation);
    return dictation;
  }

  async #free(id) {
    const letGo = await this.#letGo.get(id);
    this.#letGo.delete(id);
    letGo?.();
  }
}
