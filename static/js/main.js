import { AudioCapture } from "./audio-capture.js";
import { ConnectionLine } from "./connection-line.js";
import { Dictation } from "./dictation.js";
import { LevelMeter } from "./level-meter.js";
import { MicrophonePicker } from "./microphone-picker.js";
import { NotesApi } from "./notes-api.js";
import { openStore } from "./open-store.js";
import { Outbox } from "./outbox.js";
import { PauseButton } from "./pause-button.js";
import { Preferences } from "./preferences.js";
import { Receipt } from "./receipt.js";
import { RecordButton } from "./record-button.js";
import { RecogniserLine } from "./recogniser-line.js";
import { RecorderState } from "./recorder-state.js";
import { RetryCountdown } from "./retry-countdown.js";
import { roomWarning } from "./room.js";
import { SessionClock } from "./session-clock.js";
import { newAbout, SAMPLE_RATES } from "./session-place.js";
import { onShortcut } from "./shortcut.js";
import { SignInHere } from "./sign-in-here.js";
import { TabLock } from "./tab-lock.js";
import { TranscriptionDisplay } from "./transcription-display.js";
import { UnsentShelf } from "./unsent-shelf.js";
import { VoicesChoice } from "./voices-choice.js";
import { TranscriptionWebSocket } from "./websocket-client.js";

const CHUNK_MS = 250;
const BYTES_A_SAMPLE = 2;

const page = document.querySelector("[data-dictation]");
const find = (name) => page.querySelector(`[data-part="${name}"]`);
const { userId, maxRecordingSeconds } = page.dataset;
const maxSeconds = Number(maxRecordingSeconds);

const preferences = new Preferences();
preferences.remember(find("quality"), "quality");
preferences.remember(find("specialty"), "specialty");
if (find("voices")) new VoicesChoice(find("specialty"), find("voices"), find("voices-hint")).start();
const microphones = new MicrophonePicker(
  find("microphone"),
  find("microphone-hint"),
  navigator.mediaDevices,
  preferences,
);

const opening = openStore();
const makeLine = (audio) =>
  new TranscriptionWebSocket(location.origin, userId, audio.about.quality, { specialty: audio.about.specialty, audio });
const outbox = new Outbox({
  opening,
  tabs: new TabLock(),
  makeLine,
  shelf: new UnsentShelf(find("unsent"), find("unsent-card")),
});

const display = new TranscriptionDisplay(find("transcript"));
const button = new RecordButton(find("record"), find("state"));
const pause = new PauseButton(find("pause"));
const signIn = new SignInHere(find("sign-in"), () => dispatchEvent(new Event("signed-in")));
const clockViews = [find("elapsed"), find("remaining")];
const notes = new NotesApi();
const dictation = new Dictation({
  recorder: new RecorderState(),
  views: {
    button,
    pause,
    display,
    signIn,
    clock: new SessionClock(...clockViews, maxSeconds, (words, left) => dictation.nearsEnd(words, left)),
    meter: new LevelMeter(find("level"), find("level-hint")),
    connection: new ConnectionLine(find("connection")),
    receipt: new Receipt(
      find("receipt"),
      () => display.text,
      () => dictation.clear(),
      (id) => notes.note(id),
    ),
    recogniser: new RecogniserLine(find("recogniser")),
    settings: find("settings"),
  },
  makeCapture: () =>
    new AudioCapture(SAMPLE_RATES[find("quality").value], CHUNK_MS, { deviceId: microphones.deviceId }),
  makeLine,
  newAbout: (continues = null) =>
    newAbout({
      quality: find("quality").value,
      specialty: find("specialty").value,
      audioType: find("voices")?.value,
      startedAt: Date.now(),
      continues,
    }),
  outbox,
  retry: new RetryCountdown(),
  maxSeconds,
});

button.start(() => dictation.press());
pause.start(() => dictation.pauseOrGoOn());
onShortcut("KeyG", () => dictation.goOn());
signIn.start();
microphones.start();
outbox.find((about) => dictation.takeOver(about));
addEventListener("beforeunload", (event) => dictation.needsPage && event.preventDefault());

const bytesASecond = BYTES_A_SAMPLE * SAMPLE_RATES[find("quality").value];
find("room-hint").textContent = await roomWarning(await opening, { bytesASecond, maxSeconds });
