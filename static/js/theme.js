// A classic script in the head, because it must run before the first paint: a module would let the other theme flash.
(() => {
  try {
    const chosen = localStorage.getItem("seva-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // A browser that keeps nothing shows the system's theme.
  }
})();
