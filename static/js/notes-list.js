import { count, dayAndTime, duration } from "./format.js";
import { audioWords, emptyWords, failureWords, statusWords } from "./note-words.js";

const PAGE_SIZE = 20;
/** One request when the person stops typing rather than one for each letter. */
const SEARCH_MS = 300;

/** The list of notes with its search and paging. The address holds the page number, never the words searched for. */
export class NotesList {
  #api;
  #parts;
  #page = 1;
  #loading = new AbortController();
  #timer = null;

  /** @param {NotesApi} api  @param {object} parts elements: form, search, status, list, row, message, pages, previous, next, where */
  constructor(api, parts) {
    this.#api = api;
    this.#parts = parts;
  }

  /** @param {AbortSignal} signal ends it */
  start(signal) {
    const { form, search, status, previous, next } = this.#parts;
    form.addEventListener("submit", (event) => event.preventDefault(), { signal });
    search.addEventListener("input", () => this.#searchSoon(), { signal });
    status.addEventListener("change", () => this.#show(1), { signal });
    previous.addEventListener("click", () => this.#show(this.#page - 1), { signal });
    next.addEventListener("click", () => this.#show(this.#page + 1), { signal });
    return this.#show(1);
  }

  #searchSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#show(1), SEARCH_MS);
  }

  async #show(page) {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    const { search, status } = this.#parts;
    this.#parts.list.setAttribute("aria-busy", "true");
    try {
      const wanted = { page, page_size: PAGE_SIZE, q: search.value.trim(), status: status.value };
      this.#fill(await this.#api.list(wanted, signal));
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error.words ?? "The notes can't be shown. They are safe on the server. Please reload the page.");
    }
    this.#parts.list.removeAttribute("aria-busy");
  }

  #fill({ items, page, page_size: size, total }) {
    const { list, pages, previous, next, where } = this.#parts;
    this.#page = page;
    list.replaceChildren(...items.map((note) => this.#row(note)));
    this.#say(items.length > 0 ? "" : this.#emptyWords());
    pages.hidden = total <= size;
    previous.disabled = page <= 1;
    next.disabled = page * size >= total;
    where.textContent = `${(page - 1) * size + 1} to ${Math.min(page * size, total)} of ${count(total, "note")}`;
  }

  #row(note) {
    const row = this.#parts.row.content.cloneNode(true);
    const find = (name) => row.querySelector(`[data-note="${name}"]`);
    find("link").href = `/notes/${encodeURIComponent(note.id)}`;
    find("when").textContent = dayAndTime(new Date(note.created_at));
    find("length").textContent = duration(note.audio_duration_seconds ?? 0);
    find("words").textContent = count(note.word_count ?? 0, "word");
    find("preview").textContent = note.preview || failureWords(note) || emptyWords(note);
    show(find("status"), statusWords(note));
    show(find("audio"), audioWords(note.audio_status));
    return row;
  }

  #fail(words) {
    this.#parts.list.replaceChildren();
    this.#parts.pages.hidden = true;
    this.#say(words);
  }

  #say(words) {
    this.#parts.message.textContent = words;
    this.#parts.message.hidden = words === "";
  }

  #emptyWords() {
    const { search, status } = this.#parts;
    const isNarrowed = search.value.trim() !== "" || status.value !== "";
    return isNarrowed ? "No note fits. Try fewer words." : "No notes yet. What you dictate appears here.";
  }
}

function show(element, { text, tone }) {
  element.textContent = text;
  element.dataset.tone = tone;
}
