/**
 * Who said what in a segment, where speakers are told apart.
 * @param {string} text of the segment  @param {{text: string, speaker?: number}[]} words of it
 * @returns {{speaker: number|null, text: string}[]} one turn without a speaker where nobody is named
 */
export function speakerTurns(text, words = []) {
  if (!words.some(({ speaker }) => speaker)) return [{ speaker: null, text }];
  const turns = [];
  for (const { text: said, speaker = null } of words) {
    const last = turns.at(-1);
    if (last && (speaker === null || last.speaker === speaker)) last.text += ` ${said}`;
    else turns.push({ speaker, text: said });
  }
  return turns;
}

/** Fills lines of a transcript, and names each speaker where the turn is theirs and was not before. */
export class TurnWriter {
  #speaker = null;

  /** @param {HTMLElement} line is emptied first */
  write(line, text, words) {
    const parts = speakerTurns(text, words).flatMap((turn, at) => [...this.#name(turn, at), turn.text]);
    line.replaceChildren(...parts);
  }

  #name({ speaker }, at) {
    const isNew = speaker !== null && speaker !== this.#speaker;
    this.#speaker = speaker;
    if (!isNew) return at > 0 ? [" "] : [];
    const name = document.createElement("b");
    name.className = "speaker";
    name.textContent = `Speaker ${speaker}:`;
    return [...(at > 0 ? [document.createElement("br")] : []), name, " "];
  }
}
