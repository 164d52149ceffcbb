export type { ConnectionMode, JobStatus } from "./job-status";
export { useTranscriptionStatusSSE } from "./use-transcription-status-sse";
export type { StatusOptions, WatchedStatus } from "./use-transcription-status-sse";
