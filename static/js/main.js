import { AudioCapture } from "./audio-capture.js";
import { ConnectionLine } from "./connection-line.js";
import { Dictation } from "./dictation.js";
import { LevelMeter } from "./level-meter.js";
import { MicrophonePicker } from "./microphone-picker.js";
import { Preferences } from "./preferences.js";
import { Receipt } from "./receipt.js";
import { RecordButton } from "./record-button.js";
import { RecorderState } from "./recorder-state.js";
import { RetryCountdown } from "./retry-countdown.js";
import { SessionClock } from "./session-clock.js";
import { TranscriptionDisplay } from "./transcription-display.js";
import { UnsentAudio } from "./unsent-audio.js";
import { SAMPLE_RATES, TranscriptionWebSocket } from "./websocket-client.js";

const CHUNK_MS = 250;

const page = document.querySelector("[data-dictation]");
const find = (name) => page.querySelector(`[data-part="${name}"]`);
const { userId, maxRecordingSeconds } = page.dataset;
const maxSeconds = Number(maxRecordingSeconds);

const preferences = new Preferences();
preferences.remember(find("quality"), "quality");
preferences.remember(find("specialty"), "specialty");
const microphones = new MicrophonePicker(
  find("microphone"),
  find("microphone-hint"),
  navigator.mediaDevices,
  preferences,
);

const display = new TranscriptionDisplay(find("transcript"));
const recorder = new RecorderState();
const button = new RecordButton(find("record"), find("state"));
const clockViews = [find("elapsed"), find("remaining")];
const dictation = new Dictation({
  recorder,
  views: {
    button,
    display,
    clock: new SessionClock(...clockViews, maxSeconds, (words) => display.showStatus(words)),
    meter: new LevelMeter(find("level"), find("level-hint")),
    connection: new ConnectionLine(find("connection")),
    receipt: new Receipt(
      find("receipt"),
      () => display.text,
      () => dictation.clear(),
    ),
    settings: find("settings"),
  },
  makeCapture: () =>
    new AudioCapture(SAMPLE_RATES[find("quality").value], CHUNK_MS, { deviceId: microphones.deviceId }),
  makeSocket: () =>
    new TranscriptionWebSocket(location.origin, userId, find("quality").value, { specialty: find("specialty").value }),
  unsent: new UnsentAudio(),
  retry: new RetryCountdown(),
  maxSeconds,
});

button.start(() => dictation.press());
microphones.start();
addEventListener("beforeunload", (event) => dictation.holdsUnsavedAudio && event.preventDefault());
