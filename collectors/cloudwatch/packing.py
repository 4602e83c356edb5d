"""Packs groups of items into the fewest calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Packing(Generic[T]):
    """An iterator over calls, each filled with groups in their given order.

    A call has at most `max_items` items and a weight of at most `max_weight`; a single heavier group gets a call of its
    own. `weigh` returns the weight of a group in a call that begins with the second group. A smaller, later group may
    fill the rest of a call. A group is split only where an unfilled rest would cost more than ceil(items / max_items)
    calls.
    """

    def __init__(
        self,
        groups: Sequence[tuple[T, ...]],
        *,
        max_items: int,
        max_weight: int,
        weigh: Callable[[tuple[T, ...], tuple[T, ...]], int],
    ) -> None:
        self._max_items = max_items
        self._max_weight = max_weight
        self._weigh = weigh
        self._by_length: dict[int, deque[tuple[int, tuple[T, ...]]]] = {}
        for order, group in enumerate(groups):
            self._by_length.setdefault(len(group), deque()).append((order, group))
        # The number of unfilled places that all calls together can afford.
        self._slack = -sum(map(len, groups)) % max_items

    def __iter__(self) -> Packing[T]:
        return self

    def __next__(self) -> tuple[T, ...]:
        """The next call."""
        heads = self._heads()
        if not heads:
            raise StopIteration
        first = self._take(*heads[0])
        items, left = list(first), self._max_weight - self._weigh(first, first)
        while free := self._max_items - len(items):
            group = self._next(free, left, first)
            if group is None:
                break
            items += group
            left -= self._weigh(group, first)
        return tuple(items)

    def _next(self, free: int, left: int, first: tuple[T, ...]) -> tuple[T, ...] | None:
        """The earliest group that fits; a part of one when the places must not stay unfilled."""
        heads = self._heads()
        for order, group in heads:
            if len(group) <= free and self._weigh(group, first) <= left:
                return self._take(order, group)
        for order, group in heads:
            if len(group) > free and self._weigh(group[:free], first) <= left:
                if free <= self._slack:
                    self._slack -= free
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
