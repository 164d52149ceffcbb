/** Small choices remembered on this computer. Never speech, names or ids of people. */
export class Preferences {
  #storage;

  /** @param {() => Storage} storage a function, because the mere mention of localStorage throws where it is barred */
  constructor(storage = () => localStorage) {
    this.#storage = storage;
  }

  get(name) {
    try {
      return this.#storage().getItem(`seva-${name}`);
    } catch {
      return null;
    }
  }

  /** @returns {boolean} false when this browser keeps nothing; the choice then holds until the page is left */
  set(name, value) {
    try {
      this.#storage().setItem(`seva-${name}`, value);
      return true;
    } catch {
      return false;
    }
  }

  /** Sets the select to what was chosen last, if it still offers that, and remembers each choice. */
  remember(select, name, signal) {
    const last = this.get(name);
    if ([...select.options].some(({ value }) => value === last)) select.value = last;
    select.addEventListener("change", () => this.set(name, select.value), { signal });
  }
}
