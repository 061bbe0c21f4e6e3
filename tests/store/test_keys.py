"""Keys: what files are taken, whose a key is, and that the server's own is the one registered."""

import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from store.access import AccessError, Actor
from store.errors import StoreError
from store.key_files import plain_pem
from store.keys import (
    KeyFileError,
    key_id,
    key_owner,
    keys_of,
    list_keys,
    make_private,
    public_pem,
    read_private,
    read_public,
    read_public_keys,
    register_key,
    register_server_key,
    registered_keys,
    retire_key,
    server_key,
    server_key_path,
    write_public,
)
from store.users import remove_user
from tests.store.people import COMMAND, actions, add, first_broken_of

PASSPHRASE = "correct horse battery"


def registered(store):
    return store.transaction(lambda transaction: register_server_key(transaction, store))


def own(store, user):
    return store.snapshot(lambda snapshot: keys_of(snapshot, user))


@pytest.fixture
def public():
    return Ed25519PrivateKey.generate().public_key()


@pytest.fixture
def people(store):
    return {"Root": add(store), "Li": add(store, "Li", "lead"), "Zhao": add(store, "Zhao", "lead")}


def test_the_id_of_a_key_is_the_sha256_of_its_bytes():
    key = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    assert key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex().startswith("3b6a27bcceb6a42d62a3a8d02a6f0d73")
    assert key_id(key) == "139e3940e64b5491722088d9a0d741628fc826e09475d341a780acde3c4b8070"
    assert key_id(read_public(public_pem(key))) == key_id(key)


def test_a_private_key_is_written_encrypted_for_its_owner_alone_and_read_again(tmp_path):
    old = os.umask(0)
    try:
        made = make_private(tmp_path / "li.pem", PASSPHRASE)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "li.pem").stat().st_mode) == 0o600
    assert (tmp_path / "li.pem").read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert key_id(read_private(tmp_path / "li.pem", PASSPHRASE).public_key()) == key_id(made.public_key())


def test_a_key_is_never_written_over(tmp_path, public):
    make_private(tmp_path / "li.pem", PASSPHRASE)
    with pytest.raises(KeyFileError, match=r"li\.pem exists, and a key is never written over"):
        make_private(tmp_path / "li.pem", PASSPHRASE)
    write_public(tmp_path / "li.pub", public)
    with pytest.raises(KeyFileError, match=r"li\.pub exists"):
        write_public(tmp_path / "li.pub", public)


def test_a_short_passphrase_makes_no_key(tmp_path):
    with pytest.raises(KeyFileError, match="the passphrase has 11 characters; take one of at least 12"):
        make_private(tmp_path / "li.pem", "short enough"[:11])
    assert not (tmp_path / "li.pem").exists()


def test_private_keys_stay_out_of_stores(store, tmp_path):
    inside = store.root / "keys" / "li.pem"
    inside.parent.mkdir()
    for refuse in (make_private, read_private):
        with pytest.raises(KeyFileError, match="lies in a store's folder"):
            refuse(inside, PASSPHRASE)
    with pytest.raises(KeyFileError, match="lies in a store's folder"):
        make_private(tmp_path / "other" / "li.pem", PASSPHRASE, tmp_path / "other")
    (tmp_path / "link.pem").symlink_to(inside)
    with pytest.raises(KeyFileError, match="lies in a store's folder"):
        make_private(tmp_path / "link.pem", PASSPHRASE)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_private_key_open_to_others_is_refused(tmp_path, mode):
    make_private(tmp_path / "li.pem", PASSPHRASE)
    (tmp_path / "li.pem").chmod(mode)
    with pytest.raises(KeyFileError, match=rf"li\.pem is open to others \(mode {mode:04o}\).*chmod 600"):
        read_private(tmp_path / "li.pem", PASSPHRASE)


def test_a_private_key_opens_with_its_passphrase_alone(tmp_path):
    make_private(tmp_path / "li.pem", PASSPHRASE)
    with pytest.raises(KeyFileError, match="does not open: the passphrase is wrong"):
        read_private(tmp_path / "li.pem", PASSPHRASE[:-1])
    with pytest.raises(KeyFileError, match="does not open: the passphrase is wrong"):
        read_private(tmp_path / "li.pem", "")


def closed(path, content):
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_private_key_that_is_not_encrypted_is_refused(tmp_path):
    file = closed(tmp_path / "li.pem", plain_pem(Ed25519PrivateKey.generate()))
    with pytest.raises(KeyFileError, match="no encrypted private key"):
        read_private(file, PASSPHRASE)


