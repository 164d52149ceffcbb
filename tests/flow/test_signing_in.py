"""Signing in and out as people, programs and operators meet it."""

import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from werkzeug.test import EnvironBuilder

from tests.site import PASSWORD, Browser, Site, open_site
from utils.config import SettingsError, load_settings
from web.login import session_token_from_environ
from web.secret_key import secret_key_of

EMAIL = "doctor@example.org"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as opened:
        opened.add(EMAIL)
        yield opened


def test_whoever_is_not_signed_in_is_asked_to_and_then_sent_where_they_wanted(site: Site) -> None:
    browser = site.browser()
    asked = browser.get("/notes?q=secret")
    assert asked.status_code == 302
    assert asked.location == "/login?next=/notes"
    assert browser.sign_in(EMAIL, next="/notes").location == "/notes"
    assert EMAIL in browser.get("/notes").text


def test_the_sign_in_page_sends_on_whoever_is_signed_in(site: Site) -> None:
    assert site.browser(EMAIL).get("/login?next=/notes").location == "/notes"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "evil",
        "/\t/evil.example",
        "",
        "/\n/evil",
    ],
)
def test_signing_in_never_leads_to_another_site(site: Site, elsewhere: str) -> None:
    assert site.browser().sign_in(EMAIL, next=elsewhere).location == "/"


def test_an_unknown_address_and_a_wrong_password_are_answered_alike(site: Site) -> None:
    def answer(email: str) -> tuple[int, str]:
        refused = site.browser().sign_in(email, "not the password")
        return refused.status_code, refused.text.partition("<form")[0]

    wrong, unknown = answer(EMAIL), answer("nobody@example.org")
    assert wrong == unknown
    assert wrong[0] == 401
    assert "not right" in wrong[1]


def test_a_closed_account_is_answered_like_a_wrong_password(site: Site) -> None:
    site.accounts.disable_user(EMAIL)
    assert site.browser().sign_in(EMAIL).status_code == 401


def test_a_copied_cookie_is_worthless_after_signing_out(site: Site) -> None:
    browser, thief = site.browser(EMAIL), site.browser()
    thief.carry(browser.cookie())
    assert thief.is_signed_in()
    assert browser.sign_out().location == "/login"
    assert not browser.is_signed_in()
    assert not thief.is_signed_in()


def test_signing_out_twice_is_no_error(site: Site) -> None:
    browser = site.browser(EMAIL)
    secret = browser.form_secret()
    site.accounts.disable_user(EMAIL)
    assert browser.send("POST", "/logout", data={"csrf_token": secret}).location == "/login"


def test_signing_in_again_begins_a_new_session_and_ends_the_old_one(site: Site) -> None:
    browser, former = site.browser(EMAIL), site.browser()
    former.carry(browser.cookie())
    fields = {"email": EMAIL, "password": PASSWORD, "csrf_token": browser.form_secret()}
    browser.send("POST", "/login", data=fields)
    assert browser.is_signed_in()
    assert not former.is_signed_in()


def test_a_session_from_before_signing_in_is_not_carried_over(site: Site) -> None:
    browser = site.browser()
    browser.form_secret()
    before = browser.cookie()
    browser.sign_in(EMAIL)
    assert browser.cookie() != before
    planted = site.browser()
    planted.carry(before)
    assert not planted.is_signed_in()


def test_closing_the_account_or_a_new_password_signs_out_at_once(site: Site) -> None:
    browser = site.browser(EMAIL)
    site.accounts.set_password(EMAIL, "another fine password")
    assert not browser.is_signed_in()
    browser.sign_in(EMAIL, "another fine password")
    assert browser.is_signed_in()
    site.accounts.disable_user(EMAIL)
    assert browser.get("/").location == "/login?next=/"


def test_ended_sessions_are_told_by_id(site: Site) -> None:
    told: list[str] = []
    site.accounts.on_sessions_ended = told.extend
    browser = site.browser(EMAIL)
    token = session_token_from_environ(site.app, _environ(browser.cookie()))
    row = site.accounts.user_of_session(token or "").session_id
    browser.sign_out()
    assert told == [row]


def test_a_session_ends_when_unused_and_lives_on_when_used(site: Site) -> None:
    browser = site.browser(EMAIL)
    for _ in range(3):
        site.clock.forward(minutes=14)
        assert browser.is_signed_in()
    site.clock.forward(minutes=15)
    assert not browser.is_signed_in()


