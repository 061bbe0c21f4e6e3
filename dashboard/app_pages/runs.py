"""Runs: all of them, to search, filter, sort, open, edit and lay over each other."""

from dashboard import widgets
from dashboard.views import edit, filters, overlay, overview, table, ticked


def draw() -> None:
    """The whole page; it is live."""
    rows = widgets.rows_of_runs(archived=True)
    if not rows:
        overview.first_steps()
        return
    table.show(filters.filtered(rows), filters.why_none(rows))
    known = {row["name"]: row for row in rows}
    chosen = [known[name] for name in ticked.ticked() if name in known]
    edit.panel(chosen, rows)
    overlay.show(chosen, [name for name in ticked.ticked() if name not in known])


widgets.live(draw, every=2.0)
