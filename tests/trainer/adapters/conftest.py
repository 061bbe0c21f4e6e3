"""What the adapters' tests share."""

import pytest

from tests.trainer.adapters.hosts import host


@pytest.fixture
def make(model_folder, tmp_path):
    """Makes a host: its class, callbacks, and arguments of transformers."""

    def made(kind, *callbacks, output="out", **settings):
        return host(kind, model_folder, tmp_path / output, *callbacks, **settings)

    return made
