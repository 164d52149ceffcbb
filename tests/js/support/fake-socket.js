/** A Socket.IO client that remembers what was sent and says what the test lets it say. */
export class FakeSocket {
  sent = [];
  isClosed = false;
  #listeners = new Map();

  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  emit(event, ...values) {
    this.sent.push({ event, values });
  }

  removeAllListeners() {
    this.#listeners.clear();
  }

  disconnect() {
    this.isClosed = true;
  }

  /** The server, or the network, says something. */
  says(event, message) {
    (this.#listeners.get(event) ?? []).forEach((listener) => listener(message));
  }

  sentAs(event) {
    return this.sent.filter((message) => message.event === event).map(({ values }) => values);
  }
}
