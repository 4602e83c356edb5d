"""Fills calls with groups of what belongs together, so that none is emptier than the fewest calls allow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Packing(Generic[T]):
    """Groups in the order in which they are wanted, taken out call by call.

    A call holds `max_items` items and weighs `max_weight`, or is a single group that weighs more; `weigh` says what a
    group weighs in a call that begins with the second one. A smaller group from further on may fill what is left of a
    call. A group is parted only where leaving its place empty would cost a call more than ceil(items / size).
    """

    def __init__(
        self,
        groups: Sequence[tuple[T, ...]],
        *,
        max_items: int,
        max_weight: int,
        weigh: Callable[[tuple[T, ...], tuple[T, ...]], int],
    ) -> None:
        self._size = max_items
        self._weight = max_weight
        self._weigh = weigh
        self._by_length: dict[int, deque[tuple[int, tuple[T, ...]]]] = {}
        for order, group in enumerate(groups):
            self._by_length.setdefault(len(group), deque()).append((order, group))
        # So many places may stay empty in all calls together.
        self._spare = -sum(map(len, groups)) % max_items

    def __iter__(self) -> Packing[T]:
        return self

    def __next__(self) -> tuple[T, ...]:
        """The next call."""
        heads = self._heads()
        if not heads:
            raise StopIteration
        first = self._take(*heads[0])
        items, left = list(first), self._weight - self._weigh(first, first)
        while free := self._size - len(items):
            group = self._next(free, left, first)
            if group is None:
                break
            items += group
            left -= self._weigh(group, first)
        return tuple(items)

    def _next(self, free: int, left: int, first: tuple[T, ...]) -> tuple[T, ...] | None:
        """The earliest group that fits, or a part of one where the places may not stay empty."""
        heads = self._heads()
        for order, group in heads:
            if len(group) <= free and self._weigh(group, first) <= left:
                return self._take(order, group)
        for order, group in heads:
            if len(group) > free and self._weigh(group[:free], first) <= left:
                if free <= self._spare:
                    self._spare -= free
                    return None
                self._take(order, group)
                self._by_length.setdefault(len(group) - free, deque()).appendleft((order, group[free:]))
                return group[:free]
        return None

    def _heads(self) -> list[tuple[int, tuple[T, ...]]]:
        """The earliest group of each length, earliest first."""
        return sorted((queue[0] for queue in self._by_length.values() if queue), key=lambda head: head[0])

    def _take(self, _order: int, group: tuple[T, ...]) -> tuple[T, ...]:
        self._by_length[len(group)].popleft()
        return group
