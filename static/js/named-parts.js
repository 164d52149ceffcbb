/** @returns {object} the elements inside `root` by the name in their data-part attribute, in camelCase */
export function namedParts(root) {
  const named = [...root.querySelectorAll("[data-part]")].map((element) => [camelCase(element.dataset.part), element]);
  return Object.fromEntries(named);
}

function camelCase(name) {
  return name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}
