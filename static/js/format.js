/** @param {number} seconds  @returns {string} such as "3 min 12 s"; rounded down like the clock, but never to nothing */
export function duration(seconds) {
  const whole = seconds > 0 ? Math.max(1, Math.floor(seconds)) : 0;
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const parts = [];
  if (hours > 0) parts.push(`${hours} h`);
  if (minutes > 0) parts.push(`${minutes} min`);
  if (hours === 0 && (whole % 60 > 0 || parts.length === 0)) parts.push(`${whole % 60} s`);
  return parts.join(" ");
}

/** @param {number} seconds  @returns {string} such as "03:12", or "1:03:12" */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** @param {Date} moment  @returns {string} such as "10:42", as this person's computer writes it */
export function timeOfDay(moment) {
  return moment.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

/** @param {Date} moment  @returns {string} such as "20 Nov 2026, 10:42", as this person's computer writes it */
export function dayAndTime(moment) {
  return moment.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** @returns {string} such as "1 word" or "214 words" */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
