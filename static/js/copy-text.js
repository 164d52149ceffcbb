const CONFIRMED_MS = 2500;

/** Copies what `read` returns when the button is pressed, and says on the button whether it worked. */
export function copyOnPress(button, read, { clipboard = navigator.clipboard, signal } = {}) {
  const label = button.textContent;
  let timer = null;
  const copy = async () => {
    clearTimeout(timer);
    button.textContent = await copied(clipboard, read());
    timer = setTimeout(() => (button.textContent = label), CONFIRMED_MS);
  };
  button.addEventListener("click", copy, { signal });
}

async function copied(clipboard, text) {
  try {
    await clipboard.writeText(text);
    return "Copied";
  } catch {
    return "Not copied: select the text and press Ctrl+C";
  }
}
