/** What a recording on its way says of itself where the server has not said it. */
export const uploadWords = {
  waiting: "Waiting to be sent.",
  sending: "Sending.",
  sent: "Sent. The server looks at it.",
  atWork: "Waiting for its turn.",
  stopping: "Cancelling. All of it was sent already, so the server is told as soon as it answers.",
  gone: "This recording is no longer on the server for you.",
  nothingKept: "Cancelled. Nothing was kept of this recording.",
  inDoubt:
    "Cancelled. The connection broke before the server answered; if it has the recording, its note stands in Notes.",
  before: "Cancelled. This recording was sent before; its note stays in Notes.",
};

/** @param {object} status the last one  @returns {{state: string, canRetry: boolean}} how an UploadJob shows it */
export function endingOf({ status, error }) {
  if (status === "completed") return { state: "done", canRetry: false };
  const code = error?.error_code;
  return { state: code === "CANCELLED" ? "cancelled" : "failed", canRetry: code !== "UPLOAD_REJECTED" };
}
