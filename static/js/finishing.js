/** A dictation that takes longer to be finished than this is finished beside whatever comes next. */
const FINISH_MS = 15000;

/** Brings dictations to their end: with a receipt at once, or later, beside whatever comes next. */
export class Finishing {
  #outbox;
  #receipt;
  #say;

  /** @param {object} parts outbox, receipt (the view), say(words): to a screen reader */
  constructor({ outbox, receipt, say }) {
    this.#outbox = outbox;
    this.#receipt = receipt;
    this.#say = say;
  }

  /**
   * The microphone is closed. Fulfilled when the receipt is shown, or everything is kept here and being sent.
   * @param {object} dictation line, audio, notes (ids of notes that hold its first parts), isShown()
   * @returns {Promise<number|null>} the note's id; null when it is not known yet
   */
  async finish({ line, audio, notes, isShown }) {
    const receipt = line.endSession();
    const show = (complete) => isShown() && this.#show(line, complete, notes);
    const complete = await soon(line, receipt);
    if (complete) {
      await this.#outbox.over(audio);
      show(complete);
      return complete.transcription_id;
    }
    await audio.flush();
    this.#outbox.follow(audio, line, receipt, show);
    this.#say("Not everything is sent yet. It is kept here and will be sent.");
    return null;
  }

  #show(line, complete, notes) {
    this.#say(this.#receipt.show(complete, { earlier: notes, ...line.waiting }));
    if (complete.audio_status === "STORED") line.disconnect();
    else line.on("stored", () => line.disconnect());
    return true;
  }
}

/** @returns {Promise<object|null>} the receipt; null when it can't be had now */
function soon(line, receipt) {
  if (line.isAway) return Promise.resolve(null);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), FINISH_MS);
    const settle = (complete) => {
      clearTimeout(timer);
      resolve(complete);
    };
    line.on("closed", () => settle(null));
    receipt.then(settle, () => settle(null));
  });
}
