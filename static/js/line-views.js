/** Less than this is on its way at any time. */
const CATCH_UP_SECONDS = 2;

/**
 * Shows on the page what a line tells, as long as its dictation is the one on the page.
 * @param {TranscriptionWebSocket} line
 * @param {object} views display, connection, receipt, recogniser
 * @param {{isShown: () => boolean, texted: () => void}} dictation texted: words came, or none can be expected now
 */
export function showLine(line, { display, connection, receipt, recogniser: ear }, { isShown, texted }) {
  ear.reset();
  const on = (event, show) => line.on(event, (told) => isShown() && show(told));
  on("result", ({ is_partial: isPartial, text, segment_id: segmentId, words, recogniser: other }) => {
    texted();
    if (isPartial) display.updatePartial(text, segmentId);
    else display.appendFinal(text, segmentId, words, other);
  });
  on("acknowledged", (waiting) => connection.show({ waiting }));
  on("slow", (waiting) => {
    texted();
    connection.show({ waiting });
  });
  on("full", (isFull) => connection.show({ isFull, waiting: line.waiting }));
  on("state", ({ recogniser_state: recogniser, lag_seconds: lag, message, recogniser: name }) => {
    connection.show({ recogniser, lag, trouble: message ?? "" });
    ear.show(name);
  });
  on("draining", () => connection.show({ isDraining: true }));
  on("stored", ({ audio_status: status }) => receipt.audio(status));
  on("closed", (waiting) => {
    texted();
    connection.show({ isLost: true, isCatchingUp: true, isDraining: false, waiting });
  });
  on("refused", ({ error_code: refusal }) => connection.show({ refusal }));
  on("connected", () => {
    const { waiting } = line;
    const isCatchingUp = waiting.waitingSeconds >= CATCH_UP_SECONDS;
    connection.show({ isLocal: false, isLost: false, refusal: null, isCatchingUp, waiting });
    display.dropPartials();
  });
}
