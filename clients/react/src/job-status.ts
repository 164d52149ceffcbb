/** What is told of a recording on its way to text. A test compares this with the server's own schema. */
export interface JobStatus {
  session_id: string;
  status: "queued" | "processing" | "completed" | "failed";
  /** Percent; never goes back */
  progress: number;
  /** Plain words for people */
  message: string;
  phase: "waiting" | "reading" | "storing" | "recognising" | "done";
  estimated_seconds_remaining: number | null;
  /** Counts the session's statuses from 1 */
  seq: number;
  /** Unix seconds */
  timestamp: number;
  error?: { error_code: string; message: string };
}

/** How the statuses come: over Server-Sent Events (live) or by asking (polling); `stopped` after the last one. */
export type ConnectionMode = "stopped" | "connecting" | "live" | "polling" | "offline" | "signedOut";
