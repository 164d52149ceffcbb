// Dictates a file of PCM by the vendor's own client and prints each result as a line of JSON.
//   node official_client.mjs PORT PCM_FILE LAST_WORD_ENDS '{"accessKeyId": ..., "secretAccessKey": ...}'
// The PCM is at 16 kHz and ends in silence: the client hangs up as soon as its audio ends, so it first waits for the
// final that reaches LAST_WORD_ENDS, in seconds.
// The browsers' build is used, for it is the one that speaks WebSocket. It insists on the real host, port and TLS;
// only the TCP connection goes to the stand-in.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import WebSocket from "ws";

const [port, pcmFile, lastWordEnds, account] = process.argv.slice(2);
const EVENT_BYTES = 6400;
const allHeard = deferred();

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}

globalThis.WebSocket = class extends WebSocket {
  constructor(address) {
    const url = new URL(address);
    const headers = { Host: url.host };
    url.protocol = "ws:";
    url.hostname = "127.0.0.1";
    url.port = port;
    super(url, { headers });
  }
};

const bundle = await build({
  stdin: {
    contents: 'export * from "@aws-sdk/client-transcribe-streaming";',
    resolveDir: fileURLToPath(new URL("../../", import.meta.url)),
  },
  bundle: true,
  write: false,
  format: "esm",
  platform: "browser",
  logLevel: "error",
});
const source = Buffer.from(bundle.outputFiles[0].contents).toString("base64");
const sdk = await import(`data:text/javascript;base64,${source}`);

async function* audio() {
  const pcm = await readFile(pcmFile);
  for (let at = 0; at < pcm.length; at += EVENT_BYTES) {
    yield { AudioEvent: { AudioChunk: pcm.subarray(at, at + EVENT_BYTES) } };
  }
  await allHeard.promise;
}

const client = new sdk.TranscribeStreamingClient({
  region: "us-east-1",
  credentials: JSON.parse(account),
});
const answer = await client.send(
  new sdk.StartMedicalStreamTranscriptionCommand({
    LanguageCode: "en-US",
    MediaEncoding: "pcm",
    MediaSampleRateHertz: 16000,
    Specialty: "CARDIOLOGY",
    Type: "DICTATION",
    ContentIdentificationType: "PHI",
    AudioStream: audio(),
  }),
);
try {
  for await (const event of answer.TranscriptResultStream) {
    for (const result of event.TranscriptEvent?.Transcript?.Results ?? []) {
      process.stdout.write(`${JSON.stringify(result)}\n`);
      if (!result.IsPartial && result.EndTime >= Number(lastWordEnds)) allHeard.resolve();
    }
  }
} catch (error) {
  process.stdout.write(`${JSON.stringify({ exception: error.name })}\n`);
}
allHeard.resolve();
client.destroy();
