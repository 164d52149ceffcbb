/**
 * ready      nothing is being recorded
 * starting   asked for; not yet both accepted by the server and heard by the microphone
 * recording  the server has a place for this dictation and samples arrive
 * paused     the microphone is closed, for a while; the dictation goes on later
 * finishing  the microphone is closed; the rest is being sent and saved
 */
const MOVES = {
  ready: { record: "starting" },
  starting: { accepted: "starting", heard: "starting", failed: "ready" },
  recording: { stop: "finishing", ended: "finishing", pause: "paused" },
  paused: { stop: "finishing", ended: "finishing", resume: "recording" },
  finishing: { finished: "ready" },
};

/** The record button's state. It follows what really happened, never the click alone. */
export class RecorderState {
  #state = "ready";
  #accepted = false;
  #heard = false;
  #listener = () => {};

  get state() {
    return this.#state;
  }

  /** @param {(state: string) => void} listener told of each change, and of the state now */
  follow(listener) {
    this.#listener = listener;
    listener(this.#state);
  }

  /** @returns {boolean} false when the event means nothing in this state, and nothing was changed */
  move(event) {
    const before = this.#state;
    const next = MOVES[before][event];
    if (!next) return false;
    if (event === "record") this.#accepted = this.#heard = false;
    if (event === "accepted") this.#accepted = true;
    if (event === "heard") this.#heard = true;
    this.#state = next === "starting" && this.#accepted && this.#heard ? "recording" : next;
    if (this.#state !== before) this.#listener(this.#state);
    return true;
  }
}
