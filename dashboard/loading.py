"""The one loader of this process: it brings the spools of every script into the store while the server runs."""

from collections.abc import Generator
from contextlib import contextmanager

from store.database import Store
from store.loading import Loader

__all__ = ["loading", "loading_problem"]

_running: list[Loader] = []


@contextmanager
def loading(store: Store) -> Generator[None]:
    """Load spools as long as the context lasts; a server loads those of its own store."""
    if store.is_served:
        yield
        return
    with Loader(store) as loader:
        _running.append(loader)
        try:
            yield
        finally:
            _running.remove(loader)


def loading_problem() -> str | None:
    """Why new steps do not arrive, in one sentence; None where they do or nothing is being loaded."""
    return next((loader.error for loader in _running if loader.error), None)
