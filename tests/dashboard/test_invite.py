"""`/invite/CODE` and `/leave`, without a browser: what is exchanged for what, and what guessing meets."""

import hashlib

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard.cookies import login_in, signed
from dashboard.entrance import Entrance, open_by
from dashboard.invite_route import invite_routes
from dashboard.security import SecurityHeaders
from dashboard.texts import TEXTS
from dashboard.tries import Tries
from store.access import Actor, roles_of
from store.database import Store
from store.invites import Wanted, invite, take_back_invites
from tests.store.people import COMMAND, put_campaign

PUBLIC = "https://assay.example.org"
OVER = TEXTS["invite.over"]["en"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = Store.at(tmp_path_factory.mktemp("door") / "assay.duckdb")
    made.create()
    put_campaign(made)
    return made


@pytest.fixture(autouse=True)
def way():
    open_by(Entrance(PUBLIC))
    yield
    open_by(Entrance())


@pytest.fixture
def made(store):
    return invite(store, COMMAND, Wanted("Wang", "triage"))


def client(store, *, url=PUBLIC, tries=None, **headers):
    app = Starlette(
        routes=invite_routes(store, tries),
        middleware=[Middleware(SecurityHeaders, policy="default-src 'self'", secure=True)],
    )
    return TestClient(app, base_url=url, follow_redirects=False, headers={"Accept-Language": "en", **headers})


def enter(browser, made, pin=None):
    return browser.post(f"/invite/{made.code}", data={"pin": pin or made.pin})


def logins(store):
    return store.rows("SELECT count(*) AS n FROM login WHERE revoked IS NULL")[0]["n"]


def test_looking_at_a_link_does_not_use_it_up(store, made):
    browser = client(store)
    for method in ("GET", "HEAD"):
        answer = browser.request(
            method, f"/invite/{made.code}", headers={"User-Agent": "WhatsApp/2", "Purpose": "prefetch"}
        )
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert enter(browser, made).status_code == 303


def test_the_page_is_the_same_for_any_code_and_in_the_browsers_language(store, made):
    browser = client(store)
    page = browser.get(f"/invite/{made.code}").text
    assert page == browser.get("/invite/nothing").text
    assert made.code not in page
    assert "<script" not in page
    assert TEXTS["invite.lead"]["zh"] in browser.get("/invite/x", headers={"Accept-Language": "zh-CN"}).text
    assert '<html lang="zh-Hans">' in browser.get("/invite/x?lang=zh").text


def test_link_and_pin_give_a_cookie_that_scripts_and_plain_http_do_not_get(store, made):
    answer = enter(client(store), made)
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    cookie, *flags = answer.headers["set-cookie"].split("; ")
    name, value = cookie.split("=", 1)
    assert name == "__Host-assay"
    assert {"HttpOnly", "Path=/", "Secure", "SameSite=lax"} == {
        flag for flag in flags if not flag.startswith("expires=")
    }
    assert next(flag for flag in flags if flag.startswith("expires=")).endswith(f"{made.expires:%H:%M:%S} GMT")
    who = Actor("invite", made.user, login=login_in(store, value))
    assert store.snapshot(lambda snapshot: roles_of(snapshot, who, 1)) == {"expert"}


def test_over_plain_http_on_this_machine_the_cookie_has_a_name_that_browsers_take(store, made):
    open_by(Entrance())
    cookie = enter(client(store, url="http://localhost"), made).headers["set-cookie"]
    assert cookie.startswith("assay-invited=")


def later(store):
    """A minute after links were used."""
    store.transaction(lambda tx: tx.execute("UPDATE invite SET used = used - INTERVAL 61 SECOND"))


def test_a_button_pressed_twice_leaves_the_cookie_that_came_last_in(store, made):
    browser = client(store)
    first, second = enter(browser, made), enter(browser, made)
    assert (first.status_code, second.status_code) == (303, 303)
    held = []
    for answer in (first, second):
        value = answer.headers["set-cookie"].split("; ")[0].split("=", 1)[1]
        who = Actor("invite", made.user, login=login_in(store, value))
        held.append(store.snapshot(lambda snapshot, who=who: roles_of(snapshot, who, 1)))
    assert held == [set(), {"expert"}]


def test_a_used_link_is_refused_elsewhere_and_leads_its_own_browser_in(store, made):
    own, other = client(store), client(store)
    enter(own, made)
    later(store)
    replayed = enter(other, made)
    assert replayed.status_code == 403
    assert OVER in replayed.text
    assert "set-cookie" not in replayed.headers
    assert own.get(f"/invite/{made.code}").headers["location"] == "/review"
    assert other.get(f"/invite/{made.code}").status_code == 200


def test_used_ended_and_unknown_links_answer_alike(store, made):
    used, revoked = made, invite(store, COMMAND, Wanted("Zhao", "triage"))
    enter(client(store), used)
    later(store)
    take_back_invites(store, COMMAND, "Zhao")
    answers = [
        (answer.status_code, answer.text, sorted(set(answer.headers) - {"date"}))
        for answer in (
            enter(client(store), used),
            enter(client(store), revoked),
            client(store).post("/invite/nothing", data={"pin": "123456"}),
        )
    ]
    assert answers[0] == answers[1] == answers[2]


def test_whoever_has_the_link_alone_gets_five_tries(store, made):
    browser = client(store)
    wrong = "000000" if made.pin != "000000" else "000001"
    said = [enter(browser, made, wrong).text for _ in range(5)]
    assert "4 tries are left" in said[0]
    assert TEXTS["invite.wrong.one"]["en"] in said[3]
    assert OVER in said[4]
    assert OVER in enter(client(store), made).text


def test_guessing_is_slowed_by_address(store, made):
    now = [0.0]
    tries = Tries(each=2, window=60, clock=lambda: now[0])
    browser = client(store, tries=tries)
    guess = [browser.post(f"/invite/guess{number}", data={"pin": "1"}).status_code for number in range(4)]
    assert guess == [403, 403, 429, 429]
    assert enter(browser, made).status_code == 429
    now[0] = 61.0
    assert enter(browser, made).status_code == 303


def test_a_stranger_at_a_hundred_addresses_shuts_nobody_out(store, made):
    tries = Tries()
    for number in range(1000):
        tries.failed(f"203.0.113.{number % 100}")
    assert not tries.allowed("203.0.113.7")
    assert enter(client(store, tries=tries), made).status_code == 303


def test_wrong_pins_of_a_link_that_is_one_are_no_guesses_at_codes(store, made):
    browser = client(store, tries=Tries(each=1))
    wrong = "000000" if made.pin != "000000" else "000001"
    assert [enter(browser, made, wrong).status_code for _ in range(4)] == [403] * 4
    assert enter(browser, made).status_code == 303


def test_failures_are_counted_by_address_and_forgotten():
    now = [0.0]
    tries = Tries(each=2, window=60, clock=lambda: now[0])
    for address in ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "", ""):
        assert tries.allowed(address)
        tries.failed(address)
    shut = ("192.0.2.1", "::ffff:c000:201", "2001:db8:1:2::7", "")
    assert [address for address in shut if tries.allowed(address)] == []
    assert all(map(tries.allowed, ("192.0.2.2", "2001:db8:1:3::1", "testclient")))
    now[0] = 60.0
    assert all(map(tries.allowed, shut))