def test_a_session_ends_with_its_lifetime_however_much_it_is_used(site: Site) -> None:
    browser = site.browser(EMAIL)
    for _ in range(71):
        site.clock.forward(minutes=10)
        assert browser.is_signed_in()
    site.clock.forward(minutes=10)
    assert not browser.is_signed_in()


def test_signing_in_and_out_is_written_down(site: Site) -> None:
    user_id = site.accounts.user_id_of(EMAIL)
    browser = site.browser()
    browser.sign_in("nobody@example.org", "not the password")
    browser.sign_in(EMAIL, "not the password")
    browser.sign_in(EMAIL)
    browser.sign_out()
    assert site.audit_lines("login") == [(None, None, "failed"), (user_id, None, "failed"), (user_id, None, "ok")]
    assert site.audit_lines("logout") == [(user_id, None, "ok")]
    assert site.audit.verify()


# Too many tries


def test_after_ten_wrong_passwords_an_account_has_to_wait(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(number: int, password: str) -> int:
        client = site.browser()
        client.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        return client.sign_in(EMAIL, password).status_code

    assert [attempt(number, "not the password") for number in range(10)] == [401] * 10
    assert attempt(11, PASSWORD) == 429
    later = time.time() + 61
    monkeypatch.setattr("time.time", lambda: later)
    assert attempt(12, PASSWORD) == 303


def test_after_ten_wrong_passwords_an_address_has_to_wait_whatever_the_account(site: Site) -> None:
    browser = site.browser()
    for number in range(10):
        assert browser.sign_in(f"guess{number}@example.org", "not the password").status_code == 401
    refused = browser.sign_in(EMAIL)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "Please wait" in refused.text


def test_changing_the_end_of_an_ipv6_address_gains_no_tries(site: Site) -> None:
    browser = site.browser()
    for number in range(11):
        browser.client.environ_base["REMOTE_ADDR"] = f"2001:db8::{number}"
        answer = browser.sign_in(f"guess{number}@example.org", "not the password")
    assert answer.status_code == 429


def test_a_whole_ward_may_sign_in_from_one_address_within_a_minute(site: Site) -> None:
    assert [site.browser().sign_in(EMAIL).status_code for _ in range(15)] == [303] * 15


def test_tries_sent_all_at_once_do_not_slip_through_together(site: Site) -> None:
    browsers = [site.browser() for _ in range(16)]
    forms = [{"email": EMAIL, "password": "x", "csrf_token": browser.form_secret()} for browser in browsers]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda pair: _login_status(*pair), zip(browsers, forms, strict=True)))
    assert sorted(answers) == [401] * 10 + [429] * 6


def _login_status(browser: Browser, form: dict[str, str]) -> int:
    return browser.send("POST", "/login", data=form).status_code


# Sockets and programs


def _environ(cookie: str) -> dict[str, object]:
    return EnvironBuilder(path="/socket.io/", headers={"Cookie": f"session={cookie}"}).get_environ()


def test_the_token_of_a_socket_is_read_without_the_database(site: Site) -> None:
    cookie = site.browser(EMAIL).cookie()
    site.engine.dispose()
    (site.settings.instance_dir / "dictation.sqlite3").rename(site.settings.instance_dir / "away.sqlite3")
    token = session_token_from_environ(site.app, _environ(cookie))
    (site.settings.instance_dir / "away.sqlite3").rename(site.settings.instance_dir / "dictation.sqlite3")
    assert site.accounts.user_of_session(token or "").email == EMAIL


@pytest.mark.parametrize(
    "damage", [lambda c: "", lambda c: c[:-1], lambda c: c + "x", lambda c: "x" + c, lambda c: "e30.x.y"]
)
def test_a_socket_with_a_damaged_cookie_has_no_token(site: Site, damage) -> None:
    assert session_token_from_environ(site.app, _environ(damage(site.browser(EMAIL).cookie()))) is None


def test_a_program_with_a_token_reads_notes_but_opens_no_pages(site: Site) -> None:
    raw = site.accounts.create_token(EMAIL, "importer")
    program = {"Authorization": f"Bearer {raw}"}
    anonymous = site.browser()
    assert anonymous.get("/api/v1/transcriptions", headers=program).status_code == 200
    assert anonymous.get("/v1/transcriptions", headers=program).status_code == 200
    assert anonymous.get("/notes", headers=program).status_code == 302
    site.accounts.disable_user(EMAIL)
    refused = anonymous.get("/api/v1/transcriptions", headers=program)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_wrong_token_is_not_saved_by_a_good_cookie(site: Site) -> None:
    browser = site.browser(EMAIL)
    assert browser.get("/api/v1/transcriptions", headers={"Authorization": "Bearer nonsense"}).status_code == 401


