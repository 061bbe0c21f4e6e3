"""Times as people read them: of the place where they are, and in UTC, which everyone has."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

__all__ = ["begin_of", "both", "day_of", "local", "utc", "zone"]

FINE = "%Y-%m-%d %H:%M:%S"

COARSE = "%Y-%m-%d %H:%M"


def zone() -> str:
    """The viewer's time zone, as the browser says; UTC where it says none that is known here."""
    named = st.context.timezone
    try:
        return ZoneInfo(named).key if isinstance(named, str) and named else "UTC"
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"


def local(moment: datetime, zone: str, *, fine: bool = False) -> str:
    """A time of the store in a time zone.

    >>> local(datetime(2026, 11, 29, 22, 34, 24), "Asia/Shanghai"), local(datetime(2026, 11, 29, 22, 34, 24), "UTC")
    ('2026-11-30 06:34', '2026-11-29 22:34')
    """
    return f"{moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)):{FINE if fine else COARSE}}"


def utc(moment: datetime, *, fine: bool = False) -> str:
    """A time of the store as it is.

    >>> utc(datetime(2026, 11, 29, 22, 34, 24), fine=True)
    '2026-11-29 22:34:24'
    """
    return f"{moment:{FINE if fine else COARSE}}"


def both(moment: datetime, zone: str) -> str:
    """A time in a zone and in UTC, the date once where it is the same.

    >>> both(datetime(2026, 11, 29, 22, 34), "Asia/Shanghai"), both(datetime(2026, 11, 29, 10, 4), "Asia/Shanghai")
    ('2026-11-30 06:34 (2026-11-29 22:34 UTC)', '2026-11-29 18:04 (10:04 UTC)')
    >>> both(datetime(2026, 11, 29, 22, 34), "UTC")
    '2026-11-29 22:34 UTC'
    """
    here, there = local(moment, zone), utc(moment)
    if zone == "UTC":
        return f"{there} UTC"
    return f"{here} ({there[11:] if here[:10] == there[:10] else there} UTC)"


def day_of(moment: datetime, zone: str) -> date:
    """The day of a time of the store, in a time zone.

    >>> day_of(datetime(2026, 11, 29, 22, 34), "Asia/Shanghai")
    datetime.date(2026, 11, 30)
    """
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def begin_of(day: date, zone: str, *, after: int = 0) -> datetime:
    """When a day in a time zone begins, or the day so many after it, as a time of the store.

    >>> begin_of(date(2026, 11, 30), "Asia/Shanghai"), begin_of(date(2026, 11, 30), "Asia/Shanghai", after=1)
    (datetime.datetime(2026, 11, 29, 16, 0), datetime.datetime(2026, 11, 30, 16, 0))
    """
    begin = datetime.combine(day + timedelta(days=after), time(), ZoneInfo(zone))
    return begin.astimezone(UTC).replace(tzinfo=None)
