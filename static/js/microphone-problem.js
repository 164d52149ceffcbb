/** What the browser's own error names mean to a person. */
const KINDS = new Map([
  ["NotAllowedError", "denied"],
  ["SecurityError", "denied"],
  ["NotFoundError", "missing"],
  ["OverconstrainedError", "gone"],
  ["NotReadableError", "busy"],
]);

const DENIED_CODE = "MICROPHONE_ACCESS_DENIED";
const FAILED_CODE = "AUDIO_CAPTURE_FAILED";

/** The microphone cannot be had, or is gone. `kind` picks the words (notices.js), `code` is that of the protocol. */
export class MicrophoneProblem extends Error {
  /** @param {"insecure"|"unsupported"|"denied"|"missing"|"gone"|"busy"|"unplugged"|"failed"} kind */
  constructor(kind, deviceLabel = "") {
    super(`Microphone: ${kind}`);
    this.name = "MicrophoneProblem";
    this.kind = kind;
    this.deviceLabel = deviceLabel;
    this.code = kind === "denied" ? DENIED_CODE : FAILED_CODE;
  }

  /** @param {unknown} error whatever getUserMedia or Web Audio threw */
  static from(error) {
    if (error instanceof MicrophoneProblem) return error;
    return new MicrophoneProblem(KINDS.get(error?.name) ?? "failed");
  }
}
