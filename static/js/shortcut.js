/**
 * Alt and a letter, wherever the focus is. A held key counts once.
 * @param {string} code such as KeyR  @param {() => void} press  @param {AbortSignal} [signal] ends it
 */
export function onShortcut(code, press, signal) {
  const pressed = (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== code) return;
    event.preventDefault();
    if (!event.repeat) press();
  };
  document.addEventListener("keydown", pressed, { signal });
}
