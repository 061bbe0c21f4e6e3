"""A server of a blind review that can be killed, and campaigns in its store."""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from evals.review.sides import asks_guess
from store.database import Store
from store.users import local_user
from tests.dashboard.conftest import dash_command, wait_for
from tests.evals.review.campaigns import NO_CRITERIA, make_campaign

__all__ = ["Server", "make"]


def make(server, pairs=6, practice=0, policy=NO_CRITERIA, texts=("First. It is this.", "Second. It is that.")):
    """A campaign in the server's store, which begins anew."""
    store = Store.at(server.root / "assay.duckdb")
    with store.exclusive():
        shutil.copy(server.blank, store.path)
        Path(f"{store.path}.wal").unlink(missing_ok=True)
    make_campaign(store, pairs=pairs, practice=practice, policy=policy)
    values = {"first": texts[0], "second": texts[1]}
    store.transaction(lambda tx: tx.execute("UPDATE pair SET first = $first, second = $second", values))
    grader = local_user(store)
    (server.root / ".secrets").mkdir(exist_ok=True)
    (server.root / ".secrets" / "sides").write_bytes(quiet_secret(grader, pairs))
    return store


def quiet_secret(grader, pairs):
    """One by which no pair in the middle of a sitting asks for a guess."""
    tried = (bytes([number]) * 32 for number in range(256))
    return next(key for key in tried if not any(asks_guess(key, 1, grader, number) for number in range(pairs)))


class Server:
    """A server that can be killed and started again on its port."""

    def __init__(self, root, blank):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.root, self.blank, self.url = root, blank, f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        command = dash_command(self.root, "--port", str(self.port))
        self.process = subprocess.Popen(command, cwd=self.root, stderr=subprocess.DEVNULL, start_new_session=True)
        wait_for(self.url)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)
