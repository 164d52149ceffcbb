import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["static/vendor/"] },
  js.configs.recommended,
  {
    rules: {
      "max-lines": ["error", 250],
      "max-lines-per-function": ["error", 60],
      "no-console": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Text only: use textContent." },
        { property: "outerHTML", message: "Text only: use textContent." },
        { property: "insertAdjacentHTML", message: "Text only: use textContent." },
      ],
    },
  },
  { files: ["static/js/**"], languageOptions: { globals: globals.browser } },
  {
    files: ["static/js/pcm-worklet.js"],
    languageOptions: { globals: globals.audioWorklet },
  },
  { files: ["static/js/theme.js"], languageOptions: { sourceType: "script" } },
  {
    files: ["tests/js/**", "tests/standin/**", "static/copy-vendor.mjs"],
    languageOptions: { globals: globals.node },
    rules: { "max-lines-per-function": "off" },
  },
];
