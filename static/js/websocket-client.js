import { AudioSender } from "./audio-sender.js";
import { Deferred } from "./deferred.js";
import { KeptAudio } from "./kept-audio.js";
import { Listeners } from "./listeners.js";
import { NextTry } from "./next-try.js";
import { meaningOf } from "./refusals.js";
import { ReturningSocket } from "./returning-socket.js";
import { LOST, ServerSocket } from "./server-socket.js";
import { SessionEnding } from "./session-ending.js";
import { newAbout, SessionPlace } from "./session-place.js";
import { SessionVoice } from "./session-voice.js";
import { SessionWishes } from "./session-wishes.js";

/** Audio older than this without an ack is worth telling the person about. */
export const SLOW_MS = 2000;
const WATCH_MS = 250;
/** The server answers session_end within 5 s; the rest is the network's. */
const COMPLETE_MS = 15000;
const EVENTS = `connected acknowledged slow full result state complete continued superseded stored draining refused
  error closed`;

/**
 * One dictation's line to the server. It comes back by itself until the server has everything.
 *
 * Events: `connected` (the ack: there is a place), `acknowledged` and `slow` (waiting state: on each ack, and while the
 * line is away or the oldest audio waits over 2 s), `full` (boolean: the server's disk), `result`, `state`, `complete`, `stored`, `draining`,
 * `closed` (waiting state: the line is lost, another is being made), `refused` (why that does not work for now),
 * `continued` (the session was over: the rest goes into a linked one), `superseded` (by another tab), `error`.
 */
export class TranscriptionWebSocket {
  #listeners = new Listeners(EVENTS.split(/\s+/));
  #audio;
  #place;
  #sender;
  #line;
  #voice;
  #wishes = new SessionWishes();
  #isOpen = false;
  #goesOn = false;
  #watch = null;
  #ending;
  #accepted = new Deferred();

