"""How a server is entered: what `assay dash --public` asks for, and what it sets."""

import subprocess

import pytest
from click.testing import CliRunner

from assay.errors import AssayError
from dashboard.command import dash
from dashboard.entrance import Entrance
from dashboard.oidc import auth_section, read_oidc
from dashboard.pages import PAGES
from dashboard.settings import options
from store.access import ACTIONS, ROLES
from store.database import Store
from store.users import NewUser, add_user
from tests.store.people import COMMAND, ISSUER

PUBLIC = "https://assay.example.org"

PROVIDER = f"""\
server_metadata_url = "{ISSUER}/.well-known/openid-configuration"
client_id = "assay"
client_secret = "s3cret"
"""


def refused(*words):
    result = CliRunner().invoke(dash, ["--port", "0", "--no-browser", *map(str, words)])
    assert isinstance(result.exception, AssayError), result.output
    assert result.stdout == ""
    return str(result.exception)


def written(tmp_path, words=PROVIDER, mode=0o600):
    file = tmp_path / "oidc.toml"
    file.write_text(words)
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://assay.example.org", "would send logins in the clear"),
        ("assay.example.org", "is no address"),
        ("ftp://assay.example.org", "is no address"),
        ("https://ann@assay.example.org", "is no address"),
        ("https://example.org/assay", "names a path"),
    ],
)
def test_a_public_address_is_https_and_a_host_of_its_own(tmp_path, url, sentence):
    assert sentence in refused("--public", url, "--store", tmp_path)


def test_a_server_that_nobody_could_sign_in_to_does_not_start(tmp_path):
    file = written(tmp_path)
    assert "nobody could sign in: set up logins" in refused("--public", PUBLIC, "--store", tmp_path / "runs")
    assert "nobody could sign in: add a person" in refused(
        "--public", PUBLIC, "--oidc", file, "--store", tmp_path / "runs"
    )
    store = Store.at(tmp_path / "runs" / "assay.duckdb")
    store.create()
    add_user(store, COMMAND, NewUser("Root", "admin", ISSUER, "1"))
    # Known people, and no provider that could vouch for them.
    assert "set up logins" in refused("--public", PUBLIC, "--store", tmp_path / "runs")


def test_a_provider_without_a_public_address_is_refused(tmp_path):
    assert "give its address with --public" in refused("--oidc", written(tmp_path), "--store", tmp_path)


@pytest.mark.parametrize(
    ("words", "mode", "sentence"),
    [
        (PROVIDER, 0o640, "others can read"),
        ("client_id = 1", 0o600, "lacks server_metadata_url, client_id, client_secret"),
        (PROVIDER + 'cookie_secret = "x"', 0o600, "gives cookie_secret, which means nothing here"),
        ("= nothing", 0o600, "is no TOML"),
    ],
)
def test_a_providers_file_is_checked(tmp_path, words, mode, sentence):
    file = written(tmp_path, words, mode)
    with pytest.raises(AssayError, match=sentence):
        read_oidc(file)
    with pytest.raises(AssayError, match="cannot read"):
        read_oidc(tmp_path / "none.toml")


def test_the_secret_of_logins_is_the_stores_and_stays(tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    section = auth_section(store, read_oidc(written(tmp_path)), PUBLIC)
    assert section == auth_section(store, read_oidc(written(tmp_path)), PUBLIC)
    assert section["redirect_uri"] == f"{PUBLIC}/oauth2callback"
    assert len(section["cookie_secret"]) == 64
    assert section["client_id"] == "assay"


def test_the_public_name_is_the_only_one_that_may_open_a_connection():
    found = options("127.0.0.1", 8501, Entrance(PUBLIC))
    assert found["server.allowedHosts"] == ["assay.example.org"]
    assert found["server.corsAllowedOrigins"] == [PUBLIC]
    assert found["server.enableXsrfProtection"] is True
    assert found["client.showErrorDetails"] == "none"
    assert options("127.0.0.1", 8501)["server.allowedHosts"] == ["localhost", "127.0.0.1", "::1", "127.0.0.1"]


def test_every_page_takes_an_action_that_someone_may_do():
    assert [entry.name for entry in PAGES if not ACTIONS.get(entry.needs, frozenset())] == []
    given = {role: {entry.name for entry in PAGES if role in ACTIONS[entry.needs]} for role in ROLES}
    assert given["expert"] <= {"review"}
    assert given["admin"] == set()
    assert {"home", "runs", "run"} <= given["engineer"] & given["lead"] & given["auditor"]


def test_a_public_server_is_refused_by_the_real_command_with_one_sentence(tmp_path, dash):
    done = subprocess.run(
        dash(tmp_path / "runs", "--port", "0", "--public", PUBLIC), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("assay: nobody could sign in")
    assert not (tmp_path / "runs").exists()
