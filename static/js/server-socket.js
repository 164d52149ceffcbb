import { io } from "../vendor/socket.io.esm.min.js";

const OPTIONS = {
  transports: ["websocket", "polling"],
  tryAllTransports: true,
  // When and how to come back is a matter of the dictation, not of the line.
  reconnection: false,
  forceNew: true,
};
export const LOST = "WEBSOCKET_CONNECTION_FAILED";

/** One connection to the server, from its beginning to its end; the only file that knows Socket.IO. */
export class ServerSocket {
  #socket;

  /** @param {(url: string, options: object) => object} connect Socket.IO's own, or a test's */
  constructor(url, connect = io) {
    this.#socket = connect(url, OPTIONS);
  }

  /** @param {() => void} opened  @param {(problem: object) => void} ended with the protocol's or our own error object */
  start(opened, ended) {
    this.#socket.on("connect", opened);
    this.#socket.on("connect_error", (error) => ended(error?.data?.error_code ? error.data : { error_code: LOST }));
    this.#socket.on("disconnect", () => ended({ error_code: LOST }));
  }

  on(type, listener) {
    this.#socket.on(type, listener);
  }

  say(type, fields, timestamp) {
    this.#socket.emit(type, { type, timestamp, ...fields });
  }

  /** @param {object} place session_id, seq, offset, timestamp */
  sendAudio(pcm, place) {
    this.#socket.emit("audio_chunk", audioFrame(pcm), place);
  }

  close() {
    this.#socket.removeAllListeners();
    this.#socket.disconnect();
  }
}

const AUDIO_CHUNK = 0x01;

/** @param {ArrayBuffer} pcm  @returns {Uint8Array} an audio message: 0x01 + PCM, nothing else */
export function audioFrame(pcm) {
  const frame = new Uint8Array(1 + pcm.byteLength);
  frame[0] = AUDIO_CHUNK;
  frame.set(new Uint8Array(pcm), 1);
  return frame;
}
