// The page loads Socket.IO's own browser build from our origin; it is copied here rather than kept in git.
import { copyFileSync, mkdirSync } from "node:fs";

const here = new URL("./", import.meta.url);
mkdirSync(new URL("vendor/", here), { recursive: true });
copyFileSync(
  new URL("../node_modules/socket.io-client/dist/socket.io.esm.min.js", here),
  new URL("vendor/socket.io.esm.min.js", here),
);
