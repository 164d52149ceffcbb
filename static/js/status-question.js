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
 * @returns {Promise<{kind: string, status?: object, seconds?: number}>}
 */
export async function askStatus(address, fetchFrom, signal) {
  const asking = new AbortController();
  const deadline = setTimeout(() => asking.abort(), ANSWER_WITHIN_MS);
  const abort = () => asking.abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    const headers = { Accept: "application/json" };
    const response = await fetchFrom(address, { headers, cache: "no-store", signal: asking.signal });
    const answer = await meaningOf(response);
    return signal.aborted ? { kind: "aborted" } : answer;
  } catch {
    return { kind: signal.aborted ? "aborted" : "unreachable" };
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener("abort", abort);
  }
}

async function meaningOf(response) {
  if (response.status === 401) return { kind: "signedOut" };
  if (GONE.includes(response.status)) return { kind: "gone" };
  if (response.status === 429) return { kind: "later", seconds: Number(response.headers.get("Retry-After")) || 0 };
  if (!response.ok) return { kind: "unreachable" };
  const status = await response.json();
  return Number.isInteger(status.seq) ? { kind: "told", status } : { kind: "unreachable" };
}
