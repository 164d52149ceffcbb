import { patternWords } from "./connection-figures.js";
import { svg } from "./svg.js";

const [WIDTH, HEIGHT] = [200, 16];
const [TOP, BOTTOM] = [1, 15];
/** How high each mode stands: it is told apart without colours too. */
const HEIGHTS = { sse: 14, polling: 7, gap: 2 };
const THINNEST = 1;

/** One watch as a strip of time: how news came at each moment, with a mark at each reconnection. @returns {SVGElement} */
export function timeStrip(watch) {
  const { pattern, reconnected, total_seconds: whole } = watch;
  const place = (at) => (whole > 0 ? (Math.min(at, whole) / whole) * WIDTH : 0);
  const parts = pattern.map(({ at, mode }, number) => {
    const end = pattern[number + 1]?.at ?? whole;
    const width = Math.max(place(end) - place(at), THINNEST);
    const box = { x: place(at), y: BOTTOM - HEIGHTS[mode], width, height: HEIGHTS[mode] };
    return svg("rect", { ...box, "data-mode": mode });
  });
  const marks = reconnected.map(({ at }) => svg("line", { x1: place(at), x2: place(at), y1: TOP, y2: BOTTOM }));
  const title = svg("title", {}, patternWords(watch));
  const look = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", class: "strip" };
  return svg("svg", { ...look, "aria-label": patternWords(watch) }, [title, ...parts, ...marks]);
}