def test_another_kind_of_private_key_is_refused(tmp_path):
    rsa = generate_private_key(65537, 2048)
    hidden = BestAvailableEncryption(PASSPHRASE.encode())
    file = closed(tmp_path / "li.pem", rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden))
    with pytest.raises(KeyFileError, match="no Ed25519 key"):
        read_private(file, PASSPHRASE)


def test_a_private_key_that_is_not_there_is_named(tmp_path):
    with pytest.raises(KeyFileError, match=r"cannot read the key .*li\.pem: No such file"):
        read_private(tmp_path / "li.pem", PASSPHRASE)
    with pytest.raises(KeyFileError, match=r"cannot write the key .*li\.pem: No such file"):
        make_private(tmp_path / "nowhere" / "li.pem", PASSPHRASE)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is damaged or no public key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "is damaged or no public key"),
        (b"\xff\xfe", "is damaged or no public key"),
    ],
)
def test_a_damaged_public_key_is_named(tmp_path, content, says):
    (tmp_path / "li.pub").write_bytes(content)
    with pytest.raises(KeyFileError, match=rf"li\.pub {says}"):
        read_public(tmp_path / "li.pub")


def test_a_private_key_is_no_public_one(tmp_path):
    make_private(tmp_path / "li.pem", PASSPHRASE)
    with pytest.raises(KeyFileError, match=r"li\.pem is a private key, which stays with its owner"):
        read_public(tmp_path / "li.pem")


def test_another_kind_of_public_key_is_refused(tmp_path):
    rsa = generate_private_key(65537, 2048).public_key()
    text = rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(KeyFileError, match="the public key is no Ed25519 key"):
        read_public(text)


def test_the_keys_of_a_folder_are_known_by_their_id(tmp_path, public):
    folder = tmp_path / "trusted"
    with pytest.raises(KeyFileError, match="is no folder"):
        read_public_keys(folder)
    folder.mkdir()
    (folder / "README").write_text("whose they are")
    with pytest.raises(KeyFileError, match="holds no public key"):
        read_public_keys(folder)
    write_public(folder / "li.pub", public)
    assert list(read_public_keys(folder)) == [key_id(public)]
    (folder / "zhao.pem").write_text("no key")
    with pytest.raises(KeyFileError, match=r"zhao\.pem is damaged"):
        read_public_keys(folder)


def test_the_servers_key_is_made_once_readable_by_the_owner_alone(store):
    old = os.umask(0)
    try:
        made = server_key(store)
    finally:
        os.umask(old)
    place = server_key_path(store)
    assert (stat.S_IMODE(place.stat().st_mode), stat.S_IMODE(place.parent.stat().st_mode)) == (0o600, 0o700)
    assert [file.name for file in place.parent.iterdir()] == ["signing_key.pem"]
    assert plain_pem(server_key(store)) == plain_pem(made)


def test_the_servers_key_is_registered_the_first_time_it_signs(store):
    key = registered(store)
    assert plain_pem(registered(store)) == plain_pem(key) == plain_pem(server_key(store))
    [row] = own(store, None)
    assert (row.key_id, row.public_key, row.retired) == (key_id(key.public_key()), public_pem(key.public_key()), None)
    assert (actions(store), first_broken_of(store)) == (["key-add"], None)


def test_the_servers_key_open_to_others_is_refused(store):
    registered(store)
    server_key_path(store).chmod(0o644)
    with pytest.raises(KeyFileError, match=r"the server's key .*signing_key\.pem is open to others \(mode 0644\)"):
        registered(store)


