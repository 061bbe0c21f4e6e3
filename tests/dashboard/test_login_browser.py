"""The ways in, in a real browser through TLS: logins of a provider, an invite, and what is taken back from both."""

import base64
import re
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from typing import Any, NamedTuple

import pytest

from dashboard import navigation
from dashboard.pages import PAGES
from dashboard.texts import TEXTS
from store.access import ACTIONS, ENGINEER, ROLES, Actor
from store.database import Store
from store.invites import Wanted, invite, take_back_invites
from store.users import NewUser, add_user, remove_user
from tests.dashboard.proxy import Proxy
from tests.store.people import COMMAND, put_campaign

pytestmark = pytest.mark.browser

SECRET_RUN = "canary-run-5417"
NOT_FOR_EXPERTS = ("home", "runs", "run", "campaigns", "release_check", "releases")


class House(NamedTuple):
    """A served store, and who vouches for people."""

    url: str
    store: Store
    browser: Any
    stranger: str


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def filled(root, issuer):
    store = Store.at(root / "assay.duckdb")
    store.create()
    put_campaign(store)
    for role in ("admin", *[role for role in ROLES if role != "admin"]):
        add_user(store, COMMAND, NewUser(role.title(), role, issuer, role))
    store.transaction(
        lambda tx: tx.execute(
            "INSERT INTO run (id, name, status, created, heartbeat, ended, tags, starred, archived) "
            f"VALUES (1, '{SECRET_RUN}', 'finished', now(), now(), now(), [], false, false)"
        )
    )
    return store


@pytest.fixture(scope="module")
def house(tmp_path_factory, browser, dash, serve):
    root, port = tmp_path_factory.mktemp("house"), free_port()
    issuer = f"http://localhost:{port}"
    provider = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-H", "localhost", "-p", str(port)],
        stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    settings = root / "oidc.toml"
    settings.write_text(
        f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\nclient_id = "assay"\n'
        'client_secret = "secret"\n'
    )
    settings.chmod(0o600)
    proxy = Proxy(root)
    store = filled(root, issuer)
    command = dash(root, "--port", "0", "--public", proxy.url, "--oidc", str(settings))
    server = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True)
    try:
        found = re.search(r"http://127.0.0.1:(\d+)", server.stderr.readline())
        assert found
        proxy.start(int(found[1]))
        wait_for(f"{issuer}/.well-known/openid-configuration")
        wait_for(f"http://127.0.0.1:{found[1]}/healthz")
        yield House(proxy.url, store, browser, issuer)
    finally:
        for process in (server, provider):
            process.terminate()
            process.wait(timeout=30)
        server.stderr.close()
        proxy.stop()


def wait_for(url):
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


