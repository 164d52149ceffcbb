/** Sending did not end in a job. `words` are for a person; without `canRetry` another try would be answered the same. */
export class UploadProblem extends Error {
  constructor(words, canRetry = true) {
    super(words);
    this.name = "UploadProblem";
    this.words = words;
    this.canRetry = canRetry;
  }
}

const LOST = "The connection was lost. Nothing was kept of this recording. Send it again when the connection is back.";
const UNKNOWN = "The server could not take this recording. It is still on your computer; send it again in a moment.";

/** Sends recordings, and stops the work on them. */
export class UploadsApi {
  #base;
  #formToken;
  #makeRequest;
  #fetch;

  /** @param {string} formToken shows that the request comes from a page of ours */
  constructor(formToken, { base = "/api/v1", makeRequest = () => new XMLHttpRequest(), fetchFrom } = {}) {
    this.#base = base;
    this.#formToken = formToken;
    this.#makeRequest = makeRequest;
    this.#fetch = fetchFrom ?? ((...request) => fetch(...request));
  }

  /** @returns {{status_url: string, stream_url: string, health_url: string}} where such a recording is watched */
  addresses(sessionId) {
    const session = `${this.#base}/sessions/${encodeURIComponent(sessionId)}`;
    const status = `${session}/status`;
    return { status_url: status, stream_url: `${status}/stream`, health_url: `${session}/connection-health` };
  }

  /**
   * @param {File} file
   * @param {{again: boolean, signal: AbortSignal, progress: (share: number) => void}} how share: 0 to 1 of its bytes
   * @returns {Promise<object>} the ticket; rejects with UploadProblem, or AbortError after `signal`
   */
  send(file, { again, signal, progress }) {
    const request = this.#makeRequest();
    const form = new FormData();
    form.append("file", file);
    // fetch() does not tell how much of a body is sent.
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => request.abort(), { once: true });
      request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
      request.onload = () => {
        if (request.status < 300 && request.response) resolve(request.response);
        else reject(problemOf(request));
      };
      request.onerror = () => reject(new UploadProblem(LOST));
      request.onabort = () => reject(new DOMException("Cancelled", "AbortError"));
      request.open("POST", `${this.#base}/transcribe${again ? "?again=true" : ""}`);
      request.responseType = "json";
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", this.#formToken);
      request.send(form);
    });
  }

  /** @returns {Promise<object>} the status it stopped with; rejects with UploadProblem */
  async cancel(sessionId) {
    const headers = { Accept: "application/json", "X-CSRFToken": this.#formToken };
    const address = `${this.#base}/transcribe/${encodeURIComponent(sessionId)}`;
    const response = await this.#fetch(address, { method: "DELETE", headers }).catch(() => null);
    if (response === null) throw new UploadProblem("The server can't be reached, so the work goes on. Try again.");
    const body = await response.json().catch(() => null);
    if (response.ok && body) return body;
    throw new UploadProblem(body?.message ?? "That did not work. The recording is safe. Try again.");
  }
}

function problemOf({ status, response }) {
  if (!response?.message) return new UploadProblem(UNKNOWN);
  return new UploadProblem(response.message, response.recoverable === true || status >= 500 || status === 429);
}
