import { copyOnPress } from "./copy-text.js";
import { namedParts } from "./named-parts.js";
import { NoteView } from "./note-view.js";
import { NotesApi } from "./notes-api.js";

const page = document.querySelector("[data-note-id]");
const parts = namedParts(page);
const formToken = () => document.querySelector('input[name="csrf_token"]').value;
const note = new NoteView(new NotesApi(undefined, undefined, formToken), page.dataset.noteId, parts);
copyOnPress(parts.copy, () => note.text);
note.start();
