"""What must hold when somebody tries to break in by HTTP. The numbers are those of the project's security checks."""

import base64
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.routing import Rule

from tests.site import HTTPS, PASSWORD, Browser, Site, open_site
from utils.logging import configure_logging
from web.parts import EXTENSION
from web.security_headers import content_security_policy

OWNER, STRANGER, ADMIN = "owner@example.org", "stranger@example.org", "admin@example.org"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self' ws://localhost; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
NO_SESSION = "11111111-1111-4111-8111-111111111111"
CANARY = "CANARY SELECT * FROM notes /srv/secret arn:aws:iam::1"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as opened:
        for email, role in ((OWNER, "clinician"), (STRANGER, "clinician"), (ADMIN, "admin")):
            opened.add(email, role)
        yield opened


@pytest.fixture
def note_id(site: Site) -> int:
    return site.dictate(site.accounts.user_id_of(OWNER) or "", "good morning")


@pytest.fixture
def secure_site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path, public_url=HTTPS) as opened:
        opened.add(OWNER)
        yield opened


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def path_of(rule: Rule, note_id: int) -> str:
    return rule.rule.replace("<note:note_id>", str(note_id)).replace("<uuid:session_id>", NO_SESSION)


def reads(rule: Rule) -> bool:
    return "GET" in (rule.methods or ())


# S03: cookies


def forged(content: dict[str, Any], key: str) -> str:
    signer = URLSafeTimedSerializer(key, salt="cookie-session", signer_kwargs={"key_derivation": "hmac"})
    return str(signer.dumps(content))


def test_s03_a_tampered_cookie_is_no_cookie(site: Site) -> None:
    good = site.browser(OWNER).cookie()
    content, moment, signature = good.rsplit(".", 2)
    for bad in (
        good[:-2],
        f"{content}x.{moment}.{signature}",
        f"{content}.{moment}.{'A' * len(signature)}",
        "",
        "null",
    ):
        intruder = site.browser()
        intruder.carry(bad)
        assert not intruder.is_signed_in()


def test_s03_a_cookie_signed_with_a_guessed_key_is_no_cookie(site: Site) -> None:
    token = site.accounts.open_session(site.accounts.user_id_of(OWNER) or "")
    for key in ("", "dev", "secret", "change-me"):
        intruder = site.browser()
        intruder.carry(forged({"token": token}, key))
        assert not intruder.is_signed_in()


@pytest.mark.parametrize("token", [None, 1, [], {"x": 1}, "", "\x00", "x" * 100_000])
def test_s03_a_well_signed_cookie_of_the_wrong_shape_is_nobody(site: Site, token: object) -> None:
    intruder = site.browser()
    intruder.carry(forged({"token": token}, str(site.app.secret_key)))
    assert intruder.get("/api/v1/transcriptions").status_code == 401


def test_s03_the_cookie_holds_a_random_token_and_the_secret_of_its_forms_only(site: Site) -> None:
    content = site.browser(OWNER)
    content.get("/")
    encoded = content.cookie().lstrip(".").split(".")[0]
    held = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    assert set(held) == {"token", "csrf_token"}


# S05: somebody else's note


def test_s05_another_persons_note_looks_missing_on_every_route_and_leaves_an_audit_line(
    site: Site, note_id: int
) -> None:
    stranger, stranger_id = site.browser(STRANGER), site.accounts.user_id_of(STRANGER)
    routes = [rule for rule in rules(site.app) if "note_id" in rule.arguments and reads(rule)]
    assert len(routes) == 7
    for rule in routes:
        theirs, missing = (stranger.get(path_of(rule, number)) for number in (note_id, 4711))
        assert theirs.status_code == missing.status_code == 404
        assert without_ids(theirs.text) == without_ids(missing.text)
        assert site.browser(OWNER).get(path_of(rule, note_id)).status_code == 200
        assert site.browser(ADMIN).get(path_of(rule, note_id)).status_code == 200
    denied = site.audit_lines("note_denied")
    assert denied == [(stranger_id, number, "denied") for _ in routes for number in (str(note_id), "4711")]


def without_ids(text: str) -> str:
    """The answer without what differs from request to request."""
    return re.sub(r'name="csrf_token" value="[^"]*"|[0-9a-f]{16}|"timestamp":[0-9.]+', "", text)