# The key of the cookies


def test_the_secret_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    settings = load_settings(instance_dir=tmp_path / "instance")
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(secret_key_of, [settings] * 32))
    assert len(keys) == 1
    assert len(keys.pop()) >= 64
    assert [path.name for path in settings.instance_dir.iterdir()] == ["secret_key"]
    assert stat.S_IMODE(settings.instance_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((settings.instance_dir / "secret_key").stat().st_mode) == 0o600


def test_a_key_given_by_a_setting_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    settings = load_settings(instance_dir=tmp_path / "instance", secret_key="k" * 40)
    assert secret_key_of(settings) == "k" * 40
    assert not settings.instance_dir.exists()


def test_a_key_file_that_others_can_read_or_that_is_too_short_stops_the_start(tmp_path: Path) -> None:
    settings = load_settings(instance_dir=tmp_path / "instance")
    secret_key_of(settings)
    file = settings.instance_dir / "secret_key"
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="others can read"):
        secret_key_of(settings)
    file.chmod(0o600)
    file.write_text("short")
    with pytest.raises(SettingsError, match="too short"):
        secret_key_of(settings)


# The command line


def test_an_operator_adds_lists_and_disables_people(site: Site) -> None:
    run = site.app.test_cli_runner().invoke
    added = run(args=["users", "add", "New@example.org", "--role", "admin", "--password-stdin"], input=f"{PASSWORD}\n")
    assert (added.exit_code, added.output) == (0, "new@example.org may now sign in as admin.\n")
    assert site.browser("new@example.org").is_signed_in()
    assert run(args=["users", "disable", "new@example.org"]).exit_code == 0
    listed = run(args=["users", "list"]).output.splitlines()
    assert listed == ["doctor@example.org\tclinician\tactive", "new@example.org\tadmin\tdisabled"]
    assert [outcome for _, _, outcome in site.audit_lines("user_added") + site.audit_lines("user_disabled")] == [
        "ok"
    ] * 2


def test_a_prompted_password_is_asked_twice_and_never_shown(site: Site) -> None:
    changed = site.app.test_cli_runner().invoke(args=["users", "password", EMAIL], input="a fresh password\n" * 2)
    assert changed.exit_code == 0
    assert "a fresh password" not in changed.output
    assert site.browser().sign_in(EMAIL, "a fresh password").status_code == 303


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["users", "add", "nonsense", "--role", "admin", "--password-stdin"], "not an e-mail address"),
        (["users", "add", EMAIL, "--role", "admin", "--password-stdin"], "already an account"),
        (["users", "add", "x@example.org", "--role", "root", "--password-stdin"], "root"),
        (["users", "disable", "nobody@example.org"], "no account"),
        (["tokens", "create", "nobody@example.org"], "no account"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_in_words(site: Site, command: list[str], words: str) -> None:
    told = site.app.test_cli_runner().invoke(args=command, input=f"{PASSWORD}\n")
    assert told.exit_code != 0
    assert words in told.output
    assert "Traceback" not in told.output


def test_a_short_password_on_the_command_line_is_refused(site: Site) -> None:
    arguments = ["users", "add", "x@example.org", "--role", "admin", "--password-stdin"]
    told = site.app.test_cli_runner().invoke(args=arguments, input="short\n")
    assert told.exit_code != 0
    assert "8 to 1024" in told.output


def test_a_token_from_the_command_line_works_and_upgrading_twice_is_no_error(site: Site) -> None:
    run = site.app.test_cli_runner().invoke
    raw = run(args=["tokens", "create", EMAIL, "--name", "importer"]).output.strip()
    assert site.accounts.user_of_token(raw).email == EMAIL
    assert run(args=["db", "upgrade"]).exit_code == 0


def test_a_database_without_tables_is_told_with_what_to_do(site: Site) -> None:
    site.engine.dispose()
    (site.settings.instance_dir / "dictation.sqlite3").unlink()
    told = site.app.test_cli_runner().invoke(args=["users", "list"])
    assert told.exit_code != 0
    assert "db upgrade" in told.output
