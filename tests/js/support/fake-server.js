/** The server writes to its disk, and acknowledges, so often. */
const ANSWER_MS = 100;
/** Hertz of the sessions here. */
const RATE = 16000;

/** Bytes that only ever grow. */
class Recording {
  #bytes = new Uint8Array(1 << 16);
  length = 0;

  add(pcm) {
    if (this.length + pcm.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.length + pcm.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(pcm, this.length);
    this.length += pcm.length;
  }

  get all() {
    return this.#bytes.subarray(0, this.length);
  }
}

/**
 * A server with sessions on a disk, and the network to it. It checks every message as the real one does, and remembers
 * what it kept. The network can be cut and acks can be lost; what the disk holds stays.
 */
export class FakeServer {
  sessions = new Map();
  sockets = new Set();
  isReachable = true;
  isFull = false;
  isCrowded = false;
  starts = [];
  /** (received_bytes) => how often this ack arrives: 0 is lost, 2 is doubled. */
  acks = () => 1;
  #made = 0;

  connect = () => new FakeLine(this);

  /** The cable is pulled, or the process killed: lines end, and none is made until it is back. */
  goes() {
    this.isReachable = false;
    [...this.sockets].forEach((socket) => socket.cut());
  }

  comesBack() {
    this.isReachable = true;
  }

  /** As after the idle time-out: a note with what was there. */
  finish(sessionId) {
    const session = this.sessions.get(sessionId);
    session.isFinished = true;
    session.noteId ??= this.sessions.size;
  }

  open(sessionId, fields) {
    const token = `token-${(this.#made += 1)}`;
    this.sessions.set(sessionId, {
      token,
      bytes: new Recording(),
      finals: [],
      wishes: [],
      gaps: [],
      isFinished: false,
      ...fields,
    });
    return this.sessions.get(sessionId);
  }

  /** Everything that was kept, session after session in the order they were begun. */
  get kept() {
    return Buffer.concat([...this.sessions.values()].map(({ bytes }) => bytes.all));
  }
}

class FakeLine {
  #server;
  #listeners = new Map();
  #session = null;
  #sessionId = null;
  #received = 0;
  #timer = null;

  constructor(server) {
    this.#server = server;
    setTimeout(() => {
      if (!server.isReachable) {
        this.#tell("connect_error", new Error("unreachable"));
        return;
      }
      server.sockets.add(this);
      this.#tell("connect");
    }, 10);
  }

  on(event, listener) {
    this.#listeners.set(event, listener);
  }

  removeAllListeners() {
    this.#listeners.clear();
  }

  disconnect() {
    clearTimeout(this.#timer);
    this.#server.sockets.delete(this);
  }

  cut() {
    this.disconnect();
    this.#tell("disconnect");
  }

  emit(event, message, place) {
    if (!this.#server.sockets.has(this)) return;
    if (event === "session_start") this.#start(message);
    else if (event === "audio_chunk") this.#hear(message, place);
    else if (event === "session_end") this.#end(message);
    else this.#session.wishes.push(event);
  }

  /** What the recogniser says, if the line is there. */
  says(type, fields) {
    this.#tell(type, { type, session_id: this.#sessionId, ...fields });
  }

  #start(message) {
    const { session_id: id, resume_token: token, continues, after_segment: after = -1 } = message;
    this.#server.starts.push(message);
    this.#sessionId = id;
    if (this.#server.isCrowded) return this.#refuse("SESSION_LIMIT_EXCEEDED");
    const found = this.#server.sessions.get(id);
    if (Boolean(found) !== Boolean(token) || (found && found.token !== token))
      return this.#refuse("INVALID_SESSION_STATE");
    if (found?.isFinished) {
      const context = { finished: true, transcription_id: found.noteId, received_bytes: found.bytes.length };
      return this.#refuse("INVALID_SESSION_STATE", context);
    }
    this.#session = found ?? this.#server.open(id, { continues });
    this.#received = this.#session.bytes.length;
    const resumed = found ? { resumed: true, segments: found.finals.slice(after + 1) } : {};
    const place = { received_bytes: this.#received, resume_token: this.#session.token };
    return setTimeout(() => this.says("session_ack", { ...place, ...resumed }), 10);
  }

  #hear(frame, { session_id: id, offset, gap_seconds: missing }) {
    const pcm = frame.subarray(1);
    if (frame[0] !== 0x01 || pcm.length > 65536 || id !== this.#sessionId) throw new Error("Not a message of audio.");
    const { bytes } = this.#session;
    if (this.#server.isFull) return this.#refuse("STORAGE_FULL");
    if (offset > bytes.length) return this.#refuse("AUDIO_GAP", { expected_offset: bytes.length });
    if (missing !== undefined && offset === bytes.length) this.#miss(missing);
    bytes.add(pcm.subarray(bytes.length - offset));
    this.#timer ??= setTimeout(() => this.#acknowledge(), ANSWER_MS);
    return undefined;
  }

  #acknowledge() {
    this.#timer = null;
    const received = this.#session.bytes.length;
    for (let times = this.#server.acks(received); times > 0; times -= 1) {
      this.says("audio_ack", { received_bytes: received, seq: 0 });
    }
  }

  /** What was not captured right before the sound that comes next; told twice it counts once. */
  #miss(seconds) {
    if (!(seconds > 0)) throw new Error("A gap lasts.");
    const { gaps, bytes } = this.#session;
    if (!gaps.some(({ offset }) => offset === bytes.length)) gaps.push({ offset: bytes.length, seconds });
  }

  #end({ total_bytes: total, gap_seconds: missing }) {
    const { bytes } = this.#session;
    if (total > bytes.length) return this.#refuse("AUDIO_GAP", { expected_offset: bytes.length });
    if (missing !== undefined) this.#miss(missing);
    this.#server.finish(this.#sessionId);
    this.#acknowledge();
    const note = { transcription_id: this.#session.noteId, total_duration: bytes.length / 2 / RATE };
    return this.says("session_complete", { ...note, word_count: 0, audio_status: "PENDING" });
  }

  #refuse(code, context = {}) {
    const said = { error_code: code, recoverable: code !== "UNAUTHENTICATED", context };
    setTimeout(() => this.#tell("error", said), 10);
  }

  #tell(event, message) {
    this.#listeners.get(event)?.(message);
  }
}