def test_a_form_of_another_site_and_one_too_long_open_nothing(store, made):
    browser = client(store)
    foreign = browser.post(f"/invite/{made.code}", data={"pin": made.pin}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert browser.post(f"/invite/{made.code}", data={"pin": made.pin, "more": "x" * 2000}).status_code == 403
    assert enter(browser, made).status_code == 303


def test_leaving_ends_the_login_and_takes_the_cookie_back(store, made):
    browser = client(store)
    enter(browser, made)
    before = logins(store)
    assert TEXTS["leave.lead"]["en"] in browser.get("/leave").text
    assert logins(store) == before
    answer = browser.post("/leave")
    assert "__Host-assay=" in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert logins(store) == before - 1


def test_a_store_that_cannot_be_read_names_no_file(tmp_path):
    nowhere = Store.at(tmp_path / "none" / "assay.duckdb")
    answer = client(nowhere).post("/invite/x", data={"pin": "123456"})
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text


def test_a_changed_cookie_and_one_of_another_store_are_nobodys(store, tmp_path):
    cookie = signed(store, "token")
    assert login_in(store, cookie) == hashlib.sha256(b"token").hexdigest()
    for changed in (cookie + "x", "other" + cookie, "token", "", "token.", "é.é"):
        assert login_in(store, changed) is None
    other = Store.at(tmp_path / "assay.duckdb")
    assert login_in(other, cookie) is None


def test_every_cookie_is_for_tls_alone_where_the_server_is(store):
    async def app(scope, receive, send):
        headers = [(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2; Secure")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    kept = [TestClient(SecurityHeaders(app, "p", secure=secure)).get("/").headers for secure in (True, False)]
    assert kept[0].get_list("set-cookie") == ["a=1; Path=/; Secure", "b=2; Secure"]
    assert "max-age" in kept[0]["strict-transport-security"]
    assert kept[1].get_list("set-cookie") == ["a=1; Path=/", "b=2; Secure"]
    assert "strict-transport-security" not in kept[1]
