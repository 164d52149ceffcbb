const AGAIN_MS = 3000;
const MOST_TRIES = 100;

/**
 * What `ask` resolves with, once the server can be reached; null when it answers that there is nothing to read, or stays away.
 * @param {() => Promise<object>} ask rejects with NotesProblem  @param {() => void} isAway called each time it was not reached
 */
export async function whenReached(ask, isAway) {
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    try {
      return await ask();
    } catch ({ status = 0 }) {
      if (status >= 400 && status < 500) return null;
    }
    isAway();
    await new Promise((again) => setTimeout(again, AGAIN_MS));
  }
  return null;
}
