"""Experts are blind: nothing they are sent names what they judge, or changes with it."""

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

import base64
import json
from contextlib import ExitStack
from typing import Any, NamedTuple

from tests.dashboard.blind.canaries import Canaries, Seen, canary, forms, search
from tests.dashboard.blind.house import House, free_port, provider, serving
from tests.dashboard.blind.twins import secrets_of_twins, twin
from tests.dashboard.blind.visit import LEAKS, Visit, enter_by_invite, enter_by_login, whole_visit
from tests.dashboard.blind.wire import said, strings

# With the slow ones, which `.ci/run` runs as well: three whole visits in a browser take a minute or two.
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


class Visits(NamedTuple):
    """Three whole visits, each recorded, and their servers."""

    houses: tuple[House, House]
    """Of the twins."""

    invited: tuple[Visit, Visit]
    """The invited expert's, in both."""

    login: Visit
    """One by a login, in the first."""

    browser: Any
    """For more."""


@pytest.fixture(scope="module")
def visits(tmp_path_factory, browser):
    canaries, keys, port = Canaries(), secrets_of_twins(), free_port()
    with ExitStack() as open_ones:
        issuer = open_ones.enter_context(provider(port))
        houses = []
        for swapped, key in zip((False, True), keys, strict=True):
            folder = tmp_path_factory.mktemp("twin")
            made = twin(folder, canaries, key, issuer, swapped=swapped)
            houses.append(open_ones.enter_context(serving(made, issuer, folder)))
        invited = tuple(Visit(house, browser) for house in houses)
        for visit in invited:
            enter_by_invite(visit)
            whole_visit(visit, 1, LEAKS)
        login = Visit(houses[0], browser)
        enter_by_login(login)
        whole_visit(login, 2)
        yield Visits(tuple(houses), invited, login, browser)
        for visit in (*invited, login):
            visit.context.close()


def everything(visit):
    """What was recorded, and the texts inside of Streamlit's messages."""
    inside = [
        Seen("text in a message", text.encode())
        for socket in visit.recorder.sockets
        for data in socket.received
        for text in strings(data)
    ]
    return [*visit.recorder.seen, *inside]


def clean(visit):
    """What the server said while it was told nothing odd."""
    sockets = [socket for socket in visit.recorder.sockets if socket.order == ""]
    return said(sockets, visit.house.tokens)


def test_a_whole_visit_names_nothing_of_what_is_judged(visits):
    for visit in (*visits.invited, visits.login):
        canaries = visit.house.twin.canaries
        assert len(canaries) > 15
        assert search(canaries, everything(visit)) == []
        assert visit.recorder.wrong == []
    kinds = {seen.where.split(" of ")[0].split(" to ")[0] for seen in everything(visits.login)}
    wanted = {"frame received", "frame sent", "body", "headers", "address", "page", "cookies", "text in a message"}
    assert wanted <= kinds


def test_with_everything_the_other_way_round_the_server_says_the_same(visits):
    first, second = (clean(visit) for visit in visits.invited)
    assert len(first) > 20
    assert first == second


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_that_is_put_in_makes_the_two_differ(visits, leak):
    told = [
        said([socket for socket in visit.recorder.sockets if socket.order == leak], visit.house.tokens)
        for visit in visits.invited
    ]
    assert all(told)
    assert told[0] != told[1]


def test_errors_that_nobody_foresaw_happened_and_told_nothing(visits):
    for visit in (*visits.invited, visits.login):
        # Streamlit's own script can draw a traceback.
        shown = b"".join(seen.data for seen in everything(visit) if " /static/" not in seen.where)
        assert b"Traceback" not in shown
        assert b"RuntimeError" not in shown
        assert b"cannot open" not in shown
        log = (visit.house.orders.parent / "server.log").read_text()
        assert f"RuntimeError: cannot open {visit.house.store.path}" in log


def test_the_search_finds_what_a_lead_is_shown(visits):
    visit = Visit(visits.houses[0], visits.browser)
    enter_by_login(visit, "lead")
    visit.go("/campaigns?lang=en")
    visit.page.get_by_text(visit.house.twin.canaries["name of campaign 1"]).first.wait_for()
    visit.ready(".a-foot")
    found = {each.what for each in search(visit.house.twin.canaries, everything(visit))}
    visit.go("/review")
    assert visit.page.locator(".rv").count() == 0
    visit.context.close()
    assert {"name of campaign 1", "name of the run", "folder of the store"} <= found


def test_the_search_finds_every_form_inside_of_something_longer():
    word = canary()
    for form, written in forms(word).items():
        if not form.startswith("base64"):
            assert {found.form for found in search({"it": word}, [Seen("here", b"xy" + written + b"z")])} >= {form}
    for before in (b"", b"a", b"ab", b"abc"):
        for text in (word, word.swapcase()):
            data = base64.b64encode(before + text.encode() + b"more")
            assert search({"it": word}, [Seen("here", data)])
    assert search({"it": word}, [Seen("here", json.dumps({"a": canary()}).encode())]) == []
