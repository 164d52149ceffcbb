import { QueueNotice } from "./queue-notice.js";
import { UploadCard } from "./upload-card.js";
import { UploadJob } from "./upload-job.js";
import { UploadQueue } from "./upload-queue.js";

const MEGABYTE = 1024 * 1024;
const SPOKEN = ["held", "stopping", "working", "done", "failed", "refused", "cancelled"];

/** The recordings on the page: those chosen or dropped now, and those this person sent from this browser before. */
export class UploadList {
  #parts;
  #limits;
  #kept;
  #services;
  #signIn;
  #queueNotice;
  #jobs = new Map();
  #queue;
  #isSignedOut = false;

  /**
   * @param {object} parts elements: queueAway, drop, choose, files, list, card, empty, announcement
   * @param {{maxMegabytes: number, tooLarge: string}} limits tooLarge: how the server words it
   * @param {KeptUploads} kept
   * @param {object} services what an UploadJob works with, and next: NextTry
   * @param {SignedOutNotice} signIn
   */
  constructor(parts, limits, kept, services, signIn) {
    this.#parts = parts;
    this.#limits = limits;
    this.#kept = kept;
    this.#services = services;
    this.#signIn = signIn;
    this.#queueNotice = new QueueNotice(parts.queueAway, () => services.api.isQueueAway());
    this.#queue = new UploadQueue((problem) => this.#isHeldUp(problem), services.next);
  }

  /** @param {AbortSignal} signal ends it  @param {Window} page where files may be dropped */
  start(signal, page = window) {
    const { choose, files } = this.#parts;
    choose.addEventListener("click", () => files.click(), { signal });
    const chosen = () => {
      this.#send([...files.files]);
      files.value = "";
    };
    files.addEventListener("change", chosen, { signal });
    // Anywhere on the page: a file dropped beside the field would otherwise replace the page.
    page.addEventListener("dragover", (event) => this.#over(event), { signal });
    page.addEventListener("dragleave", () => this.#leave(), { signal });
    page.addEventListener("drop", (event) => this.#drop(event), { signal });
    page.addEventListener("beforeunload", (event) => this.#isSending && event.preventDefault(), { signal });
    this.#kept.onChange(() => this.#restore(), page, signal);
    this.#restore();
  }

  get #isSending() {
    return [...this.#jobs.keys()].some(({ isUnsent }) => isUnsent);
  }

  #over(event) {
    event.preventDefault();
    this.#parts.drop.classList.add("is-over");
  }

  #leave() {
    this.#parts.drop.classList.remove("is-over");
  }

  #drop(event) {
    event.preventDefault();
    this.#leave();
    this.#send([...(event.dataTransfer?.files ?? [])]);
  }

  #send(files) {
    files.forEach((file) => {
      const job = this.#add(new UploadJob({ file }, this.#services));
      if (file.size > this.#limits.maxMegabytes * MEGABYTE) job.refuse(this.#limits.tooLarge);
      else this.#queue.add(job);
    });
  }

  #restore() {
    const shown = new Set([...this.#jobs.keys()].map(({ sessionId }) => sessionId));
    const missing = this.#kept.all().filter(({ session_id: id }) => !shown.has(id));
    missing.reverse().forEach((ticket) => this.#add(new UploadJob({ ticket }, this.#services)).resume());
  }

  #add(job) {
    const card = new UploadCard(this.#parts.card, job, this.#services.notes, () => this.#remove(job));
    this.#jobs.set(job, card);
    let spoken = [];
    job.on("change", () => {
      card.show();
      this.#tellTroubles();
      if (job.state === "waiting") spoken = [];
      if (!SPOKEN.includes(job.state)) return;
      const isNews = job.state === "held" ? job.message !== spoken[1] : job.state !== spoken[0];
      if (isNews) this.#announce(`${card.title}: ${job.message}`);
      spoken = [job.state, job.message];
    });
    job.on("toSend", () => this.#queue.add(job));
    job.on("kept", (ticket) => this.#kept.keep(ticket));
    job.on("gone", () => this.#kept.forget(job.sessionId));
    card.show();
    this.#parts.list.prepend(card.element);
    this.#parts.empty.hidden = true;
    return job;
  }

  #remove(job) {
    job.stop();
    this.#jobs.get(job).remove();
    this.#jobs.delete(job);
    this.#tellTroubles();
    if (job.sessionId) this.#kept.forget(job.sessionId);
    this.#parts.empty.hidden = this.#jobs.size > 0;
    if (this.#jobs.size === 0) this.#parts.choose.focus();
  }

  #isHeldUp(problem) {
    this.#isSignedOut = problem?.kind === "signedOut";
    this.#tellTroubles();
  }

  #tellTroubles() {
    const jobs = [...this.#jobs.keys()];
    this.#signIn.show(this.#isSignedOut || jobs.some(({ mode }) => mode === "signedOut"));
    this.#queueNotice.show(jobs.some(({ state, isQueued }) => state === "working" && isQueued));
  }

  /** For screen readers, once for each turn of a recording and never for its percents. */
  #announce(words) {
    this.#parts.announcement.textContent = words;
  }
}
