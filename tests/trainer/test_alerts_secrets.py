"""A webhook's address is a secret: a run that was given one writes it down nowhere."""

from store.database import Store
from trainer.config_file import to_toml

TOKEN = "T0AAAA/B0BBBB/qwertyuiopasdf"
SIGNED = "SECdemo-secret-of-the-robot"


def test_no_file_of_a_run_and_no_row_of_the_store_holds_the_address_of_a_webhook(assay, config_for, root, tmp_path):
    job = tmp_path / "job.toml"
    job.write_text(to_toml(config_for(train__steps=2, checkpoint__every=2)))
    url = f"http://127.0.0.1:9/{TOKEN}"
    done = assay(
        "train", job, "--set", f"alerts.url={url}", "--set", f"alerts.secret={SIGNED}", "--store", root, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    files = [path for path in root.rglob("*") if path.is_file()]
    assert {"config.toml", "log.txt", "manifest.json"} <= {path.name for path in files}
    assert [path for path in files if TOKEN.encode() in path.read_bytes() or SIGNED.encode() in path.read_bytes()] == []
    (row,) = Store.at(root / "assay.duckdb").rows("SELECT CAST(config AS VARCHAR) AS config FROM run")
    assert "http://127.0.0.1:9/…asdf" in row["config"]
