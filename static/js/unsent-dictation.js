import { UnsentAudio } from "./unsent-audio.js";
import { unsentWords } from "./unsent-words.js";

const KEEPABLE = ["play", "download", "discard"];
const CHOICES = {
  offered: ["send", ...KEEPABLE],
  failed: ["send", ...KEEPABLE],
  lost: ["send", "discard"],
  sent: ["close"],
};
const REFUSED = { UNAUTHENTICATED: "signedOut", SESSION_LIMIT_EXCEEDED: "busy" };

/** One dictation that is not wholly on the server, from being found or left over until it is sent or discarded. */
export class UnsentDictation {
  #audio;
  #unsent;
  #makeLine;
  #over;
  #card;
  #now;
  #line = null;
  #notes = [];

  /**
   * @param {KeptAudio} audio
   * @param {object} parts makeCard(does), makeLine(audio), over(): it is sent or discarded; now: milliseconds
   */
  constructor(audio, { makeCard, makeLine, over, now = Date.now }) {
    this.#audio = audio;
    this.#unsent = new UnsentAudio(audio);
    this.#makeLine = makeLine;
    this.#over = over;
    this.#now = now;
    this.#card = makeCard({
      send: () => this.send(),
      play: () => this.#tried(this.#unsent.play(this.#card.player)),
      download: () => this.#tried(this.#unsent.download()),
      discard: () => this.discard(),
      close: () => this.#remove(),
    });
    this.#show("offered");
  }

  /** True while leaving the page would keep it from being sent, or lose it. */
  get needsPage() {
    return this.#line !== null || !this.#audio.waiting.isKept;
  }

  /** Begins to send; it goes on by itself until the server has everything. */
  send() {
    const line = this.#makeLine(this.#audio);
    this.follow(line, line.endSession());
    // A refusal for good is told by the receipt, which is rejected with it.
    line.connect().catch(() => {});
  }

  /**
   * @param {TranscriptionWebSocket} line that sends it already
   * @param {Promise<object>} receipt
   * @param {(complete: object) => boolean} told true when the person was shown the receipt elsewhere
   */
  async follow(line, receipt, told = () => false) {
    this.#line = line;
    this.#listen(line);
    this.#show(line.isAway ? "away" : "sending");
    try {
      const complete = await receipt;
      this.#notes.push(complete.transcription_id);
      await this.#sent(told(complete));
    } catch {
      await this.#failed();
    }
  }

  async discard() {
    if (!globalThis.confirm("Discard this dictation? What is not on the server can't be brought back.")) return;
    this.#line?.disconnect();
    this.#remove();
    await this.#audio.discard();
    this.#over();
  }

  #listen(line) {
    const show = (state) => this.#line === line && this.#show(state);
    ["connected", "acknowledged"].forEach((event) => line.on(event, () => show("sending")));
    line.on("closed", () => show("away"));
    line.on("refused", ({ error_code: code }) => REFUSED[code] && show(REFUSED[code]));
    line.on("continued", ({ transcription_id: id }) => id && this.#notes.push(id));
  }

  async #sent(isTold) {
    const line = this.#line;
    this.#line = null;
    line.disconnect();
    await this.#audio.discard();
    this.#over();
    if (isTold) this.#remove();
    else this.#show("sent");
  }

  /** Whatever the reason, what is here stays, and can be sent as a dictation of its own. */
  async #failed() {
    this.#line = null;
    if (this.#audio.waitingBytes > 0) {
      this.#audio.remember({ isEnded: false });
      this.#show("failed");
      return;
    }
    await this.#audio.discard();
    this.#over();
    this.#remove();
  }

  async #tried(action) {
    try {
      await action;
    } catch {
      this.#show("lost");
    }
  }

  #show(state) {
    const { waiting, about } = this.#audio;
    const said = unsentWords(state, { startedAt: about.startedAt, waiting, now: this.#now() });
    const isWhole = waiting.waitingSeconds === 0;
    const choices = isWhole && state === "offered" ? ["send", "discard"] : (CHOICES[state] ?? KEEPABLE);
    this.#card.show(said, choices, isWhole ? "Finish" : "Send");
    if (state === "sent") this.#card.showNotes(this.#notes);
  }

  #remove() {
    this.#unsent.release();
    this.#card.remove();
  }
}
