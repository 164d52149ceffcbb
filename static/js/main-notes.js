import { namedParts } from "./named-parts.js";
import { NotesApi } from "./notes-api.js";
import { NotesList } from "./notes-list.js";

const page = document.querySelector("[data-notes]");
new NotesList(new NotesApi(), namedParts(page)).start();
