"""What tests of several processes share."""

import pytest

from store.database import Store
from tests.trainer.parallel.launched import train_together
from trainer.config_file import to_toml


@pytest.fixture
def written(config_for, tmp_path):
    """Writes the configuration of a short run, without what differs from process to process on purpose: dropout."""

    def write(**settings):
        path = tmp_path / "config.toml"
        path.write_text(to_toml(config_for(**{"lora__dropout": 0.0, **settings})))
        return path

    return write


@pytest.fixture
def trained(written, tmp_path):
    """Trains in several processes, in a store of its own; the store."""

    def train(store="several", *, size=2, harm="", **settings):
        place = tmp_path / store
        train_together(tmp_path, written(**settings), "--store", place, size=size, harm=harm)
        return Store.at(place / "assay.duckdb")

    return train
