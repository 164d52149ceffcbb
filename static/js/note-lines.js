import { clock, duration } from "./format.js";
import { noteGapWords } from "./ledger.js";
import { TurnWriter } from "./speaker-turns.js";

const GAP = "segment timed gap";
const OFFLINE_FROM = "From here by the offline recogniser, not medical-grade";
const OFFLINE_UNTIL = "From here no longer by the offline recogniser";

/**
 * A note's text as elements, in the order it was spoken: its segments, and at their places what is missing.
 * @param {object[]} segments text, start_time, words  @param {object[]} gaps see noteGapWords
 * @param {(seconds: number) => void} play
 * @returns {HTMLElement[]}
 */
export function noteLines(segments, gaps, play) {
  const missing = gaps.map((gap) => ({ at: gap.start_time, text: noteGapWords(gap), className: GAP }));
  const turns = new TurnWriter();
  return [...missing, ...spokenLines(segments)]
    .sort((a, b) => a.at - b.at)
    .map((line) => lineElement(line, turns, play));
}

/** Segments, and lines where the offline recogniser begins and ends, unless it made all of them. */
function spokenLines(segments) {
  const isMixed = segments.some(({ recogniser }) => !recogniser);
  return segments.flatMap(({ start_time: at, text, words, recogniser }, index) => {
    const line = { at, text, words, className: "segment timed" };
    const isOther = isMixed && Boolean(recogniser) !== Boolean(segments[index - 1]?.recogniser);
    return isOther ? [{ at, text: recogniser ? OFFLINE_FROM : OFFLINE_UNTIL, className: GAP }, line] : [line];
  });
}

function lineElement({ at, text, words, className }, turns, play) {
  const time = element("button", "segment-time", clock(at));
  time.type = "button";
  time.setAttribute("aria-label", `Play from ${duration(at)}`);
  time.addEventListener("click", () => play(at));
  const line = element("p", className, "");
  const said = document.createElement("span");
  turns.write(said, text, words);
  line.append(time, said);
  return line;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
