const UNKNOWN = "INVALID_SESSION_STATE";
/** A session that is there, or is being started, goes on after these. */
const BY_CODE = {
  AUDIO_GAP: "notTaken",
  TOO_FAST: "notTaken",
  STORAGE_FULL: "notTaken",
  UNAUTHENTICATED: "signedOut",
};
/** Another try would be answered the same. */
const FINAL = ["VALIDATION_FAILED", "FORBIDDEN"];

/**
 * What the server's error object means for the line.
 *
 * superseded  another tab or device has the session now
 * finished    the session is over; what is here and not there belongs into a new one
 * final       it can never be sent as it is
 * unknown     no such session there, yet or any more
 * later       no place now; ask again
 * notTaken    a message of audio must be sent again, because of a gap, of haste or of a full disk
 * signedOut   nobody is signed in
 * ended       the server has ended the session
 * told        something to tell the person, nothing else
 */
export function meaningOf({ error_code: code, context, recoverable }, isOpen) {
  if (code === "SESSION_SUPERSEDED") return "superseded";
  if (code === UNKNOWN) return context?.finished ? "finished" : "unknown";
  if (!isOpen) return FINAL.includes(code) ? "final" : "later";
  if (code === "STORAGE_FULL" && recoverable === false) return "ended";
  return BY_CODE[code] ?? (recoverable === false ? "ended" : "told");
}
