"""DuckDB's client-server protocol, loaded from the packages that bring it: nothing is fetched."""

from importlib.util import find_spec
from pathlib import Path

import duckdb

from store.errors import StoreError

__all__ = ["quack_instance"]

EXTENSIONS = ("httpfs", "quack")
"""In this order: without the first, the second looks for it on the network."""


def quack_instance() -> duckdb.DuckDBPyConnection:
    """A DuckDB instance in memory that speaks the protocol, and never touches a store's file.

    Raises StoreError where the packages are not installed.
    """
    # Names of Python variables are no tables here; and a second thread costs more than answers so small are worth.
    made = duckdb.connect(":memory:", config={"python_enable_replacements": "false", "threads": "1"})
    try:
        for name in EXTENSIONS:
            made.execute(f"LOAD '{_file(name)}'")
    except duckdb.Error as error:
        made.close()
        raise StoreError(
            f"DuckDB's protocol cannot be loaded ({str(error).splitlines()[0]}); pip install 'assay-llm[serve]'"
        ) from error
    except StoreError:
        made.close()
        raise
    return made


def _file(name: str) -> str:
    spec = find_spec(f"duckdb_extension_{name}")
    for folder in (spec and spec.submodule_search_locations) or ():
        file = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if file.exists():
            return str(file).replace("'", "''")
    raise StoreError(
        f"a store on a server needs duckdb-extension-{name} {duckdb.__version__}: pip install 'assay-llm[serve]'"
    )
