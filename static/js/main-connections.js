import { ConnectionPlots } from "./connection-plots.js";
import { ConnectionsPage } from "./connections-page.js";
import { namedParts } from "./named-parts.js";

const page = document.querySelector("[data-connections]");
new ConnectionsPage(namedParts(page), new ConnectionPlots()).start();