@pytest.mark.parametrize(
    "content", [b"", b"x" * 119, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_of_the_server_is_named(store, content):
    registered(store)
    server_key_path(store).write_bytes(content)
    with pytest.raises(KeyFileError, match=r"the server's key .*signing_key\.pem is damaged"):
        registered(store)


def test_another_kind_of_key_in_the_servers_place_is_refused(store):
    server_key(store)
    rsa = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    server_key_path(store).write_bytes(rsa)
    with pytest.raises(KeyFileError, match="is damaged"):
        server_key(store)


def test_a_key_of_the_server_that_cannot_be_made_is_told_in_one_sentence(store):
    (store.root / ".secrets").write_text("a file in the folder's place")
    with pytest.raises(KeyFileError, match=r"cannot read or make the server's key .*signing_key\.pem: "):
        server_key(store)


def test_another_key_than_the_registered_one_does_not_sign(store):
    first = key_id(registered(store).public_key())
    server_key_path(store).write_bytes(plain_pem(Ed25519PrivateKey.generate()))
    with pytest.raises(KeyFileError, match=rf"another than the one registered \({first[:12]}\); put that one back"):
        registered(store)
    assert len(own(store, None)) == 1


def test_a_key_of_the_server_that_is_gone_is_missed_and_not_made_anew(store):
    registered(store)
    server_key_path(store).unlink()
    with pytest.raises(KeyFileError, match="is gone; put a copy of it back, or retire it"):
        registered(store)
    assert not server_key_path(store).exists()


def test_the_servers_key_changes_by_retiring_it_and_removing_its_file(store):
    first = key_id(registered(store).public_key())
    assert retire_key(store, COMMAND, first[:12]) == first
    with pytest.raises(KeyFileError, match="was retired; remove the file, and a new one is made"):
        registered(store)
    server_key_path(store).unlink()
    second = key_id(registered(store).public_key())
    assert [(row.key_id, row.retired is None) for row in own(store, None)] == [(first, False), (second, True)]
    assert list(store.snapshot(registered_keys)) == [first, second]


def test_a_persons_key_is_registered_and_told(store, people, public):
    name = register_key(store, COMMAND, "Li", public)
    assert name == key_id(public)
    row = store.snapshot(lambda snapshot: key_owner(snapshot, name))
    assert (row.user_id, row.public_key, row.retired) == (people["Li"], public_pem(public), None)
    told = store.rows("SELECT actor, role, object, payload FROM audit WHERE action = 'key-add'")
    assert told == [
        {"actor": "command:ann", "role": "admin", "object": f"key:{name}", "payload": f'{{"user":{people["Li"]}}}'}
    ]
    assert store.snapshot(lambda snapshot: key_owner(snapshot, "0" * 64)) is None


def test_a_key_is_one_persons_once(store, people, public):
    name = register_key(store, COMMAND, "Li", public)
    with pytest.raises(StoreError, match=rf"{name[:12]} is registered for Li already"):
        register_key(store, COMMAND, "Li", public)
    with pytest.raises(StoreError, match=rf"{name[:12]} belongs to someone else here; Zhao needs one"):
        register_key(store, COMMAND, "Zhao", public)
    retire_key(store, COMMAND, name)
    with pytest.raises(StoreError, match=rf"{name[:12]} was retired, and does not come back"):
        register_key(store, COMMAND, "Li", public)
    with pytest.raises(StoreError, match="the server's own key, which signs for nobody"):
        register_key(store, COMMAND, "Li", registered(store).public_key())


def test_only_who_manages_people_registers_and_retires_keys(store, people, public):
    lead = Actor("oidc", people["Li"])
    with pytest.raises(AccessError, match="needs the role admin"):
        register_key(store, lead, "Li", public)
    name = register_key(store, COMMAND, "Li", public)
    with pytest.raises(AccessError, match="needs the role admin"):
        retire_key(store, lead, name)
    assert [row["name"] for row in list_keys(store, lead)] == ["Li"]
    with pytest.raises(AccessError):
        list_keys(store, Actor("oidc", 99))


def test_a_key_is_retired_once_and_found_by_the_beginning_of_its_id(store, people, public):
    name = register_key(store, COMMAND, "Li", public)
    for unknown in (name[:7], "0" * 64, ""):
        with pytest.raises(StoreError, match="there is no key"):
            retire_key(store, COMMAND, unknown)
    retire_key(store, COMMAND, name[:8].upper())
    with pytest.raises(StoreError, match="was retired already, on 20"):
        retire_key(store, COMMAND, name)
    assert actions(store)[-1] == "key-retire"
    assert own(store, people["Li"])[0].retired is not None


def test_an_ambiguous_beginning_names_no_key(store):
    rows = ", ".join(f"('abcdefgh{end}', NULL, 'pem', now(), 'rules', NULL)" for end in "12")
    store.transaction(lambda transaction: transaction.execute(f"INSERT INTO signing_key VALUES {rows}"))
    with pytest.raises(StoreError, match="several keys begin with abcdefgh"):
        retire_key(store, COMMAND, "abcdefgh")


def test_the_keys_of_someone_removed_count_no_longer(store, people, public):
    name = register_key(store, COMMAND, "Li", public)
    remove_user(store, COMMAND, "Li")
    assert store.snapshot(lambda snapshot: key_owner(snapshot, name)).retired is not None
