"""Run · Data in a real browser: the button has the data checked, and what was found is there after a reload too."""

import hashlib

import assay
from store.database import Store
from store.loading import load_spools
from tests.evals.written import written


def test_a_check_is_made_from_the_page_and_kept(watched):
    page, url, root = watched
    file = written(root, {"prompt": "怎样挂号？", "completion": "打13800138000。<b>x</b>"})
    with assay.run("triage", store=root) as run:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        run.record("dataset", path=str(file), sha256=digest, rows=1, role="train", first_row=0)
    load_spools(Store.at(root / "assay.duckdb"))
    page.goto(f"{url}/run?run=triage&view=data&lang=en")
    page.get_by_role("button", name="Check this data").click()
    page.get_by_text("phone numbers").wait_for(timeout=60_000)
    page.reload()
    finding = page.locator("tr", has_text="phone numbers")
    finding.locator("summary").click(timeout=60_000)
    assert finding.locator("bdi").inner_text() == "138******00"
    page.get_by_role("button", name="Check again").wait_for()