def test_s05_every_route_but_the_public_ones_needs_somebody_signed_in(site: Site, note_id: int) -> None:
    public = {"/login", "/logout", "/health", "/ready", "/openapi.json"}
    anybody = site.browser()
    for rule in rules(site.app):
        path = path_of(rule, note_id)
        if path.removeprefix("/api/v1").removeprefix("/v1") in public:
            continue
        expected = 401 if path.startswith(("/api/", "/v1/")) else 403 if path == "/metrics" else 302
        (method, *_) = rule.methods - {"HEAD", "OPTIONS"}
        assert anybody.send(method, path).status_code == expected, path


def test_s05_a_new_view_is_closed_until_it_says_that_it_is_public(site: Site) -> None:
    site.app.add_url_rule("/api/v1/new", "new", lambda: "open")
    assert site.browser().get("/api/v1/new").status_code == 401
    assert site.browser(OWNER).get("/api/v1/new").text == "open"


# S08 and S09: forms and verbs


def with_writing_route(site: Site) -> list[str]:
    """Paths written to: the forms there are, and a REST route such as later ones."""
    written: list[str] = []
    site.app.add_url_rule("/api/v1/write", "write", lambda: str(written.append("written")), methods=["POST"])
    return written


def test_s08_writing_without_the_forms_secret_is_refused(site: Site) -> None:
    written = with_writing_route(site)
    browser = site.browser(OWNER)
    others = site.browser(STRANGER).form_secret()
    plain = {"content_type": "text/plain", "data": '{"csrf_token": "x"}'}
    tries: list[dict[str, Any]] = [{}, {"data": {"csrf_token": others}}, {"data": {"csrf_token": "x"}}, plain]
    for asked in tries:
        assert browser.send("POST", "/api/v1/write", **asked).status_code == 403
        assert browser.send("POST", "/logout", **asked).status_code == 403
    assert written == []
    assert browser.is_signed_in()
    secret = browser.form_secret()
    assert browser.send("POST", "/api/v1/write", headers={"X-CSRFToken": secret}).status_code == 200
    assert browser.send("POST", "/api/v1/write", data={"csrf_token": secret}).status_code == 200


def test_s08_a_program_needs_no_form_but_a_cookie_beside_a_false_token_does_not_help(site: Site) -> None:
    written = with_writing_route(site)
    program = {"Authorization": f"Bearer {site.accounts.create_token(OWNER, 'importer')}"}
    assert site.browser().send("POST", "/api/v1/write", headers=program).status_code == 200
    false = {"Authorization": "Bearer x"}
    assert site.browser(OWNER).send("POST", "/api/v1/write", headers=false).status_code == 401
    assert len(written) == 1


def test_s08_a_form_secret_from_before_signing_in_is_worth_nothing_after(site: Site) -> None:
    browser = site.browser()
    before = browser.form_secret()
    browser.sign_in(OWNER)
    assert browser.send("POST", "/logout", data={"csrf_token": before}).status_code == 403


def test_s08_signing_in_without_the_forms_secret_is_refused_in_words(site: Site) -> None:
    browser = site.browser()
    for asked in ({}, {"csrf_token": "x"}, {"csrf_token": site.browser().form_secret()}):
        refused = browser.send("POST", "/login", data={"email": OWNER, "password": PASSWORD, **asked})
        assert refused.status_code == 403
        assert "sign in again" in refused.text
        assert not browser.is_signed_in()


def test_s09_reading_a_route_that_writes_is_refused(site: Site) -> None:
    assert site.browser(OWNER).get("/logout").status_code == 405
    reading = {"GET", "HEAD", "OPTIONS"}
    for rule in rules(site.app):
        writes = ("login.sign_in", "login.sign_out", "uploads.", "uploads_short.", "watches.", "watches_short.")
        assert rule.endpoint.startswith(writes) or rule.methods <= reading, rule


def test_s09_changing_and_deleting_notes_is_not_there_yet(site: Site, note_id: int) -> None:
    browser = site.browser(OWNER)
    for method, prefix in itertools.product(("PATCH", "DELETE", "POST"), ("/api/v1", "/v1")):
        refused = browser.send(method, f"{prefix}/transcriptions/{note_id}", headers={"X-CSRFToken": "x"})
        assert refused.status_code == 405


# S10 and S12: the cookie's attributes, guessing


def test_s10_over_https_the_cookie_is_bound_to_this_host_and_hidden_from_scripts(secure_site: Site) -> None:
    browser = secure_site.browser(base_url=HTTPS)
    set_cookie = browser.sign_in(OWNER).headers["Set-Cookie"]
    assert set_cookie.startswith("__Host-session=")
    attributes = {part.strip().lower() for part in set_cookie.split(";")[1:]}
    assert attributes == {"secure", "httponly", "path=/", "samesite=lax"}


