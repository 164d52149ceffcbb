/**
 * Tells as notices what a line, and this computer's disk, say about one dictation while it goes on.
 * @param {TranscriptionWebSocket} line  @param {KeptAudio} audio
 * @param {object} page notices: NoticeBoard; signIn: SignInHere
 * @param {object} dictation isShown(): it is the one on the page; isGoing(): it is being recorded; end(problem);
 *   continued(noteId): its first part has become a note, null when nobody knows which
 */
export function tellOfLine(line, audio, { notices, signIn }, { isShown, isGoing, end, continued }) {
  const on = (source, event, told) => source.on(event, (what) => isShown() && told(what));
  const tell = (code, choices) => isGoing() && notices.tell({ error_code: code }, choices);
  on(line, "complete", () => end());
  on(line, "superseded", (error) => end(error));
  on(line, "error", (error) => {
    if (error.recoverable === false) end(error);
    else if (isGoing()) notices.tell(error);
  });
  const isOver = () => notices.takeBack("SIGNED_OUT");
  on(line, "refused", ({ error_code: code }) => {
    if (code === "UNAUTHENTICATED" && !signIn.isOpen) tell("SIGNED_OUT", signIn.choices(isOver));
  });
  on(line, "connected", () => {
    isOver();
    signIn.close();
  });
  on(line, "continued", ({ transcription_id: id }) => {
    continued(id);
    tell("CONTINUED", id ? [{ label: "Open the first note", href: `/notes/${encodeURIComponent(id)}` }] : []);
  });
  on(audio, "trouble", (isInTrouble) => {
    if (isInTrouble) tell("DISK_REFUSES");
    else notices.takeBack("DISK_REFUSES");
  });
}
