"""The provider of logins: its own file, which only its owner can read, handed to Streamlit in memory."""

import stat
import tomllib
from pathlib import Path
from typing import Any

from assay.errors import AssayError
from store.database import Store
from store.secret_files import secret

__all__ = ["auth_section", "read_oidc"]

KEYS = ("server_metadata_url", "client_id", "client_secret")


def read_oidc(path: Path) -> dict[str, str]:
    """Address of the provider's metadata, client id and client secret.

    Raises AssayError where the file is not there, others can read it, or something is missing or unknown.
    """
    try:
        mode, words = path.stat().st_mode, path.read_text(encoding="utf-8")
    except OSError as error:
        raise AssayError(f"cannot read {path}: {error.strerror}; --oidc wants a TOML file with {_keys()}") from error
    except UnicodeDecodeError as error:
        raise AssayError(f"{path} is no text; --oidc wants a TOML file with {_keys()}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise AssayError(f"others can read {path}, which holds a secret; run: chmod 600 {path}")
    try:
        found = tomllib.loads(words)
    except tomllib.TOMLDecodeError as error:
        raise AssayError(f"{path} is no TOML: {error}") from error
    return _checked(path, found)


def auth_section(store: Store, provider: dict[str, str], public: str) -> dict[str, Any]:
    """What Streamlit wants to know of logins, for a server at this public address. Raises StoreError."""
    return {
        **provider, "redirect_uri": f"{public}/oauth2callback", "cookie_secret": secret(store, "session").hex(),
    }  # fmt: skip


def _checked(path: Path, found: dict[str, Any]) -> dict[str, str]:
    wrong = [key for key in KEYS if not isinstance(found.get(key), str) or not found[key]]
    if wrong:
        raise AssayError(f"{path} lacks {', '.join(wrong)}; it must give {_keys()}, each as text")
    unknown = sorted(set(found) - set(KEYS))
    if unknown:
        raise AssayError(f"{path} gives {', '.join(unknown)}, which means nothing here; it gives {_keys()}")
    return {key: found[key] for key in KEYS}


def _keys() -> str:
    return ", ".join(KEYS)
