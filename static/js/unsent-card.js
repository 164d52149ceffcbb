const ACTIONS = ["send", "play", "download", "discard", "close"];

/** One dictation that is not wholly on the server: what it is, how it stands, and what can be done with it. */
export class UnsentCard {
  #card;
  #parts;

  /** @param {HTMLElement} card with [data-unsent=...] parts  @param {object} does send(), play(), download(), discard(), close() */
  constructor(card, does) {
    this.#card = card;
    this.#parts = Object.fromEntries(
      [...card.querySelectorAll("[data-unsent]")].map((part) => [part.dataset.unsent, part]),
    );
    ACTIONS.forEach((action) => this.#parts[action].addEventListener("click", () => does[action]()));
  }

  get player() {
    return this.#parts.player;
  }

  /** @param {{title: string, words: string}} said  @param {string[]} choices of the actions  @param {string} send its label */
  show({ title, words }, choices, send = "Send") {
    write(this.#parts.title, title);
    write(this.#parts.words, words);
    write(this.#parts.send, send);
    ACTIONS.forEach((action) => (this.#parts[action].hidden = !choices.includes(action)));
    if (!choices.includes("play")) this.player.hidden = true;
  }

  /** @param {number[]} ids of the notes it became */
  showNotes(ids) {
    this.#parts.notes.replaceChildren(...noteLinks(ids));
  }

  remove() {
    this.#card.remove();
  }
}

/** @returns {HTMLElement[]} a link to each note, in a tab of its own so that nothing here is lost */
export function noteLinks(ids) {
  return ids.map((id, index) => {
    const link = document.createElement("a");
    link.className = "button";
    link.href = `/notes/${encodeURIComponent(id)}`;
    link.target = "_blank";
    link.textContent = ids.length === 1 ? "Open note" : `Open note ${index + 1}`;
    return link;
  });
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
