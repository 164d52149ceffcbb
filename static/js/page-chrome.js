import { Preferences } from "./preferences.js";
import { ThemeToggle } from "./theme-toggle.js";

const toggle = document.querySelector("[data-theme-toggle]");
new ThemeToggle(toggle, document.documentElement, new Preferences()).start();

// A page kept by the browser's back button may belong to somebody who has signed out since.
addEventListener("pageshow", (event) => event.persisted && location.reload());
