import { timeOfDay } from "./format.js";
import { UnsentCard } from "./unsent-card.js";

/** Where the cards of unsent dictations stand on the page. */
export class UnsentShelf {
  #shelf;
  #template;

  /** @param {HTMLElement} shelf  @param {HTMLTemplateElement} template one card */
  constructor(shelf, template) {
    this.#shelf = shelf;
    this.#template = template;
  }

  /** @param {object} does see UnsentCard */
  makeCard(does) {
    const card = this.#template.content.firstElementChild.cloneNode(true);
    this.#shelf.append(card);
    return new UnsentCard(card, does);
  }

  /** A dictation that another living tab records now. */
  offerTakeOver({ startedAt }, takeOver) {
    const does = {
      send: () => {
        card.remove();
        takeOver();
      },
      close: () => card.remove(),
    };
    const card = this.makeCard(does);
    const title = `In progress in another tab, since ${timeOfDay(new Date(startedAt))} - take over?`;
    const words = "If you take over, that tab stops recording and you go on here, in the same note.";
    card.show({ title, words }, ["send", "close"], "Take over");
  }
}