def test_s10_over_plain_http_the_cookie_has_a_plain_name_and_goes_with_the_browser(site: Site) -> None:
    set_cookie = site.browser().sign_in(OWNER).headers["Set-Cookie"]
    attributes = {part.strip().lower() for part in set_cookie.split(";")[1:]}
    assert set_cookie.startswith("session=")
    assert attributes == {"httponly", "path=/", "samesite=lax"}


def test_s12_being_made_to_wait_does_not_tell_whether_the_account_exists(site: Site) -> None:
    def eleventh(email: str, address: str) -> tuple[int, str]:
        browser = site.browser()
        browser.client.environ_base["REMOTE_ADDR"] = address
        answers = [browser.sign_in(email, "not the password") for _ in range(11)]
        return answers[-1].status_code, answers[-1].text.partition("<form")[0]

    known, unknown = eleventh(OWNER, "192.0.2.1"), eleventh("nobody@example.org", "192.0.2.2")
    assert known == unknown
    assert known[0] == 429


# S16 and S25: odd ids, speech that looks like markup


@pytest.mark.parametrize(
    "odd", ["0", "-1", "1e3", "01", "../1", "%2e%2e%2f1", "1%00", "9" * 20, "9" * 5000, "１", "a/b"]
)
def test_s16_an_odd_id_is_not_found(site: Site, odd: str) -> None:
    browser = site.browser(ADMIN)
    for prefix in ("/notes/", "/api/v1/transcriptions/", "/v1/transcriptions/"):
        assert browser.get(f"{prefix}{odd}").status_code == 404


def test_s25_speech_never_becomes_part_of_a_page(site: Site) -> None:
    speech = "<img src=x onerror=alert(1)> {{77777*77777}}"
    note_id = site.dictate(site.accounts.user_id_of(OWNER) or "", speech)
    browser = site.browser(OWNER)
    for path in ("/", "/notes", "/upload", f"/notes/{note_id}"):
        assert "onerror" not in browser.get(path).text
        assert str(77777 * 77777) not in browser.get(path).text
    for path in ("/api/v1/transcriptions", f"/api/v1/transcriptions/{note_id}"):
        assert browser.get(path).mimetype == "application/json"
    exported = browser.get(f"/api/v1/transcriptions/{note_id}/export?format=txt")
    assert exported.headers["Content-Disposition"].startswith("attachment")
    assert "<img" not in browser.get(f"/api/v1/transcriptions/{note_id}/export?format=vtt").text


def test_s25_what_is_typed_into_address_or_form_comes_back_escaped(site: Site) -> None:
    markup = "<script>alert(1)</script>"
    browser = site.browser()
    assert markup not in browser.get(f"/{markup}").text
    assert markup not in browser.sign_in(f"{markup}@example.org", next=f"/{markup}").text
    assert markup not in browser.get(f"/login?next=/{markup}").text


def test_s25_no_page_has_inline_script_or_style(site: Site, note_id: int) -> None:
    browser = site.browser(OWNER)
    pages = [
        site.browser().get("/login"),
        *map(browser.get, ("/", "/notes", "/upload", f"/notes/{note_id}", "/nowhere")),
    ]
    for page in pages:
        assert not re.findall(r"<script(?![^>]*\ssrc=)", page.text)
        assert not re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", page.text)


# S26 and S27: headers


def every_kind_of_answer(site: Site, note_id: int) -> list[Any]:
    site.app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    anybody, browser = site.browser(), site.browser(OWNER)
    got = map(
        browser.get,
        (
            *(
                "/",
                "/notes",
                "/upload",
                f"/notes/{note_id}",
                "/nowhere",
                "/logout",
                "/broken",
                "/static/css/nowhere.css",
            ),
            *("/api/v1/transcriptions", "/api/v1/nowhere", "/api/v1/transcriptions?page=x", "/v1/health"),
            *(f"/v1/transcriptions/{note_id}/{part}" for part in ("audio", "export")),
        ),
    )
    return [
        anybody.get("/login"),
        anybody.get("/"),
        anybody.sign_in(OWNER, "wrong password"),
        anybody.send("POST", "/logout"),
        anybody.sign_in(OWNER),
        browser.send("OPTIONS", "/notes"),
        browser.send("HEAD", "/notes"),
        *got,
    ]


