/** Says things to the server in the name of one session. */
export class SessionVoice {
  #line;
  #place;
  #userId;
  #now;

  /** @param {ReturningSocket} line  @param {SessionPlace} place  @param {() => number} now milliseconds */
  constructor(line, place, userId, now) {
    this.#line = line;
    this.#place = place;
    this.#userId = userId;
    this.#now = now;
  }

  start() {
    this.#say("session_start", { ...this.#place.start(), user_id: this.#userId });
  }

  /** @param {string} wish session_pause, session_resume or session_end  @param {number} spoken bytes here in all */
  wish(wish, spoken) {
    this.#say(wish, wish === "session_end" ? { total_bytes: this.#place.there(spoken) } : {});
  }

  /** @param {{seq: number, offset: number}} where */
  audio(pcm, where) {
    this.#line.sendAudio(pcm, { session_id: this.#place.sessionId, ...where, timestamp: this.#now() / 1000 });
  }

  #say(type, fields) {
    this.#line.say(type, { session_id: this.#place.sessionId, ...fields }, this.#now() / 1000);
  }
}
