"""The groups of a graph whose members reach each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def strongly_connected(edges: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """The groups of nodes that reach each other, each after the groups that it reaches: Tarjan's algorithm.

    A node that is no key of `edges` reaches nothing.
    """
    order, lowest = dict[str, int](), dict[str, int]()
    open_nodes, is_open = list[str](), set[str]()
    for root in edges:
        work = [] if root in order else [(root, iter(edges[root]))]
        while work:
            node, rest = work[-1]
            if node not in order:
                order[node] = lowest[node] = len(order)
                open_nodes.append(node)
                is_open.add(node)
            target = next(rest, None)
            if target is None:
                work.pop()
                if work:
                    above = work[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == order[node]:
                    yield list(_closed(open_nodes, is_open, node))
            elif target not in order:
                work.append((target, iter(edges.get(target, ()))))
            elif target in is_open:
                lowest[node] = min(lowest[node], order[target])


def _closed(open_nodes: list[str], is_open: set[str], node: str) -> Iterator[str]:
    member = ""
    while member != node:
        member = open_nodes.pop()
        is_open.discard(member)
        yield member
