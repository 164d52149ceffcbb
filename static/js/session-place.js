export const SAMPLE_RATES = { low: 8000, medium: 16000, high: 48000 };

/**
 * What must be known of a dictation to go on with it, after a lost line or in another visit. The token and all else
 * lie sealed on this computer's disk, beside the sound.
 *
 * id                       of the sound kept here; the session may change under it
 * sessionId, resumeToken   the session on the server, as it was last told
 * nextSegment              finals of it that came here
 * shift                    session offset - own offset, bytes; null until the server's first answer
 * continues                the session this one goes on from, or null
 * gaps                     what was not captured here: {offset, seconds}, until the server knows
 * isEnded                  the recording is over: send it without asking
 */
export function newAbout({ quality, specialty, audioType = null, startedAt, continues = null }) {
  const sessionId = crypto.randomUUID();
  const sampleRate = SAMPLE_RATES[quality];
  const recording = { startedAt, quality, specialty, audioType, sampleRate, gaps: [], isEnded: false };
  return { id: sessionId, ...recording, ...fresh(sessionId, continues) };
}

/** The same session, for sound that is captured here from now on. */
export function takenOver(about, startedAt) {
  return { ...about, id: crypto.randomUUID(), startedAt, shift: null, acknowledged: 0, gaps: [], isEnded: false };
}

function fresh(sessionId, continues) {
  return { sessionId, continues, resumeToken: null, shift: null, nextSegment: 0 };
}

/** Where one dictation's sound has its place in a session on the server. */
export class SessionPlace {
  #audio;
  #hasAsked = false;

  /** @param {KeptAudio} audio */
  constructor(audio) {
    this.#audio = audio;
  }

  get sessionId() {
    return this.#audio.about.sessionId;
  }

  /** True when the server has answered for this session before. */
  get isKnown() {
    return this.#audio.about.resumeToken !== null;
  }

  /** @returns {object} the fields of session_start: a new session, or one that goes on */
  start() {
    // A start without an answer may have been heard; its id is then taken.
    if (this.#hasAsked && !this.isKnown) this.#audio.remember({ sessionId: crypto.randomUUID() });
    this.#hasAsked = true;
    const { quality, specialty, audioType, resumeToken, nextSegment, continues } = this.#audio.about;
    const wished = { quality, specialty, ...(audioType ? { audio_type: audioType } : {}) };
    if (!resumeToken) return continues ? { ...wished, continues } : wished;
    const after = nextSegment > 0 ? { after_segment: nextSegment - 1 } : {};
    return { ...wished, resume_token: resumeToken, ...after };
  }

  /** @returns {boolean} false when the place there is not this sound's any more; then nothing has changed */
  answered({ received_bytes: received = 0, resume_token: resumeToken = null }) {
    const { totalBytes, acknowledgedBytes } = this.#audio;
    const shift = this.#audio.about.shift ?? received - acknowledgedBytes;
    const own = received - shift;
    // Less than was acknowledged, or more than was ever spoken here: somebody else's sound is there.
    if (own < acknowledgedBytes || own > totalBytes) return false;
    this.#audio.remember({ shift, resumeToken });
    this.#audio.acknowledge(own);
    return true;
  }

  /** @returns {boolean} false when that was known */
  acknowledge(received) {
    const before = this.#audio.acknowledgedBytes;
    this.#audio.acknowledge(Math.min(this.here(received), this.#audio.totalBytes));
    return this.#audio.acknowledgedBytes > before;
  }

  /** @param {number} own offset of this sound  @returns {number} offset in the session, both in bytes */
  there(own) {
    return own + (this.#audio.about.shift ?? 0);
  }

  here(received) {
    return received - (this.#audio.about.shift ?? 0);
  }

  /** @returns {boolean} false for a final that came before */
  isNews({ is_partial: isPartial, segment_index: index }) {
    if (isPartial || index === undefined) return true;
    if (index < this.#audio.about.nextSegment) return false;
    this.#audio.remember({ nextSegment: index + 1 });
    return true;
  }

  /** What the session did not get goes into a new one, linked with it. */
  leave() {
    this.#hasAsked = false;
    this.#audio.remember(fresh(crypto.randomUUID(), this.sessionId));
  }
}
