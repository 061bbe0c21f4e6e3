"""A run whose loss spiked, recorded as the trainer and its guard record one."""

import math

from assay.recording import Run

GROUPS = ("embed", "first", "middle", "last", "head")

CONFIG = {"guard": {"mode": "act"}, "checkpoint": {"every": 20, "stable_after": 20}}

TEXT = "<script>alert(1)</script> refund\nrefund"

SAMPLES = [
    {"step": 153, "row": 7, "source": "complaints", "loss": "inf", "text": TEXT},
    {"step": 152, "row": 3, "source": None, "loss": 9.25, "text": "an ordinary letter"},
]


def steps(run: Run, first: int, last: int, *, factor: float = 1.0, verdicts: dict[int, str] | None = None) -> None:
    """Steps with their batches, all signals `factor` times what they usually are."""
    for step in range(first, last + 1):
        usual = 1.0 + 2.0 * math.exp(-step / 40) + 0.02 * (step % 3)
        groups = {
            f"group/{group}/{signal}": (1.0 + 0.01 * (step % 5)) * factor ** (2 if group == "embed" else 1)
            for group in GROUPS
            for signal in ("grad_norm", "update_rms", "rms_t")
        }
        batch = {"update": step, "rows": [step], "losses": [usual], "verdict": (verdicts or {}).get(step, "commit")}
        run.log_batch(step, {"loss": usual * factor, "grad_norm": 0.5 * factor, **groups}, batch)


def alarm(
    run: Run, step: int, rule: str, action: str, *, series: str = "loss", onset: int | None = None, **more
) -> None:
    """What the guard tells of a step."""
    facts = {"rule": rule, "series": series, "action": action, "value": 4.5, "limit": 1.9, "onset": onset, "acts": True}
    samples = {} if action == "amber" else {"samples": SAMPLES}
    level = "warning" if action == "amber" else "alarm"
    run.event("spike", f"step {step}: told", level=level, step=step, **{**facts, **samples, **more})


def go_back(
    run: Run, rung: str, left: int, target: int, *, alarm_at: int, onset: int, remedies: dict, tries: int
) -> None:
    """A rollback of the guard: its branch, then its event."""
    facts = {
        "actor": "guard", "rung": rung, "rule": "T2", "onset": onset, "alarm": alarm_at, "abandoned_to": left,
        "target": target, "remedies": remedies,
        "guard": {"episode": {"over_after": left + 20, "tries": tries}, "rollbacks": tries},
    }  # fmt: skip
    run.fork(after=target, reason="replay" if rung == "control" else "rollback", data=facts)
    run.event("guard", f"went back from {left}", level="warning", step=left, samples=SAMPLES, seconds=0.25, **facts)


def left_out(run: Run, first: int, last: int) -> None:
    """Steps that are passed over."""
    for step in range(first, last + 1):
        run.log_batch(step, {}, {"update": first - 1, "rows": [step], "losses": [], "verdict": "left-out"})


def healed(run: Run) -> None:
    """A precursor, a jump that was skipped, and a spike that stayed: replayed, gone around, over."""
    begin(run)
    until_the_spike(run)
    go_back(run, "control", 160, 140, alarm_at=152, onset=151, remedies={}, tries=0)
    steps(run, 141, 150)
    steps(run, 151, 157, factor=4.0)
    alarm(run, 157, "T2", "rollback", onset=151)
    out = {"left_out": [[141, 167]]}
    go_back(run, "leave-out", 157, 140, alarm_at=157, onset=151, remedies=out, tries=1)
    left_out(run, 141, 167)
    steps(run, 168, 181)
    known = {"onset": 151, "alarm": 157, "rung": "leave-out", "tries": 1, "exact": True}
    run.event("spike-over", "over", step=181, cause="batch-linked", **known)
    steps(run, 182, 220)


def begin(run: Run) -> None:
    """140 steps with checkpoints, one amber alarm and one skipped step."""
    run.facts(config=CONFIG, total_steps=300, provenance={"command": ["assay", "train"]})
    steps(run, 1, 140, verdicts={90: "skip"})
    for step, state in ((100, "stable"), (120, "stable"), (140, "sealed")):
        path = f"{run.name}/checkpoints/{step}"
        run.record("checkpoint", s=step, b=1, state=state, path=path, sha256=None, bytes=10_000, data={"val_loss": 1.5})
    alarm(run, 60, "P", "amber", series="group/embed/update_rms")
    alarm(run, 90, "T1", "skip", onset=90)


def until_the_spike(run: Run) -> None:
    """On to a loss that stays high."""
    steps(run, 141, 150)
    steps(run, 151, 160, factor=4.0, verdicts={152: "skip", 160: "rollback"})
    alarm(run, 152, "T1", "skip", onset=151)
    alarm(run, 160, "T2", "rollback", onset=151)


def given_up(run: Run) -> None:
    """The same, but nothing may be tried: the guard asks, the run waits."""
    begin(run)
    until_the_spike(run)
    run.event("guard", "asks", level="alarm", step=160, did="ask", onset=151)
    run.status("paused")


def trying(run: Run) -> None:
    """On the way through the control."""
    begin(run)
    until_the_spike(run)
    go_back(run, "control", 160, 140, alarm_at=152, onset=151, remedies={}, tries=0)
    steps(run, 141, 146)
