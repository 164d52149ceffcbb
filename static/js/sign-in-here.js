const LOGIN = "/login";
const UNREACHABLE = "The server can't be reached. Your recording stays here. Try again when you are connected.";
const REFUSED = "That did not work. Your recording stays here. Try again.";

/** Signing in again beside work that goes on, without leaving its page. */
export class SignInHere {
  #form;
  #parts;
  #signedIn;
  #fetch;

  /**
   * @param {HTMLFormElement} form with email, password and a submit button, and an [data-sign-in=words] and [data-sign-in=cancel]
   * @param {() => void} signedIn  @param {typeof fetch} fetchFrom
   */
  constructor(form, signedIn, fetchFrom = (...request) => fetch(...request)) {
    this.#form = form;
    this.#parts = Object.fromEntries([...form.querySelectorAll("[data-sign-in]")].map((e) => [e.dataset.signIn, e]));
    this.#signedIn = signedIn;
    this.#fetch = fetchFrom;
  }

  /** @param {AbortSignal} [signal] ends it */
  start(signal) {
    const submitted = (event) => {
      event.preventDefault();
      this.#try();
    };
    this.#form.addEventListener("submit", submitted, { signal });
    this.#parts.cancel.addEventListener("click", () => this.close(), { signal });
  }

  /**
   * What a notice offers; another tab is the way for those who sign in elsewhere than here.
   * @param {() => void} opened the form has taken the notice's place
   */
  choices(opened) {
    const run = () => {
      opened();
      this.open();
    };
    return [
      { label: "Sign in here", run, isMain: true },
      { label: "Sign in in another tab", href: LOGIN },
    ];
  }

  get isOpen() {
    return !this.#form.hidden;
  }

  open() {
    this.#say("");
    this.#form.hidden = false;
    this.#parts.password.focus();
  }

  close() {
    this.#form.hidden = true;
    this.#parts.password.value = "";
  }

  async #try() {
    const { submit, password } = this.#parts;
    submit.disabled = true;
    try {
      await this.#signIn();
      this.close();
      this.#signedIn();
    } catch (problem) {
      this.#say(problem instanceof SignInRefused ? problem.message : UNREACHABLE);
      password.select();
    }
    submit.disabled = false;
  }

  async #signIn() {
    const { email, password } = this.#parts;
    const form = pageIn(await (await this.#fetch(LOGIN)).text());
    const fields = { email: email.value, password: password.value, csrf_token: tokenOf(form) };
    const response = await this.#fetch(LOGIN, { method: "POST", body: new URLSearchParams(fields) });
    const page = pageIn(await response.text());
    if (!response.ok) throw new SignInRefused(page.querySelector('[role="alert"]')?.textContent.trim() || REFUSED);
    // The forms of this page belonged to the sign-in that is over.
    document.querySelectorAll("[name=csrf_token]").forEach((field) => (field.value = tokenOf(page)));
  }

  #say(words) {
    this.#parts.words.textContent = words;
  }
}

class SignInRefused extends Error {}

function pageIn(text) {
  return new DOMParser().parseFromString(text, "text/html");
}

function tokenOf(page) {
  return page.querySelector("[name=csrf_token]")?.value ?? "";
}