def test_s26_s27_every_answer_carries_the_headers(site: Site, note_id: int) -> None:
    answers = every_kind_of_answer(site, note_id)
    assert {answer.status_code for answer in answers} >= {200, 302, 303, 401, 403, 404, 405, 422, 500}
    for answer in answers:
        assert answer.headers.getlist("Content-Security-Policy") == [POLICY]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Permissions-Policy"] == "microphone=(self), camera=(), geolocation=()"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in answer.headers
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"])


def test_s26_static_files_carry_the_policy_too_and_may_be_kept(site: Site) -> None:
    some_file = next((Path(site.app.root_path) / "static" / "css").glob("*.css"))
    answer = site.browser().get(f"/static/css/{some_file.name}")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" not in answer.headers["Cache-Control"]


def test_s26_over_https_only_the_secure_socket_of_the_public_address_is_allowed(secure_site: Site) -> None:
    answer = secure_site.browser(base_url=HTTPS).get("/login")
    assert "connect-src 'self' wss://dictation.example.org;" in answer.headers["Content-Security-Policy"]
    assert int(answer.headers["Strict-Transport-Security"].partition("=")[2]) >= 365 * 24 * 3600


def test_s26_a_host_that_is_none_does_not_get_into_the_policy(site: Site) -> None:
    for host in ("x; script-src *", "evil example", "a,b", "x'unsafe-inline'", "[::1"):
        assert content_security_policy(site.settings, host) == POLICY.replace(" ws://localhost", "")
    assert "ws://[::1]:5000;" in content_security_policy(site.settings, "[::1]:5000")


def test_s26_recordings_in_s3_may_be_played_from_there_and_from_nowhere_else(tmp_path: Path) -> None:
    with open_site(tmp_path, audio_store="s3", s3_bucket="b", s3_endpoint_url="https://s3.example.org/x") as site:
        assert "media-src 'self' blob: https://s3.example.org;" in content_security_policy(site.settings, "localhost")


# S31: our own failures


class Broken:
    """Whatever is asked of it, it fails with words that nobody may see."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        raise RuntimeError(CANARY)


def broken_part(name: str, site: Site) -> None:
    old = site.app.extensions[EXTENSION]
    kept = {field: getattr(old, field) for field in old.__slots__}
    site.app.extensions[EXTENSION] = type(old)(**{**kept, name: Broken()})


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_logging("DEBUG", "json", stream)
    yield stream
    structlog.reset_defaults()


@pytest.mark.parametrize("part", ["accounts", "notes", "store", "audit", "readiness"])
def test_s31_a_failure_of_ours_is_told_in_general_words_with_an_id_to_quote(
    site: Site, note_id: int, part: str, logged: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    browser = site.browser(OWNER)
    broken_part(part, site)
    answers = [browser.get(path_of(rule, note_id)) for rule in rules(site.app) if "GET" in rule.methods]
    failed = [answer for answer in answers if answer.status_code == 500]
    assert failed
    for answer in answers:
        assert not [word for word in (b"CANARY", b"Traceback", b"web/") if word in answer.data]
    for answer in failed:
        assert answer.headers["X-Request-ID"] in answer.text
        assert answer.headers["X-Request-ID"] in logged.getvalue()
    captured = capfd.readouterr()
    assert "CANARY" not in logged.getvalue() + captured.out + captured.err


def test_s31_a_page_that_is_broken_itself_still_answers_in_general_words(site: Site) -> None:
    site.app.add_url_rule("/broken", "broken", lambda: {}[CANARY])
    answer = site.browser(OWNER).get("/broken")
    assert answer.status_code == 500
    assert "CANARY" not in answer.text
    assert "What was accepted before is safe" in answer.text


def test_s31_while_the_database_is_away_people_are_told_so(site: Site) -> None:
    browser = site.browser(OWNER)
    site.engine.dispose()
    database = site.settings.instance_dir / "dictation.sqlite3"
    database.rename(database.with_suffix(".away"))
    database.mkdir()
    for path in ("/", "/notes", "/upload", "/api/v1/transcriptions"):
        answer = browser.get(path)
        assert answer.status_code == 503
        assert "sqlite" not in answer.text.lower()
        assert "safe" in answer.text


# S34: what a form may not decide


def test_s34_a_role_or_user_in_the_form_or_query_changes_nothing(site: Site, note_id: int) -> None:
    browser: Browser = site.browser()
    browser.sign_in(STRANGER, role="admin", user_id=site.accounts.user_id_of(ADMIN) or "", is_admin="1")
    listed = browser.get("/api/v1/transcriptions?role=admin&user_id=&is_admin=1").json
    assert listed["total"] == 0
    assert browser.get(f"/api/v1/transcriptions/{note_id}?role=admin").status_code == 404
