/**
 * A notice as an element: the heading says what happened, the text whether it is safe and what to do.
 * @param {{what: string, safe: string, action: string}} notice
 * @param {{label: string, key?: string, run?: () => void, href?: string, isMain?: boolean}[]} choices buttons, and links to
 *   other tabs; key: a shortcut that does the same
 * @param {string} reference an id to quote to support, or empty
 * @returns {HTMLElement}
 */
export function noticeView({ what, safe, action }, choices = [], reference = "") {
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.append(line("strong", what), line("p", `${safe} ${action}`.trim()));
  if (choices.length > 0) {
    const row = document.createElement("div");
    row.className = "notice-choices";
    row.append(...choices.map(choiceButton));
    notice.append(row);
  }
  if (reference) notice.append(line("small", `If you ask for help, quote ${reference}.`));
  return notice;
}

function choiceButton({ label, key, run, href, isMain = false }) {
  const choice = line(href ? "a" : "button", label);
  if (key) {
    choice.setAttribute("aria-keyshortcuts", key);
    choice.append(" ", line("kbd", key));
  }
  choice.className = isMain ? "button button-main" : "button";
  if (href) {
    choice.href = href;
    choice.target = "_blank";
  } else {
    choice.type = "button";
    choice.addEventListener("click", run);
  }
  return choice;
}

function line(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
