const AGAIN_MS = 3000;
const MOST_TRIES = 100;
/** Not for this person, not there, or not there any more: asking again changes nothing. */
const NOTHING_TO_READ = [403, 404, 410];

/**
 * What `ask` resolves with, once the server can be reached; null when it answers that there is nothing to read, stays away,
 * or nobody wants to know any more.
 * @param {() => Promise<object>} ask rejects with NotesProblem  @param {(status: number|undefined) => void} isAway called each time
 * @param {AbortSignal} signal ends it
 */
export async function whenReached(ask, isAway, signal) {
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    const answer = await ask().catch((problem) => problem);
    if (!(answer instanceof Error)) return answer;
    if (NOTHING_TO_READ.includes(answer.status) || signal.aborted) return null;
    isAway(answer.status);
    await pause(signal);
    if (signal.aborted) return null;
  }
  return null;
}

function pause(signal) {
  return new Promise((over) => {
    const timer = setTimeout(over, AGAIN_MS);
    const stopped = () => {
      clearTimeout(timer);
      over();
    };
    signal.addEventListener("abort", stopped, { once: true });
  });
}
