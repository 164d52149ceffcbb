import { useEffect, useRef, useState } from "react";

import { TranscriptionStatus } from "../../../static/js/transcription-status.js";
import type { ConnectionMode, JobStatus } from "./job-status";

/** What the hook works with; all but `enabled` have a meaning of their own only outside of the server's pages. */
export interface StatusOptions {
  /** Where the server's interface is; "/api/v1" */
  baseUrl?: string;
  /** false: nothing is watched yet */
  enabled?: boolean;
  /** Another fetch, such as one that adds a token */
  fetchFrom?: typeof fetch;
  /** Has administrators see how the connection fares: the csrf_token of the server's pages, "" where fetchFrom adds a token */
  formToken?: () => string;
  /** Another EventSource, such as one that can send headers; null: there is none, so it polls at once */
  Source?: typeof EventSource | null;
}

export interface WatchedStatus {
  /** The newest one; null before the first */
  status: JobStatus | null;
  /** Percent, never going back for one recording */
  progress: number;
  mode: ConnectionMode;
  /** The mode in words for people */
  modeWords: string;
  /** true once the recording is completed or failed */
  isOver: boolean;
  /** true where this person has no such recording */
  isGone: boolean;
}

const NOTHING: WatchedStatus = {
  status: null,
  progress: 0,
  mode: "stopped",
  modeWords: "",
  isOver: false,
  isGone: false,
};

/**
 * Watches a recording become text, for as long as the component is there.
 *
 * Server-Sent Events; after three failed attempts it asks every 3 seconds and tries them again every 30. Another
 * `sessionId` begins anew; null watches nothing.
 */
export function useTranscriptionStatusSSE(sessionId: string | null, options: StatusOptions = {}): WatchedStatus {
  const { baseUrl = "/api/v1", enabled = true } = options;
  const latest = useRef(options);
  latest.current = options;
  const [watched, setWatched] = useState({ sessionId, ...NOTHING });

  useEffect(() => {
    if (sessionId === null || !enabled) return undefined;
    const session = `${baseUrl}/sessions/${encodeURIComponent(sessionId)}`;
    const { fetchFrom, formToken, Source } = latest.current;
    const watch = new TranscriptionStatus(
      {
        status_url: `${session}/status`,
        stream_url: `${session}/status/stream`,
        health_url: `${session}/connection-health`,
      },
      { ...(fetchFrom && { fetchFrom }), ...(formToken && { formToken }), ...(Source !== undefined && { Source }) },
    );
    const change = (what: Partial<WatchedStatus>) =>
      setWatched((before) => ({ ...(before.sessionId === sessionId ? before : NOTHING), ...what, sessionId }));
    watch.on("status", (status: JobStatus) => change({ status, progress: status.progress }));
    watch.on("mode", (mode: ConnectionMode, modeWords: string) => change({ mode, modeWords }));
    watch.on("end", () => change({ isOver: true }));
    watch.on("gone", () => change({ isGone: true }));
    watch.start();
    return () => watch.stop();
  }, [sessionId, baseUrl, enabled]);

  const { sessionId: of, ...shown } = watched;
  return of === sessionId ? shown : NOTHING;
}
