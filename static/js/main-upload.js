import { KeptUploads } from "./kept-uploads.js";
import { namedParts } from "./named-parts.js";
import { NotesApi } from "./notes-api.js";
import { TranscriptionStatus } from "./transcription-status.js";
import { UploadList } from "./upload-list.js";
import { UploadsApi } from "./uploads-api.js";

const page = document.querySelector("[data-uploads]");
const { userId, maxUploadMb, tooLarge } = page.dataset;
const { value: formToken } = document.querySelector('input[name="csrf_token"]');
const services = {
  api: new UploadsApi(formToken),
  notes: new NotesApi(undefined, undefined, formToken),
  makeWatch: (addresses, seen) => new TranscriptionStatus(addresses, { seen, formToken: () => formToken }),
};
const limits = { maxMegabytes: Number(maxUploadMb), tooLarge };
new UploadList(namedParts(page), limits, new KeptUploads(userId), services).start();
