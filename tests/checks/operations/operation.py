"""Facts about one operation of AWS, from its API reference, by which the sabotage of every check is generated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from basewatch.model import Status


class Listing(Enum):
    """What a listing that names no component says about a declared one that is not in it."""

    UNFILTERED = "nothing: it never reports that a component does not exist"
    WHOLE = "that it does not exist: a declared component must be among what it lists"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, such as `rds:DescribeDBClusters`.

    `not_found` is the error code by which it reports that the declared component does not exist: a fact.
    `deleted_since_listed` is the one for an object that was listed and has been deleted since: no fact about the
    component. `until_found`: one item of the listing decides, so the pages after it are not read.
    `omits_what_there_is_none_of`: a sound answer leaves out what there is none of, so an empty answer is sound.
    `absent_is_sound` are checks that pass when it reports so, as of a policy that nobody wrote.
    `empty` has responses without content that AWS can return, and the status that each gives, by check id, or by `*`
    for every other check.
    """

    name: str
    not_found: str = ""
    deleted_since_listed: str = ""
    listing: Listing | None = None
    until_found: bool = False
    omits_what_there_is_none_of: bool = False
    absent_is_sound: tuple[str, ...] = ()
    empty: Mapping[str, tuple[Mapping[str, Any], Status]] = field(default_factory=dict)
