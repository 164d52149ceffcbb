import assert from "node:assert/strict";
import test from "node:test";

import { UploadsApi } from "../../static/js/uploads-api.js";
import { UploadServer } from "./support/upload-server.js";
import { file } from "./support/uploading.js";

const TOO_LARGE = "Larger than 1 MB.";
const VISIT = file("visit.wav");

class FixedSecret {
  value = "s1";
  renew = async () => "renewed";
}

/** What becomes of one recording; `refused` what a person is told. */
async function sent(server, { share = () => {} } = {}) {
  const api = new UploadsApi(new FixedSecret(), TOO_LARGE, {
    fetchFrom: server.fetch,
    makeRequest: server.makeRequest,
  });
  const how = { again: false, isRetry: false, signal: new AbortController().signal, progress: share };
  return api.send(VISIT, how).then(
    (ticket) => ({ ticket }),
    (refused) => ({ refused }),
  );
}

test("a recording that the server takes is answered by its ticket", async () => {
  const shares = [];
  const { ticket } = await sent(new UploadServer(), { share: (share) => shares.push(share) });
  assert.deepEqual([ticket, shares], [{ session_id: "session-1", transcription_id: 1, existing: false }, [0]]);
});

test("what the server would not take is told in its words, and not sent", async () => {
  const server = new UploadServer();
  server.maxBytes = 10;
  const { refused } = await sent(server);
  assert.deepEqual([refused.words, refused.canRetry], ["Larger than the server takes.", false]);
  assert.deepEqual(server.begun, []);
});

test("a connection that ends because the server refuses in the middle is told as the refusal", async () => {
  const server = new UploadServer();
  server.isSlow = true;
  const sending = sent(server);
  while (server.underWay.length === 0) await new Promise(setImmediate);
  Object.assign(server, { maxBytes: 10, breaks: true });
  server.arrives();
  const { refused } = await sending;
  assert.deepEqual([refused.words, refused.kind], ["Larger than the server takes.", "refused"]);
});

for (const [what, cut, isServerThere] of [
  ["the line", (server) => (server.breaks = true), true],
  ["the server", (server) => (server.isReachable = false), false],
]) {
  test(`${what} breaks in the middle: it is a lost connection, and no refusal`, async () => {
    const server = new UploadServer();
    server.isSlow = true;
    const sending = sent(server);
    while (server.underWay.length === 0) await new Promise(setImmediate);
    cut(server);
    server.arrives();
    const { refused } = await sending;
    assert.deepEqual([refused.kind, refused.isServerThere], ["lost", isServerThere]);
  });
}

for (const [status, body, kind, words, canRetry] of [
  [413, null, "refused", TOO_LARGE, false],
  [502, null, "lost", /connection was lost/, true],
  [503, { message: "The database is away.", recoverable: true, retry_after: 5 }, "later", /away.*tried again/, true],
  [500, null, "refused", /could not take this recording. The recording is still on your computer/, true],
  [415, { message: "This file is a list.", recoverable: false }, "refused", "This file is a list.", false],
  [200, null, "refused", /could not take/, true],
]) {
  const whose = body ? "the server" : "something between";
  test(`${status} from ${whose} becomes words that people understand`, async () => {
    const server = new UploadServer();
    server.proxySays = [status, body];
    const { refused } = await sent(server);
    assert.equal(refused.kind, kind);
    assert.equal(refused.canRetry, canRetry);
    if (words instanceof RegExp) assert.match(refused.words, words);
    else assert.equal(refused.words, words);
  });
}

test("cancelled, the request is ended and nothing arrives", async () => {
  const server = new UploadServer();
  server.isSlow = true;
  const stopping = new AbortController();
  const api = new UploadsApi(new FixedSecret(), TOO_LARGE, {
    fetchFrom: server.fetch,
    makeRequest: server.makeRequest,
  });
  const sending = api.send(VISIT, { again: false, isRetry: false, signal: stopping.signal, progress: () => {} });
  while (server.underWay.length === 0) await new Promise(setImmediate);
  stopping.abort();
  await assert.rejects(sending, { name: "AbortError" });
  assert.deepEqual([server.taken, server.underWay], [[], []]);
});

test("work that can't be cancelled now goes on, and that is said", async () => {
  const server = new UploadServer();
  const api = new UploadsApi(new FixedSecret(), TOO_LARGE, { fetchFrom: server.fetch });
  server.isReachable = false;
  await assert.rejects(api.cancel("session-1"), {
    words: "The server can't be reached, so the work goes on. Try again.",
  });
});