class Visit:
    """A browser of its own; everything it is sent is kept."""

    def __init__(self, house, context):
        self.house, self.context = house, context
        self.page = context.new_page()
        self.sent: list[bytes] = []
        self.wrong: list[str] = []
        self.page.on("websocket", self._listen)
        self.page.on("console", lambda said: self.wrong.append(said.text) if "Content Security" in said.text else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def _listen(self, socket):
        socket.on(
            "framereceived", lambda frame: self.sent.append(frame if isinstance(frame, bytes) else frame.encode())
        )

    def go(self, path="/"):
        self.page.goto(f"{self.house.url}{path}")
        self.page.locator(".a-foot").wait_for()
        return self.page

    def sign_in(self, subject):
        self.go()
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_placeholder("sub").fill(subject)
        self.page.get_by_role("button", name="Authorize").click()
        self.page.wait_for_url(f"{self.house.url}/**")
        self.page.locator(".a-foot").wait_for()
        return self.page

    def enter(self, made):
        self.page.goto(f"{self.house.url}/invite/{made.code}")
        self.page.get_by_label("PIN").fill(made.pin)
        self.page.get_by_role("button", name="Enter").click()
        self.page.wait_for_url(f"{self.house.url}/review*")
        self.page.locator(".a-foot").wait_for()
        return self.page

    def rerun(self):
        other = "中文" if self.page.get_by_text("English", exact=True).count() else "English"
        self.page.locator(".st-key-a-language").get_by_text(other, exact=True).click()

    def words(self):
        return self.page.locator(".stApp").inner_text()


@pytest.fixture
def visit(house):
    contexts = []

    def new(cookies=None):
        context = house.browser.new_context(ignore_https_errors=True, locale="en-US")
        if cookies:
            context.add_cookies(cookies)
        contexts.append(context)
        return Visit(house, context)

    yield new
    for context in contexts:
        context.close()


def titles(page):
    return page.locator("[data-testid=stTopNavLink], [data-testid=stTopNavSection]").all_inner_texts()


def reached(visited, names):
    """What of these pages, of the run and of the store was sent to the browser."""
    received = b"\n".join(visited.sent)
    # Titles as the navigation's message holds them: a length, then the letters.
    known = {name: bytes([len(TEXTS[name]["en"])]) + TEXTS[name]["en"].encode() for name in names if name in TEXTS}
    known |= {word: word.encode() for word in (SECRET_RUN, str(visited.house.store.path))}
    known["base64"] = base64.b64encode(SECRET_RUN.encode())
    return [name for name, sign in known.items() if sign in received]


def test_a_stranger_is_asked_to_sign_in_and_gets_nothing_else(house, visit):
    visited = visit()
    for path in ("/", "/runs", "/run?run=1", "/review"):
        page = visited.go(path)
        assert page.get_by_role("heading", name="Sign in").is_visible()
    assert reached(visited, NOT_FOR_EXPERTS) == []
    assert visited.wrong == []


def test_someone_the_provider_knows_and_nobody_here_is_told_what_to_ask_for(house, visit):
    page = visit().sign_in("nobody")
    page.get_by_text("You are signed in, but not known here").wait_for()
    assert f"--oidc {house.stranger} nobody" in page.locator("code").inner_text()


def test_an_expert_lands_in_the_review_and_no_other_page_exists(house, visit):
    visited = visit()
    page = visited.sign_in("expert")
    page.wait_for_url(f"{house.url}/review*")
    for path in ("/runs", "/run?run=1", "/campaigns", "/"):
        visited.go(path)
        page.wait_for_url(f"{house.url}/review*")
        assert titles(page) == []
    assert reached(visited, NOT_FOR_EXPERTS) == []
    assert str(house.store.path) not in page.content()
    assert visited.wrong == []


def test_an_engineer_gets_the_training_pages_until_removed_in_an_open_session(house, visit):
    visited = visit()
    page = visited.sign_in("engineer")
    page = visited.go("/runs?lang=en")
    # What experts are never sent, so that its absence there proves something.
    known = {entry.name for entry in PAGES if ENGINEER in ACTIONS[entry.needs]}
    assert {*known, SECRET_RUN, str(house.store.path)} <= set(reached(visited, NOT_FOR_EXPERTS))
    assert {TEXTS[name]["en"] for name in ("home", "train")} <= set(titles(page))
    assert TEXTS["review"]["en"] not in titles(page)
    secure = {cookie["name"]: cookie["secure"] for cookie in visited.context.cookies(house.url)}
    assert "_streamlit_user" in secure
    assert set(secure.values()) == {True}
    remove_user(house.store, COMMAND, "Engineer")
    # Without a touch: the live part of the page asks again.
    page.get_by_text("You are signed in, but not known here").wait_for()
    assert SECRET_RUN not in page.content()


def test_an_admin_alone_has_no_page(house, visit):
    page = visit().sign_in("admin")
    page.get_by_text("Your role is admin").wait_for()


def test_an_invite_is_exchanged_through_tls_and_ended_in_the_open_page(house, visit):
    made = invite(house.store, COMMAND, Wanted("Wang", "triage"))
    visited = visit()
    addresses = []
    visited.page.on("request", lambda asked: addresses.append((asked.url, asked.headers.get("referer", ""))))
    page = visited.enter(made)
    cookie = next(found for found in visited.context.cookies(house.url) if found["name"] == "__Host-assay")
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    after = [found for found in addresses if "/invite/" not in found[0]]
    assert after
    assert [found for found in after if made.code in "".join(found)] == []
    assert titles(page) == []
    assert reached(visited, NOT_FOR_EXPERTS) == []

    # The same person elsewhere, with a link of its own; the first keeps working.
    second = visit()
    second.enter(invite(house.store, COMMAND, Wanted("Wang", "triage")))
    visited.go("/review")
    assert "This invitation has ended" not in visited.words()

    take_back_invites(house.store, COMMAND, "Wang")
    for open_one in (visited, second):
        open_one.rerun()
        open_one.page.get_by_text(re.compile("此邀请已结束|This invitation has ended")).wait_for()
    thief = visit([cookie])
    thief.go("/review").get_by_text("This invitation has ended").wait_for()
    assert reached(thief, NOT_FOR_EXPERTS) == []
    assert visited.wrong == []


def test_a_link_without_its_pin_a_changed_cookie_and_one_given_back_open_nothing(house, visit):
    made = invite(house.store, COMMAND, Wanted("Zhao", "triage"))
    thief = visit()
    thief.page.goto(f"{house.url}/invite/{made.code}")
    thief.page.get_by_label("PIN").fill("000000" if made.pin != "000000" else "000001")
    thief.page.get_by_role("button", name="Enter").click()
    thief.page.get_by_text("This is not the PIN. 4 tries are left.").wait_for()
    own = visit()
    own.enter(made)
    cookie = next(found for found in own.context.cookies(house.url) if found["name"] == "__Host-assay")
    changed = visit([{**cookie, "value": "x" + cookie["value"]}])
    assert changed.go("/review").get_by_role("heading", name="Sign in").is_visible()
    own.page.get_by_role("link", name="Sign out").click()
    own.page.get_by_role("button", name="Sign out").click()
    own.page.get_by_text("You are signed out").wait_for()
    assert visit([cookie]).go("/review").get_by_text("This invitation has ended").is_visible()


def test_whoever_is_not_known_reads_nothing_of_the_machine(house):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(f"{house.url}/healthz", timeout=10, context=context) as answer:
        assert answer.read() == b'{"status":"ok"}'
        assert answer.headers["Strict-Transport-Security"]


def test_each_role_is_given_the_pages_it_may_have(monkeypatch, store):
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    readers = {"home", "runs", "run", "campaigns", "release_check", "releases"}
    wanted = {
        "engineer": readers,
        "lead": readers,
        "auditor": {*readers, "audit"},
        "expert": {"review"},
        "admin": set(),
    }
    add_user(store, COMMAND, NewUser("Root", "admin"))
    known = {entry.name for entry in PAGES}
    for role in ROLES:
        someone = Actor("oidc", add_user(store, COMMAND, NewUser(role.title(), role, "https://i", role)))
        assert {entry.name for entry in navigation.pages_for(someone)} == wanted[role] & known
    assert navigation.pages_for(Actor("oidc", None)) == []
    assert navigation.pages_for(Actor("local", 1)) == list(PAGES)


def test_on_this_machine_an_invite_makes_its_browser_the_experts_until_it_is_given_back(tmp_path, browser, serve):
    with serve(tmp_path / "runs", tmp_path) as (url, _):
        store = Store.at(tmp_path / "runs" / "assay.duckdb")
        put_campaign(store)
        house = House(url, store, browser, "")
        visited = Visit(house, browser.new_context(locale="en-US"))
        page = visited.go()
        assert {TEXTS[name]["en"] for name in ("home", "train")} <= set(titles(page))
        visited.enter(invite(store, COMMAND, Wanted("Wang", "triage")))
        assert titles(page) == []
        assert [found["name"] for found in visited.context.cookies() if found["httpOnly"]] == ["assay-invited"]
        page.goto(f"{url}/leave")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_text("You are signed out").wait_for()
        visited.go()
        assert {TEXTS[name]["en"] for name in ("home", "train")} <= set(titles(page))
        visited.context.close()
