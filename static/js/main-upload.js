import { FormSecret } from "./form-secret.js";
import { KeptUploads } from "./kept-uploads.js";
import { namedParts } from "./named-parts.js";
import { NextTry } from "./next-try.js";
import { NotesApi } from "./notes-api.js";
import { SignedOutNotice } from "./signed-out-notice.js";
import { SignInHere } from "./sign-in-here.js";
import { TranscriptionStatus } from "./transcription-status.js";
import { UploadList } from "./upload-list.js";
import { UploadsApi } from "./uploads-api.js";

const page = document.querySelector("[data-uploads]");
const { userId, maxUploadMb, tooLarge } = page.dataset;
const parts = namedParts(page);
const secret = new FormSecret(userId, location.pathname);
const services = {
  api: new UploadsApi(secret, tooLarge),
  notes: new NotesApi(undefined, undefined, () => secret.value),
  makeWatch: (addresses, seen) => new TranscriptionStatus(addresses, { seen, formToken: () => secret.value }),
  next: new NextTry(),
};
const limits = { maxMegabytes: Number(maxUploadMb), tooLarge };
const signIn = new SignInHere(parts.signIn, () => dispatchEvent(new Event("signed-in")));
signIn.start();
new UploadList(parts, limits, new KeptUploads(userId), services, new SignedOutNotice(parts.signedOut, signIn)).start();
