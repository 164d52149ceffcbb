const STILL_HERE = "The recording is still on your computer";
const WORDS = {
  lost: `The connection was lost. ${STILL_HERE}, and is sent by itself when the connection is back.`,
  broken: `The connection broke several times while this was sent. ${STILL_HERE}. Try again later, or on another network.`,
  signedOut: `You are no longer signed in. ${STILL_HERE}, and is sent by itself once you have signed in again.`,
  other: `Somebody else is signed in in this browser now, so nothing was sent. ${STILL_HERE}. Load this page again.`,
  unreadable: "This file can't be read: it was moved or changed, or is a folder. Nothing was sent; choose it again.",
  unknown: `The server could not take this recording. ${STILL_HERE}; send it again in a moment.`,
};
const BY_ITSELF = "This is tried again by itself.";
/** What a proxy answers while the server behind it is being started */
const AWAY = [502, 503, 504];
const STORAGE_FULL = "STORAGE_FULL";

/**
 * Sending did not end in a job. `words` are for a person.
 *
 * refused    the server won't have it; without `canRetry` another try would be answered the same
 * later      it can be sent after `seconds`; `isForSize` when that is because of its size
 * lost       the connection broke; `isServerThere` when it was not the server that is away
 * signedOut  nobody is signed in here now
 *
 * `isUnanswered` when it was being sent, and nothing tells what the server made of what it got.
 */
export class UploadProblem extends Error {
  isServerThere = false;
  isForSize = false;
  isUnanswered = false;

  constructor(words, { kind = "refused", canRetry = true, seconds = 0, ...more } = {}) {
    super(words);
    Object.assign(this, { name: "UploadProblem", words, kind, canRetry, seconds, ...more });
  }
}

/** @param {keyof WORDS} what */
export function uploadProblem(what, more = {}) {
  const kind = what === "lost" || what === "signedOut" ? what : "refused";
  return new UploadProblem(WORDS[what], { kind, ...more });
}

/** @returns {boolean} that a sent recording brought no answer of the server's own */
export function isUnanswered({ status, response }) {
  return status === 0 || (AWAY.includes(status) && !response?.message);
}

/**
 * What an answer that is no ticket means.
 * @param {number} status of HTTP  @param {object|null} body the error object; null where none came, as from a proxy
 * @param {string} tooLarge the words for a file over the limit
 */
export function problemOfAnswer(status, body, tooLarge) {
  if (status === 401) return uploadProblem("signedOut");
  if (body?.message) return problemOfError(status, body);
  if (status === 413) return new UploadProblem(tooLarge, { canRetry: false });
  return AWAY.includes(status) ? uploadProblem("lost") : uploadProblem("unknown");
}

function problemOfError(status, { error_code: code, message, recoverable, retry_after: seconds }) {
  if (recoverable && seconds > 0) {
    return new UploadProblem(`${message} ${BY_ITSELF}`, { kind: "later", seconds, isForSize: code === STORAGE_FULL });
  }
  return new UploadProblem(message, { canRetry: recoverable === true || status >= 500 || status === 429 });
}
