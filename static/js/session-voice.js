/** The server takes no longer one: a computer that slept over the weekend. */
const LONGEST_GAP_SECONDS = 86400;

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

  /** @param {string} wish session_pause, session_resume or session_end  @param {KeptAudio} audio what was spoken here */
  wish(wish, audio) {
    this.#say(wish, wish === "session_end" ? this.#end(audio) : {});
  }

  /** @param {{seq: number, offset: number, gap: number}} where gap: seconds missing right before it */
  audio(pcm, { gap, ...where }) {
    const place = { session_id: this.#place.sessionId, ...where, ...missing(gap) };
    this.#line.sendAudio(pcm, { ...place, timestamp: this.#now() / 1000 });
  }

  #end({ totalBytes, gaps }) {
    return { total_bytes: this.#place.there(totalBytes), ...missing(gaps.at(totalBytes)) };
  }

  #say(type, fields) {
    this.#line.say(type, { session_id: this.#place.sessionId, ...fields }, this.#now() / 1000);
  }
}

function missing(seconds) {
  return seconds > 0 ? { gap_seconds: Math.min(seconds, LONGEST_GAP_SECONDS) } : {};
}
