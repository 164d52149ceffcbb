import { readFileSync } from "node:fs";
import vm from "node:vm";

const SOURCE = readFileSync(new URL("../../../static/js/pcm-worklet.js", import.meta.url), "utf8");

/** Loads the real worklet file into a scope like the browser's audio thread. */
export function loadWorklet(sampleRate) {
  const registered = new Map();
  class AudioWorkletProcessor {
    port = { posted: [], postMessage: (message) => this.port.posted.push(message), onmessage: null };
  }
  const scope = { sampleRate, AudioWorkletProcessor, Float32Array, Math };
  scope.registerProcessor = (name, processor) => registered.set(name, processor);
  vm.runInNewContext(SOURCE, scope);
  return new (registered.get("pcm-worklet"))();
}
