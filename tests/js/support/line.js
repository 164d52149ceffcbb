import { KeptAudio } from "../../../static/js/kept-audio.js";
import { NextTry } from "../../../static/js/next-try.js";
import { newAbout } from "../../../static/js/session-place.js";
import { TranscriptionWebSocket } from "../../../static/js/websocket-client.js";
import { MIDDLE_CHANCE } from "./chance.js";
import { FakeSocket } from "./fake-socket.js";

/** A line with its sockets, its time and its network in the test's hands. */
export class Line {
  sockets = [];
  network = new EventTarget();
  now = 1_000_000;
  told = [];

  constructor(quality = "medium") {
    const about = newAbout({ quality, specialty: "CARDIOLOGY", startedAt: this.now });
    this.audio = new KeptAudio(about, undefined, { now: () => this.now });
    this.client = new TranscriptionWebSocket("https://dictation.example", "user-1", quality, {
      audio: this.audio,
      connectSocket: () => {
        this.sockets.push(new FakeSocket());
        return this.socket;
      },
      now: () => this.now,
      retry: new NextTry(this.network, MIDDLE_CHANCE),
    });
    ["slow", "result", "error", "closed", "stored", "continued", "superseded", "refused"].forEach((event) => {
      this.client.on(event, (value) => this.told.push([event, value]));
    });
  }

  get socket() {
    return this.sockets.at(-1);
  }

  async open() {
    const accepted = this.client.connect();
    this.socket.says("connect");
    this.says("session_ack", { status: "ready", received_bytes: 0, resume_token: "first token" });
    await accepted;
    return this;
  }

  /** The line was lost, and the next one answers. */
  comesBack(fields) {
    this.socket.says("connect");
    this.says("session_ack", { status: "ready", resume_token: "next token", resumed: true, segments: [], ...fields });
  }

  /** Where the audio of the newest line began, message by message. */
  get offsets() {
    return this.socket.sentAs("audio_chunk").map(([, { offset }]) => offset);
  }

  says(type, fields = {}) {
    this.socket.says(type, { type, session_id: this.client.sessionId, ...fields });
  }
}

/** A line whose server has accepted, closed when the test is over. */
export async function openLine(t, quality) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const line = await new Line(quality).open();
  t.after(() => line.client.disconnect());
  return line;
}
