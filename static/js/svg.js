const SVG = "http://www.w3.org/2000/svg";

/** @returns {SVGElement} with these attributes; `content` is its text or its children */
export function svg(name, attributes = {}, content = []) {
  const element = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  if (typeof content === "string") element.textContent = content;
  else element.append(...content);
  return element;
}

/** @returns {HTMLElement} with this text, or these children */
export function html(name, content = [], className = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (typeof content === "string") element.textContent = content;
  else element.append(...content);
  return element;
}
