const CLOSING_PUNCTUATION = ".,;:!?";

/** @returns {string} single spaces, none before closing punctuation, no closing mark twice in a row */
export function tidy(text) {
  const words = [];
  for (const word of text.split(/\s+/u).filter(Boolean)) {
    if (words.length > 0 && CLOSING_PUNCTUATION.includes(word[0])) words[words.length - 1] += word;
    else words.push(word);
  }
  return words.map(undouble).join(" ");
}

/** The server joins segments by the same rule, so what is copied here equals the saved note. */
export function joinText(texts) {
  return tidy(texts.join(" "));
}

export function countWords(text) {
  return text.split(/\s+/u).filter(Boolean).length;
}

function undouble(word) {
  return [...word].filter((mark, at, marks) => mark !== marks[at - 1] || !CLOSING_PUNCTUATION.includes(mark)).join("");
}
