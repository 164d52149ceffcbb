import assert from "node:assert/strict";
import test from "node:test";

import { VoicesChoice } from "../../static/js/voices-choice.js";
import { openPage } from "./support/page.js";

const OPTIONS = (...values) => values.map((value) => `<option value="${value}">${value}</option>`).join("");

function begun(t, { specialty = "CARDIOLOGY", voices = "DICTATION" } = {}) {
  const page = openPage(
    t,
    `<select id="specialty">${OPTIONS("CARDIOLOGY", "RADIOLOGY")}</select>
     <select id="voices">${OPTIONS("DICTATION", "CONVERSATION")}</select><p></p>`,
  );
  const [specialties, voice] = [page.querySelector("#specialty"), page.querySelector("#voices")];
  [specialties.value, voice.value] = [specialty, voices];
  new VoicesChoice(specialties, voice, page.querySelector("p")).start();
  const choose = (select, value) => {
    select.value = value;
    select.dispatchEvent(new Event("change"));
  };
  return {
    voice,
    hint: () => page.querySelector("p").textContent,
    chooseSpecialty: (value) => choose(specialties, value),
    chooseVoices: (value) => choose(voice, value),
  };
}

test("a conversation becomes a dictation where the specialty is heard in dictations only, and says why", (t) => {
  const { voice, hint, chooseSpecialty, chooseVoices } = begun(t);
  chooseVoices("CONVERSATION");
  assert.equal(hint(), "");
  chooseSpecialty("RADIOLOGY");
  assert.deepEqual([voice.value, voice.disabled], ["DICTATION", true]);
  assert.match(hint(), /one voice only/);
  chooseSpecialty("CARDIOLOGY");
  assert.deepEqual([voice.value, voice.disabled, hint()], ["CONVERSATION", false, ""]);
});

test("who dictates radiology anyway is told nothing", (t) => {
  const { voice, hint, chooseSpecialty } = begun(t, { specialty: "RADIOLOGY" });
  assert.deepEqual([voice.value, voice.disabled, hint()], ["DICTATION", true, ""]);
  chooseSpecialty("CARDIOLOGY");
  assert.deepEqual([voice.value, voice.disabled], ["DICTATION", false]);
});

test("a remembered specialty is fitted from the beginning where conversations are the rule", (t) => {
  const { voice } = begun(t, { specialty: "RADIOLOGY", voices: "CONVERSATION" });
  assert.equal(voice.value, "DICTATION");
});
