/** Switches between light and dark. Until the first press the system decides. */
export class ThemeToggle {
  #button;
  #root;
  #preferences;
  #systemIsDark;

  constructor(button, root, preferences, systemIsDark = matchMedia("(prefers-color-scheme: dark)")) {
    this.#button = button;
    this.#root = root;
    this.#preferences = preferences;
    this.#systemIsDark = systemIsDark;
  }

  /** @param {AbortSignal} [signal] ends it */
  start(signal) {
    this.#show();
    this.#button.addEventListener("click", () => this.#switch(), { signal });
    this.#systemIsDark.addEventListener("change", () => this.#show(), { signal });
  }

  #switch() {
    const theme = this.#isDark ? "light" : "dark";
    this.#root.dataset.theme = theme;
    this.#preferences.set("theme", theme);
    this.#show();
  }

  #show() {
    this.#button.setAttribute("aria-label", this.#isDark ? "Switch to light colours" : "Switch to dark colours");
    this.#button.dataset.shows = this.#isDark ? "dark" : "light";
  }

  get #isDark() {
    return (this.#root.dataset.theme ?? (this.#systemIsDark.matches ? "dark" : "light")) === "dark";
  }
}
