const LOGIN = `<input name="csrf_token" value="of the form">`;
const FULL = "20 of your recordings are waiting to become text. They are safe; send more when some are done.";
const NO_ROOM = {
  error_code: "STORAGE_FULL",
  message: "Server storage is full.",
  recoverable: true,
  retry_after: 60,
};

/** An answer as fetch() gives it. */
const answer = (status, body, text = "") => ({
  ok: status < 300,
  status,
  json: async () => {
    if (body === null) throw new SyntaxError("no JSON");
    return body;
  },
  text: async () => text,
});

/** A server that takes recordings, and the line to it. It remembers what it kept, and how often it was asked. */
export class UploadServer {
  /** Name and whether a new note was wanted, of each recording that came whole */
  taken = [];
  /** As `taken`, also of what was begun only */
  begun = [];
  notes = new Map();
  statuses = new Map();
  cancelled = [];
  asked = 0;
  isReachable = true;
  isSignedIn = true;
  userId = "user-1";
  secret = "s1";
  maxBytes = 1_000_000;
  /** Of every note */
  segments = [];
  isFull = false;
  /** For so many bytes there is room on its disk */
  roomBytes = Infinity;
  /** The line breaks in the middle of each recording */
  breaks = false;
  /** What comes whole is kept, and nobody hears of it */
  losesAnswers = false;
  /** A proxy before it finds nobody behind */
  isBeingStarted = false;
  /** What it answers who reads a note: a status, or null for the note */
  refusesNotes = null;
  notesAsked = 0;
  /** The line goes whenever work is to be stopped */
  cannotBeStopped = false;
  /** Recordings stay on their way until the test lets them arrive */
  isSlow = false;
  /** What something between answers each recording: [status, body] */
  proxySays = null;
  underWay = [];
  isQueueAway = false;
  askedForQueue = 0;

  fetch = async (address, { method = "GET", signal, body } = {}) => {
    signal?.throwIfAborted();
    if (!this.isReachable) throw new TypeError("Failed to fetch");
    if (this.isBeingStarted) return answer(502, null);
    if (address === "/login") return this.#login(method, body);
    if (address === "/upload") return answer(200, null, this.#page());
    if (!this.isSignedIn) return answer(401, { error_code: "UNAUTHENTICATED", message: "Sign in." });
    return this.#rest(address, method);
  };

  makeRequest = () => new FakeRequest(this);

  /** @returns {[number, object]} for the head of a request with so many bytes */
  judge(bytes, secret = this.secret) {
    if (!this.isSignedIn) return [401, { message: "You are not signed in." }];
    if (secret !== this.secret) return [403, { message: "This page is from an earlier sign-in." }];
    if (bytes > this.maxBytes) return [413, { message: "Larger than the server takes.", recoverable: false }];
    if (bytes > this.roomBytes) return [507, NO_ROOM];
    if (this.isFull) return [429, { message: FULL, recoverable: true, retry_after: 10 }];
    return [202, null];
  }

  /** @returns {object} the ticket */
  keep(name, isNewNote) {
    const known = this.notes.get(name);
    const existing = known !== undefined && !isNewNote;
    const id = existing ? known : this.taken.length + 1;
    this.notes.set(name, id);
    if (!existing) this.taken.push([name, isNewNote]);
    return { session_id: `session-${id}`, transcription_id: id, existing };
  }

  /** That note has this text now. */
  finishes(id, text) {
    this.statuses.set(id, { status: "completed", progress: 100, seq: 101, message: "Ready." });
    const { segments } = this;
    return { id, transcript_text: text, segments, audio_status: "STORED", created_at: "2026-11-20T10:00:00Z" };
  }

  /** Lets the recording that is on its way arrive. */
  arrives() {
    this.underWay.shift().arrives();
  }

  signsOut() {
    this.isSignedIn = false;
    this.secret = "s2";
  }

  #page() {
    return this.isSignedIn
      ? `<div data-user-id="${this.userId}"></div><input name="csrf_token" value="${this.secret}">`
      : LOGIN;
  }

  #login(method, fields) {
    if (method === "POST") this.isSignedIn = fields.get("password") === "correct horse";
    return answer(this.isSignedIn || method === "GET" ? 200 : 401, null, this.#page());
  }

  #rest(address, method) {
    const bytes = /transcribe\?bytes=(\d+)/.exec(address);
    if (bytes) {
      this.asked += 1;
      const [status, body] = this.judge(Number(bytes[1]));
      return answer(status === 202 ? 204 : status, body);
    }
    if (address.endsWith("/ready")) {
      this.askedForQueue += 1;
      return answer(200, { status: "degraded", down: this.isQueueAway ? ["redis"] : [] });
    }
    const id = Number(/(\d+)(?:\/status)?$/.exec(address)?.[1]);
    if (method === "DELETE") {
      if (this.cannotBeStopped) throw new TypeError("Failed to fetch");
      this.cancelled.push(id);
      return answer(200, { status: "failed", seq: 90, message: "Cancelled.", error: { error_code: "CANCELLED" } });
    }
    if (address.includes("/status"))
      return answer(200, this.statuses.get(id) ?? { status: "queued", seq: 1, progress: 0, message: "Waiting" });
    this.notesAsked += 1;
    if (this.refusesNotes) return answer(this.refusesNotes, { message: "No." });
    return answer(200, this.finishes(id, "blood pressure"));
  }
}

/** A browser's XMLHttpRequest, as far as a recording needs it. */
class FakeRequest {
  upload = {};
  response = null;
  status = 0;
  #server;
  #headers = {};
  #isNewNote = false;
  #file;

  constructor(server) {
    this.#server = server;
  }

  open(_method, address) {
    this.#isNewNote = address.includes("again=true");
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  send(form) {
    this.#file = form.get("file");
    this.#server.begun.push([this.#file.name, this.#isNewNote]);
    this.#server.underWay.push(this);
    if (!this.#server.isSlow) setImmediate(() => this.#server.underWay.includes(this) && this.#server.arrives());
  }

  abort() {
    if (!this.#leaves()) return;
    this.onabort();
  }

  isSent(share) {
    this.upload.onprogress({ loaded: share * this.#file.size, total: this.#file.size });
  }

  arrives() {
    this.#leaves();
    const server = this.#server;
    if (!server.isReachable || server.breaks) return this.onerror();
    const instead = server.isBeingStarted ? [502, null] : server.proxySays;
    [this.status, this.response] = instead ?? server.judge(this.#file.size, this.#headers["X-CSRFToken"]);
    if (this.status === 202) this.response = server.keep(this.#file.name, this.#isNewNote);
    if (server.losesAnswers) return this.onerror();
    return this.onload();
  }

  #leaves() {
    const { underWay } = this.#server;
    const at = underWay.indexOf(this);
    if (at >= 0) underWay.splice(at, 1);
    return at >= 0 || !this.response;
  }
}
