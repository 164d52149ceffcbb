import { UploadProblem, isUnanswered, problemOfAnswer, uploadProblem } from "./upload-problem.js";

/** Sends recordings, and stops the work on them. */
export class UploadsApi {
  #base;
  #secret;
  #tooLarge;
  #makeRequest;
  #fetch;

  /**
   * @param {FormSecret} secret shows that a request comes from a page of ours
   * @param {string} tooLarge the words for a file over the limit, where a proxy says so without any
   */
  constructor(secret, tooLarge, { base = "/api/v1", makeRequest = () => new XMLHttpRequest(), fetchFrom } = {}) {
    this.#base = base;
    this.#secret = secret;
    this.#tooLarge = tooLarge;
    this.#makeRequest = makeRequest;
    this.#fetch = fetchFrom ?? ((...request) => fetch(...request));
  }

  /** @returns {{status_url: string, stream_url: string, health_url: string}} where such a recording is watched */
  addresses(sessionId) {
    const session = `${this.#base}/sessions/${encodeURIComponent(sessionId)}`;
    const status = `${session}/status`;
    return { status_url: status, stream_url: `${status}/stream`, health_url: `${session}/connection-health` };
  }

  /** @returns {Promise<boolean>} whether what brings recordings to their turn is away */
  async isQueueAway() {
    try {
      const answer = await this.#fetch(`${this.#base}/ready`);
      return (await answer.json()).down.includes("redis");
    } catch {
      return false; // who can't be asked is told of elsewhere
    }
  }

  /**
   * @param {File} file
   * @param {{again: boolean, isRetry: boolean, signal: AbortSignal, progress: (share: number) => void}} how
   *   again: a new note for bytes that came before; isRetry: it could not be sent before; share: 0 to 1 of its bytes
   * @returns {Promise<object>} the ticket; rejects with UploadProblem, or AbortError after `signal`
   */
  async send(file, { again, isRetry, signal, progress }) {
    if (isRetry) await this.#renew(false);
    await this.#ask(file, signal);
    let answer = await this.#post(file, again, signal, progress);
    if (answer.status === 403) {
      await this.#renew(true);
      answer = await this.#post(file, again, signal, progress);
    }
    if (isUnanswered(answer)) throw await this.#unanswered(file, signal);
    if (answer.status < 300 && answer.response) return answer.response;
    throw problemOfAnswer(answer.status, answer.response, this.#tooLarge);
  }

  /** @returns {Promise<object>} the status it stopped with; rejects with UploadProblem */
  async cancel(sessionId) {
    const headers = { Accept: "application/json", "X-CSRFToken": this.#secret.value };
    const address = `${this.#base}/transcribe/${encodeURIComponent(sessionId)}`;
    const response = await this.#fetch(address, { method: "DELETE", headers }).catch(() => null);
    if (response === null) throw new UploadProblem("The server can't be reached, so the work goes on. Try again.");
    const body = await response.json().catch(() => null);
    if (response.ok && body) return body;
    throw new UploadProblem(body?.message ?? "That did not work. The recording is safe. Try again.");
  }

  /** Whether the file is there and the server would take it. Resolves if so, rejects with UploadProblem or AbortError. */
  async #ask(file, signal) {
    const isReadable = await file
      .slice(0, 1)
      .arrayBuffer()
      .then(
        () => true,
        () => false,
      );
    if (!isReadable) throw uploadProblem("unreadable", { canRetry: false });
    const address = `${this.#base}/transcribe?bytes=${file.size}`;
    const response = await this.#fetch(address, { headers: { Accept: "application/json" }, signal }).catch(() => null);
    signal.throwIfAborted();
    if (response === null) throw uploadProblem("lost");
    if (response.ok) return;
    throw problemOfAnswer(response.status, await response.json().catch(() => null), this.#tooLarge);
  }

  /** What came between: a server that refuses may hang up before it has read everything. */
  async #unanswered(file, signal) {
    const lost = uploadProblem("lost", { isServerThere: true });
    const problem = await this.#ask(file, signal).then(
      () => lost,
      (instead) => instead,
    );
    return Object.assign(problem, { isUnanswered: true });
  }

  async #renew(isNeeded) {
    const outcome = await this.#secret.renew();
    if (outcome === "other" || outcome === "signedOut") throw uploadProblem(outcome);
    if (outcome === "unreachable" && isNeeded) throw uploadProblem("lost");
  }

  /** @returns {Promise<{status: number, response: object|null}>} status 0 when the connection broke */
  #post(file, again, signal, progress) {
    const request = this.#makeRequest();
    const form = new FormData();
    form.append("file", file);
    // fetch() does not tell how much of a body is sent.
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => request.abort(), { once: true });
      request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
      request.onload = () => resolve({ status: request.status, response: request.response });
      request.onerror = () => resolve({ status: 0, response: null });
      request.onabort = () => reject(new DOMException("Cancelled", "AbortError"));
      request.open("POST", `${this.#base}/transcribe${again ? "?again=true" : ""}`);
      request.responseType = "json";
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", this.#secret.value);
      progress(0);
      request.send(form);
    });
  }
}
