"""Which alarms nobody has answered: one rule for Home, where they wait, and for the gate, which they fail."""

__all__ = ["IS_OPEN"]

IS_OPEN = """(
    e.level = 'alarm' AND e.kind NOT IN ('traceback', 'status')
    AND NOT EXISTS (SELECT 1 FROM event n WHERE n.run_id = e.run_id AND n.kind = 'note' AND n.time >= e.time)
    AND NOT EXISTS (SELECT 1 FROM branch b WHERE b.run_id = e.run_id AND b.parent IS NOT NULL AND b.created >= e.time
        AND (b.reason <> 'resume' OR b.fork_step < e.step))
)"""
"""SQL: whether a row `e` of `event` is an alarm that is open.

It is until the run got a note, was rolled back, or was resumed from before it: a run that only goes on after a stop was
looked at by nobody. A failed run's traceback and status are no alarms; its status says so already.
"""
