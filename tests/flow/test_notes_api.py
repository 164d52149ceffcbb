"""Notes over REST: found, read, played and taken away by those who may."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from models.ports import StoredRecording
from tests.site import MP3, Browser, Site, open_site

OWNER = "doctor@example.org"
API = "/api/v1/transcriptions"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as opened:
        opened.owner_id = opened.add(OWNER).user_id  # type: ignore[attr-defined]
        yield opened


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser(OWNER)


# Finding notes


def test_people_see_their_own_notes_newest_first_and_admins_see_all(site: Site, browser: Browser) -> None:
    mine = [site.dictate(site.owner_id, "mine", created_at=site.clock() - timedelta(days=day)) for day in (3, 2, 1)]
    others = site.dictate(site.add("other@example.org").user_id, "theirs")
    site.add("admin@example.org", "admin")
    page = browser.get(API).json
    assert [item["id"] for item in page["items"]] == mine[::-1]
    assert (page["page"], page["page_size"], page["total"]) == (1, 20, 3)
    everything = site.browser("admin@example.org").get(API).json
    assert {item["id"] for item in everything["items"]} == {*mine, others}
    assert len(site.audit_lines("all_notes_listed")) == 1


def test_an_item_says_what_the_page_needs(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "the heart sounds are normal", "no murmur")
    item = browser.get(API).json["items"][0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", item.pop("created_at"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", item.pop("updated_at"))
    assert len(item.pop("session_id")) == 36
    assert item == {
        "id": note_id,
        "status": "COMPLETED",
        "audio_status": "STORED",
        "audio_duration_seconds": 12.5,
        "word_count": 7,
        "quality": "medium",
        "sample_rate": 16000,
        "specialty": "CARDIOLOGY",
        "recogniser": "pocketsphinx",
        "failure_code": None,
        "preview": "the heart sounds are normal no murmur",
    }


def test_a_list_is_paged_narrowed_by_status_and_searched_by_words(site: Site, browser: Browser) -> None:
    for number in range(5):
        site.dictate(site.owner_id, f"note number {number}")
    heart = site.dictate(site.owner_id, "a murmur of the heart")
    second = browser.get(f"{API}?page=2&page_size=4").json
    assert (len(second["items"]), second["total"]) == (2, 6)
    assert [item["id"] for item in browser.get(f"{API}?q=heart+murmur").json["items"]] == [heart]
    assert browser.get(f"{API}?status=FAILED").json["total"] == 0
    assert browser.get(f"{API}?status=COMPLETED&q=").json["total"] == 6


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page=١", "page_size=101", "page_size=0", "status=DONE", f"q={'x' * 201}"]
)
def test_a_question_that_cannot_be_is_refused_in_words(browser: Browser, query: str) -> None:
    refused = browser.get(f"{API}?{query}")
    assert refused.status_code == 422
    assert refused.json["error_code"] == "VALIDATION_FAILED"


def test_odd_search_words_find_nothing_and_break_nothing(site: Site, browser: Browser) -> None:
    site.dictate(site.owner_id, "the heart sounds are normal")
    for words in ("%25", "_", "%00", "'; DROP TABLE users; --", "%F0%9F%92%93"):
        assert browser.get(f"{API}?q=x{words}").json["total"] == 0


# One note


def test_a_note_has_its_text_segments_and_words(site: Site, browser: Browser) -> None:
    note = browser.get(f"{API}/{site.dictate(site.owner_id, 'good morning', 'no fever')}").json
    assert note["transcript_text"] == "good morning no fever"
    assert [segment["segment_index"] for segment in note["segments"]] == [0, 1]
    first = note["segments"][0]
    assert (first["text"], first["segment_id"], first["start_time"], first["end_time"]) == ("good morning", "s0", 0, 2)
    assert first["confidence"] == 0.75
    assert first["words"][1] == {"text": "morning", "start_time": 0.1, "end_time": 0.2, "confidence": 0.5}


def test_reading_playing_and_taking_away_is_written_down(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "good morning")
    for path in ("", "/audio", "/audio?download=1", "/export?format=srt"):
        assert browser.get(f"{API}/{note_id}{path}").status_code == 200
    for event in ("note_viewed", "recording_played", "recording_downloaded", "note_exported"):
        assert site.audit_lines(event) == [(site.owner_id, str(note_id), "ok")]


def test_the_short_address_answers_the_same(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "good morning")
    assert browser.get(f"/v1/transcriptions/{note_id}").json == browser.get(f"{API}/{note_id}").json


# Recordings


def test_a_recording_comes_whole_as_a_file_named_after_its_time(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "good morning")
    answer = browser.get(f"{API}/{note_id}/audio")
    assert answer.data == MP3
    assert answer.mimetype == "audio/mpeg"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "no-store"
    name = f"dictation-{site.clock():%Y%m%d-%H%M%S}.mp3"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=100-199", 100, 199), ("bytes=10000-", 10000, 10239), ("bytes=-40", 10200, 10239)],
)
def test_a_player_gets_the_part_it_asks_for(site: Site, browser: Browser, asked: str, first: int, last: int) -> None:
    note_id = site.dictate(site.owner_id, "good morning")
    part = browser.get(f"{API}/{note_id}/audio", headers={"Range": asked})
    assert part.status_code == 206
    assert part.data == MP3[first : last + 1]
    assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(MP3)}"


def test_a_part_beyond_the_end_is_refused_and_nothing_stays_open(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "good morning")
    refused = browser.get(f"{API}/{note_id}/audio", headers={"Range": "bytes=99999-"})
    assert refused.status_code == 416
    assert refused.headers["Content-Range"] == f"bytes */{len(MP3)}"
    assert refused.json["error_code"] == "VALIDATION_FAILED"


def test_a_recording_that_has_not_changed_is_not_sent_again(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "good morning")
    tag = browser.get(f"{API}/{note_id}/audio").headers["ETag"]
    again = browser.get(f"{API}/{note_id}/audio", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_a_recording_still_being_stored_or_lost_is_told_in_words(site: Site, browser: Browser) -> None:
    pending = browser.get(f"{API}/{site.dictate(site.owner_id, 'one', recording='PENDING')}/audio")
    assert (pending.status_code, pending.headers["Retry-After"]) == (409, "5")
    assert "still being stored" in pending.json["message"]
    failed = browser.get(f"{API}/{site.dictate(site.owner_id, 'one', recording='FAILED')}/audio")
    assert failed.status_code == 404
    assert "text is not affected" in failed.json["message"]


def test_a_recording_that_vanished_from_the_store_is_told_in_words(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "good morning")
    site.store.delete(site.notes.note(note_id).audio_s3_key or "")
    gone = browser.get(f"{API}/{note_id}/audio")
    assert (gone.status_code, gone.json["error_code"]) == (404, "NOT_FOUND")


class LinkingStore:
    """A store that others serve recordings for, and that remembers which links it gave."""

    def __init__(self) -> None:
        self.given: list[tuple[str, int, str]] = []

    def put(self, key: str, source: Path) -> StoredRecording:
        return StoredRecording(key, source.stat().st_size, "ab" * 32)

    def stat(self, key: str) -> StoredRecording:
        return StoredRecording(key, len(MP3), "ab" * 32)

    def open(self, key: str) -> BinaryIO:
        raise AssertionError("The recording is to come from the link")

    def link(self, key: str, seconds: int, download_name: str) -> str | None:
        self.given.append((key, seconds, download_name))
        return f"https://recordings.example.org/{key}?signature=x"

    def delete(self, key: str) -> None:
        raise AssertionError("Nothing is to be deleted")


def test_a_recording_kept_elsewhere_is_fetched_by_a_short_lived_link(tmp_path: Path) -> None:
    store = LinkingStore()
    with open_site(tmp_path, store) as site:
        note_id = site.dictate(site.add(OWNER).user_id, "good morning")
        answer = site.browser(OWNER).get(f"{API}/{note_id}/audio")
        key = site.notes.note(note_id).audio_s3_key
    assert answer.status_code == 302
    assert answer.location == f"https://recordings.example.org/{key}?signature=x"
    assert answer.headers["Cache-Control"] == "no-store"
    [(_, seconds, name)] = store.given
    assert seconds <= 300
    assert name.startswith("dictation-")


# Exports


def test_a_note_is_exported_as_text_with_the_warning_to_check_it(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "good morning", "no fever")
    answer = browser.get(f"{API}/{note_id}/export?format=txt")
    head, _, text = answer.text.partition("\n\n")
    assert "Check it before use" in head
    assert text == "good morning no fever\n"
    assert answer.headers["Content-Disposition"].endswith(".txt")


def test_a_note_is_exported_as_json_with_everything_rest_tells(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "good morning")
    exported = json.loads(browser.get(f"{API}/{note_id}/export?format=json").data)
    assert "Check it before use" in exported.pop("notice")
    assert exported == browser.get(f"{API}/{note_id}").json


def test_a_note_is_exported_as_srt_subtitles(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "good morning", "no fever")
    subtitles = browser.get(f"{API}/{note_id}/export?format=srt").text
    assert subtitles == (
        "1\n00:00:00,000 --> 00:00:02,000\ngood morning\n\n2\n01:01:01,500 --> 01:01:03,500\nno fever\n"
    )


def test_a_note_is_exported_as_webvtt_in_which_speech_is_never_markup(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id, "a < b & c --> d")
    subtitles = browser.get(f"{API}/{note_id}/export?format=vtt")
    assert subtitles.mimetype == "text/vtt"
    assert subtitles.text.startswith("WEBVTT\n\nNOTE ")
    assert subtitles.text.endswith("\n\n00:00:00.000 --> 00:00:02.000\na &lt; b &amp; c --&gt; d\n")


def test_an_empty_note_is_exported_too(site: Site, browser: Browser) -> None:
    note_id = site.dictate(site.owner_id)
    for kind in ("txt", "json", "srt", "vtt"):
        assert browser.get(f"{API}/{note_id}/export?format={kind}").status_code == 200


def test_an_unknown_format_is_refused_with_those_there_are(site: Site, browser: Browser) -> None:
    refused = browser.get(f"{API}/{site.dictate(site.owner_id, 'one')}/export?format=docx")
    assert refused.status_code == 422
    assert "txt, json, srt, vtt" in refused.json["message"]


# The interface itself


def test_anybody_may_ask_whether_it_is_alive_and_ready(site: Site) -> None:
    anybody = site.browser()
    assert anybody.get("/api/v1/health").json == {"status": "alive", "active_sessions": 3}
    assert anybody.get("/v1/ready").json == {
        "status": "ready",
        "down": [],
        "checks": {"database": "ok", "spool": "ok"},
    }


def test_what_is_down_is_named(site: Site) -> None:
    site.checks["spool"] = "less than 500 MB free"
    answer = site.browser().get("/api/v1/ready")
    assert answer.status_code == 503
    assert answer.json["down"] == ["spool"]
    assert answer.json["checks"]["spool"] == "less than 500 MB free"


def test_every_error_is_the_same_kind_of_object(site: Site, browser: Browser) -> None:
    answers = [
        (browser.get(f"{API}/4711"), 404, "NOT_FOUND"),
        (browser.get("/api/v1/nowhere"), 404, "NOT_FOUND"),
        (browser.send("DELETE", f"{API}/1"), 405, "VALIDATION_FAILED"),
        (browser.get(f"{API}?page=x"), 422, "VALIDATION_FAILED"),
        (site.browser().get(API), 401, "UNAUTHENTICATED"),
    ]
    for answer, status, code in answers:
        assert answer.status_code == status
        told = answer.json
        assert set(told) == {"type", "error_code", "message", "recoverable", "retry_after", "timestamp", "context"}
        assert (told["type"], told["error_code"]) == ("error", code)
        assert told["context"]["request_id"] == answer.headers["X-Request-ID"]
    assert answers[0][0].json["context"]["user_id"] == site.owner_id
    assert "GET" in answers[2][0].headers["Allow"]


def test_the_document_of_the_interface_names_exactly_the_routes_there_are(site: Site) -> None:
    document = site.browser().get("/api/v1/openapi.json").json
    documented = {(path, method) for path, methods in document["paths"].items() for method in methods}
    there = {
        (re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule).removeprefix("/api/v1"), method.lower())
        for rule in site.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert documented == there


def test_answers_have_the_shape_that_the_document_promises(site: Site, browser: Browser) -> None:
    from jsonschema import Draft202012Validator

    document = browser.get("/api/v1/openapi.json").json
    note_id = site.dictate(site.owner_id, "good morning")
    answers = {
        "Page": browser.get(API),
        "Note": browser.get(f"{API}/{note_id}"),
        "Error": browser.get(f"{API}/4711"),
        "Health": browser.get("/api/v1/health"),
        "Readiness": browser.get("/api/v1/ready"),
    }
    for name, answer in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(answer.json)


def test_a_browsers_key_is_the_same_each_time_for_one_user_and_no_other_users(site: Site) -> None:
    site.add("other@example.org")
    people = (OWNER, OWNER, "other@example.org")
    keys = [site.browser(who).get("/api/v1/browser-key").json["key"] for who in people]
    assert keys[0] == keys[1] != keys[2]
    assert len(base64.b64decode(keys[0])) == 32
    assert site.app.test_client().get("/api/v1/browser-key").status_code == 401


# Missing text


def test_missing_text_is_not_made_before_the_recording_and_its_own_words_have_come(
    site: Site, browser: Browser
) -> None:
    """A worker that comes back adds what its journal has; what was asked for before would be heard twice, or not."""
    token = {"X-CSRFToken": browser.form_secret()}
    coming = site.dictate(site.owner_id, "so far", recording="PENDING")
    answer = browser.send("POST", f"{API}/{coming}/recognise", headers=token)
    assert (answer.status_code, answer.json["error_code"]) == (409, "INVALID_SESSION_STATE")
    there = site.dictate(site.owner_id, "so far")
    assert browser.send("POST", f"{API}/{there}/recognise", headers=token).status_code == 202
    assert site.stored.runner._leases.claim("worker", 60).session_id == site.notes.note(there).session_id
    assert site.stored.runner._leases.claim("worker", 60) is None
