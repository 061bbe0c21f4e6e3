"""The pages, as data: what the navigation, the server and the tests go through."""

from typing import NamedTuple

__all__ = ["PAGES", "PageEntry", "page_path"]


class PageEntry(NamedTuple):
    """One page."""

    section: str
    """Key of the section's name in the table of texts; empty for a page that stands alone."""

    name: str
    """File in `app_pages/` and key of the title in the table of texts."""

    url: str
    """Path in the address; empty for the first page."""

    needs: str
    """What someone must be allowed to do (store.access.ACTIONS) to be given it."""


PAGES = (
    PageEntry("", "home", "", "run:read"),
    PageEntry("train", "runs", "runs", "run:read"),
    PageEntry("train", "run", "run", "run:read"),
    PageEntry("judge", "review", "review", "verdict:write"),
    PageEntry("judge", "campaigns", "campaigns", "campaign:status"),
    PageEntry("release", "release_check", "release-check", "release:read"),
    PageEntry("release", "releases", "releases", "release:read"),
    PageEntry("release", "audit", "audit", "audit:read"),
)


def page_path(name: str) -> str:
    """A page's file, as links and the navigation name it."""
    return f"app_pages/{name}.py"