  /** @param {string} quality low, medium or high  @param {object} options audio: KeptAudio, maybe of an earlier visit */
  constructor(url, userId, quality, { specialty, connectSocket, now = Date.now, audio, retry = new NextTry() } = {}) {
    this.#audio = audio ?? new KeptAudio(newAbout({ quality, specialty, startedAt: now() }), undefined, { now });
    this.#place = new SessionPlace(this.#audio);
    this.#sender = new AudioSender(this.#audio, this.#place, (pcm, where) => this.#voice.audio(pcm, where), now);
    this.#ending = new SessionEnding(this.#audio, this.#place, this.#wishes, (id) => this.#goOnElsewhere(id));
    this.#line = new ReturningSocket(() => new ServerSocket(url, connectSocket), retry, {
      messages: this.#messages(),
      isOurs: (sessionId = this.sessionId) => sessionId === this.sessionId,
      opened: () => this.#voice.start(),
      lost: (problem) => this.#lost(problem),
    });
    this.#voice = new SessionVoice(this.#line, this.#place, userId, now);
  }

  on(event, listener) {
    return this.#listeners.on(event, listener);
  }

  get sessionId() {
    return this.#place.sessionId;
  }

  /** What is safe on the server and what is only here. */
  get waiting() {
    return this.#audio.waiting;
  }

  /** True while there is no line and another is being made. */
  get isAway() {
    return this.#goesOn && !this.#isOpen;
  }

  /** @returns {Promise<object>} the session_ack; a new dictation that is not patient is rejected at the first failure */
  connect(isPatient = false) {
    const { isEnded } = this.#audio.about;
    this.#goesOn = isPatient || isEnded || this.#audio.waitingBytes > 0;
    if (isEnded) this.#wishes.end();
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    this.#line.start();
    return this.#accepted.promise;
  }

  /** Keeps the chunk until the server has it, and sends it when the line takes it. */
  sendAudioChunk(pcm) {
    this.#audio.add(pcm);
    this.#sender.pump();
  }

  /** The person pauses: told when all audio before was sent. */
  pause() {
    this.#wishes.pause();
    this.#sayWhatIsDue();
  }

  resume() {
    this.#wishes.resume();
    this.#sayWhatIsDue();
  }

  /**
   * No more audio will come, or the server has ended the session by itself. It may take as long as the line is away.
   * @returns {Promise<object>} session_complete; rejects with an error object when it can never be sent as it is
   */
  endSession() {
    this.#wishes.end();
    this.#audio.remember({ isEnded: true });
    this.#ending.settle();
    this.#sayWhatIsDue();
    return this.#ending.receipt;
  }

  /** Closes the line for good. Audio that waits stays kept. */
  disconnect() {
    // A place that was taken and never spoken into would otherwise stay taken until the idle time-out.
    if (this.#isOpen && !this.#ending.isTold && this.#audio.totalBytes === 0)
      this.#voice.wish("session_end", this.#audio);
    this.#goesOn = this.#isOpen = false;
    clearInterval(this.#watch);
    this.#sender.close();
    this.#line.stop();
  }

  #messages() {
    return {
      session_ack: (ack) => this.#welcome(ack),
      audio_ack: ({ received_bytes: received }) => this.#acknowledge(received),
      transcription_result: (result) => this.#tellResult(result),
      session_complete: (complete) => this.#completed(complete),
      session_state: (state) => this.#listeners.tell("state", state),
      recording_stored: (stored) => this.#listeners.tell("stored", stored),
      server_draining: (draining) => this.#listeners.tell("draining", draining),
      error: (error) => this.#refused(error),
    };
  }

  #welcome(ack) {
    this.#line.calm();
    if (!this.#place.answered(ack)) {
      this.#place.leave();
      this.#line.drop({ error_code: LOST });
      return;
    }
    this.#goesOn = this.#isOpen = true;
    this.#wishes.tellAgain();
    (ack.segments ?? []).forEach((segment) => this.#tellResult({ ...segment, is_partial: false }));
    this.#accepted.resolve(ack);
    this.#listeners.tell("connected", ack);
    this.#sender.open();
    this.#sayWhatIsDue();
  }

  #acknowledge(received) {
    if (!this.#sender.acknowledged(received)) return;
    this.#listeners.tell("full", false);
    this.#listeners.tell("acknowledged", this.waiting);
    this.#sayWhatIsDue();
  }

  #sayWhatIsDue() {
    this.#sender.pump();
    const wish = this.#isOpen && !this.#ending.isTold && this.#wishes.next(this.#sender.isDrained);
    if (!wish) return;
    this.#voice.wish(wish, this.#audio);
    if (wish === "session_end") this.#line.patientFor(COMPLETE_MS);
  }

  #tellResult(result) {
    if (this.#place.isNews(result)) this.#listeners.tell("result", result);
  }

  #refused(error) {
    const means = {
      superseded: () => this.#giveUp(error, "superseded"),
      finished: () => this.#ending.wasOver(error.context),
      final: () => this.#giveUp(error),
      unknown: () => this.#unknownThere(error),
      later: () => this.#line.drop(error, error.retry_after ?? 0),
      notTaken: () => this.#notTaken(error),
      ended: () => this.#endsThere() || this.#listeners.tell("error", error),
      signedOut: () => this.#listeners.tell("refused", error),
      told: () => this.#listeners.tell("error", error),
    };
    means[meaningOf(error, this.#isOpen)]();
  }

  #notTaken(error) {
    this.#wishes.notTaken();
    this.#sender.refused(error);
    this.#listeners.tell("full", this.#sender.isFull);
  }

  /** The receipt of a session that the server ends by itself is on the way. */
  #endsThere() {
    this.#wishes.tooLate();
    this.#sender.close();
    this.#line.patientFor(COMPLETE_MS);
  }

  #unknownThere(error) {
    if (this.#isOpen) this.#endsThere();
    else if (!this.#place.isKnown) this.#line.drop(error);
    else if (this.#ending.needsMore) this.#goOnElsewhere(null);
    else this.#giveUp({ error_code: "FINISH_LATE" });
  }

  /** What a session that is over did not get goes into a linked one. */
  #goOnElsewhere(transcriptionId) {
    this.#isOpen = false;
    this.#sender.close();
    this.#place.leave();
    this.#listeners.tell("continued", { transcription_id: transcriptionId });
    this.#voice.start();
  }

  #completed(complete) {
    this.#line.calm();
    this.#sender.close();
    this.#listeners.tell("complete", complete);
    this.#ending.came(complete);
  }

  #lost(problem) {
    this.#isOpen = false;
    this.#sender.close();
    if (this.#ending.isWhole) return false;
    if (!this.#goesOn) return this.#giveUp(problem);
    this.#listeners.tell("closed", this.waiting);
    if (problem.error_code !== LOST) this.#listeners.tell("refused", problem);
    return true;
  }

  #giveUp(problem, event = "error") {
    this.disconnect();
    // Whatever is sent of it later goes into a session of its own.
    if (this.#place.isKnown) this.#place.leave();
    this.#accepted.reject(problem);
    this.#ending.fail(problem);
    this.#listeners.tell(event, problem);
    return false;
  }

  #look() {
    if (this.isAway || this.waiting.oldestMs >= SLOW_MS) this.#listeners.tell("slow", this.waiting);
    if (this.#sender.isStalled) this.#line.drop({ error_code: LOST });
  }
}
