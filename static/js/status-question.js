const ANSWER_WITHIN_MS = 10000;
const GONE = [403, 404];

/**
 * Asks once how far a recording is. Never rejects.
 *
 * told         status: the object
 * signedOut    nobody is signed in here
 * gone         there is no such recording for this person
 * later        the server wants to be asked after `seconds`
 * unreachable  no answer that says anything
 * aborted      `signal` ended it
 *
 * @returns {Promise<{kind: string, status?: object, seconds?: number, bytes?: number, trip?: number}>} bytes: of its body;
 *   trip: seconds from the question to its answer
 */
export async function askStatus(address, fetchFrom, signal) {
  const asking = new AbortController();
  const deadline = setTimeout(() => asking.abort(), ANSWER_WITHIN_MS);
  const abort = () => asking.abort();
  signal.addEventListener("abort", abort, { once: true });
  const began = performance.now();
  try {
    const headers = { Accept: "application/json" };
    const response = await fetchFrom(address, { headers, cache: "no-store", signal: asking.signal });
    const trip = (performance.now() - began) / 1000;
    const text = await response.text();
    const answer = { ...meaningOf(response, text), bytes: text.length, trip }; // the server escapes all but ASCII
    return signal.aborted ? { kind: "aborted" } : answer;
  } catch {
    return { kind: signal.aborted ? "aborted" : "unreachable" };
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener("abort", abort);
  }
}

function meaningOf(response, text) {
  if (response.status === 401) return { kind: "signedOut" };
  if (GONE.includes(response.status)) return { kind: "gone" };
  if (response.status === 429) return { kind: "later", seconds: Number(response.headers.get("Retry-After")) || 0 };
  if (!response.ok) return { kind: "unreachable" };
  const status = JSON.parse(text);
  return Number.isInteger(status.seq) ? { kind: "told", status } : { kind: "unreachable" };
}
