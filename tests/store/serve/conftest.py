import pytest

from tests.store.serve.serving import Served


@pytest.fixture
def served(store):
    server = Served(store.root).start()
    yield server
    server.stop()
