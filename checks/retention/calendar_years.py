"""Retention by the calendar: seven years from a day end on the same day of the year, whatever leap days lie between."""

from __future__ import annotations

from datetime import datetime, timedelta

# What `1y` is in a promise, a mean Gregorian year; so a promise in whole years differs from one in days.
_MEAN_YEAR = timedelta(days=365.25)
_DAYS_OF_YEAR = 365
_YEARS_BETWEEN_LEAP_DAYS = 4


def whole_years(promise: timedelta) -> int | None:
    """The number of years of a promise such as `7y`; None of one in other units, such as `2557d`."""
    years, rest = divmod(promise, _MEAN_YEAR)
    return years if years and not rest else None


def retention_end(written: datetime, promise: timedelta) -> datetime:
    """The first moment at which a record of `written` may be deleted.

    Years end on the same day of the year, and for the 29th of February on the 28th where the year has no other.
    """
    years = whole_years(promise)
    if years is None:
        return written + promise
    try:
        return written.replace(year=written.year + years)
    except ValueError:
        return written.replace(year=written.year + years, day=28)


def longest(promise: timedelta) -> timedelta:
    """The most days that the promise can have, from any day: 7y has up to two leap days, so up to 2557 days."""
    years = whole_years(promise)
    return promise if years is None else timedelta(days=years * _DAYS_OF_YEAR - -years // _YEARS_BETWEEN_LEAP_DAYS)


def shortest(years: int) -> timedelta:
    """The fewest days that this many calendar years can have: one leap day in each full four of them."""
    return timedelta(days=years * _DAYS_OF_YEAR + years // _YEARS_BETWEEN_LEAP_DAYS)
