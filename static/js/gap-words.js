import { duration } from "./format.js";

const REASONS = {
  unplugged: "microphone unplugged",
  muted: "microphone muted",
  interrupted: "sound interrupted by this computer",
  asleep: "computer asleep",
};

/** @returns {string} such as "[7 s not recorded - microphone unplugged]" */
export function gapWords({ seconds, reason }) {
  return `[${duration(Math.max(1, Math.round(seconds)))} not recorded - ${REASONS[reason] ?? "no sound came"}]`;
}

/** What to say while no sound comes, before it is known for how long. */
export function silentWords(reason, deviceLabel) {
  const device = deviceLabel ? `"${deviceLabel}"` : "the microphone";
  if (reason === "muted") return `This computer has muted ${device}. Nothing is recorded until it is unmuted.`;
  if (reason === "interrupted")
    return "This computer interrupts the sound, as for a call. Nothing is recorded until it ends.";
  if (reason === "asleep") return "This computer was asleep. Nothing was recorded meanwhile.";
  return `No sound comes from ${device}. Nothing is recorded now. Check that it is plugged in and on.`;
}
