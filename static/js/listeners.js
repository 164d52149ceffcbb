/** Who wants to know what: the small common part of everything here that has `on(event, fn)`. */
export class Listeners {
  #byEvent = new Map();

  /** @param {string[]} events every event there is; another name is a mistake of the caller */
  constructor(events) {
    events.forEach((event) => this.#byEvent.set(event, new Set()));
  }

  /** @returns {() => void} stops listening */
  on(event, listener) {
    const listening = this.#byEvent.get(event);
    if (!listening) throw new RangeError(`There is no event "${event}".`);
    listening.add(listener);
    return () => listening.delete(listener);
  }

  tell(event, ...values) {
    this.#byEvent.get(event).forEach((listener) => listener(...values));
  }
}
