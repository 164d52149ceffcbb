import { noticeView } from "./notice-view.js";

const WORDS = {
  what: "You are no longer signed in.",
  safe: "What was sent is safe on the server; what was not sent is still on your computer.",
  action: "Sign in again and everything here goes on by itself.",
};

/** Says that nobody is signed in, for as long as that is so, and offers to sign in without leaving the page. */
export class SignedOutNotice {
  #place;
  #signIn;
  #isShown = false;

  /** @param {HTMLElement} place where it is told  @param {SignInHere} signIn */
  constructor(place, signIn) {
    this.#place = place;
    this.#signIn = signIn;
  }

  /** @param {boolean} isSignedOut */
  show(isSignedOut) {
    if (isSignedOut === this.#isShown) return;
    this.#isShown = isSignedOut;
    if (isSignedOut) {
      this.#place.replaceChildren(
        noticeView(
          WORDS,
          this.#signIn.choices(() => {}),
        ),
      );
    } else {
      this.#place.replaceChildren();
      this.#signIn.close();
    }
  }
}
