"""A Grafana dashboard as rows of panels, and as the JSON that Grafana imports (schema version 41)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

SCHEMA_VERSION = 41
COLUMNS = 24
HEIGHT = 8

Kind = Literal["timeseries", "stat", "table"]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelQuery:
    """One PromQL expression. `legend` is a template of labels, such as `{{api}}`. A `limit` is a dashed line."""

    expr: str
    legend: str = ""
    limit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. `unit` is a Grafana unit, such as `s`, `percentunit` or `reqps`.

    `stacked` stacks the series. `red_above` and `red_below` colour the values of a stat or a table.
    """

    title: str
    queries: tuple[PanelQuery, ...]
    unit: str = "short"
    kind: Kind = "timeseries"
    description: str = ""
    width: int = 8
    stacked: bool = False
    red_above: float | None = None
    red_below: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of panels with a title."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A dashboard variable with the values of `label_values(query)`; all are selected by default."""

    name: str
    label: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard. Its `uid` never changes, because links and alerts refer to it."""

    uid: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    tags: tuple[str, ...] = ("basewatch",)

    @property
    def expressions(self) -> tuple[str, ...]:
        """Every expression of its panels."""
        return tuple(query.expr for row in self.rows for panel in row.panels for query in panel.queries)

    def as_json(self) -> dict[str, Any]:
        """The dashboard as Grafana imports it, or loads it by file provisioning."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": list(self.tags),
            "schemaVersion": SCHEMA_VERSION,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "1m",
            "time": {"from": "now-6h", "to": "now"},
            "timezone": "utc",
            "annotations": {"list": [_version_changes(), _finding_changes()]},
            "links": [_links()],
            "templating": {"list": [_datasource_variable(), *map(_variable, self.variables)]},
            "panels": list(_with_positions(self.rows)),
        }


def _with_positions(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """The panels in rows from left to right, on Grafana's grid of 24 columns."""
    ids, y = count(1), 0
    for row in rows:
        yield {
            "id": next(ids),
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
            "panels": [],
        }
        y, x = y + 1, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + HEIGHT
            yield _panel(panel, next(ids), {"x": x, "y": y, "w": panel.width, "h": HEIGHT})
            x += panel.width
        y += HEIGHT


def _panel(panel: Panel, number: int, position: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": position,
        "targets": [_target(panel, query, index) for index, query in enumerate(panel.queries)],
        "fieldConfig": {
            "defaults": _defaults(panel),
            "overrides": [_limit_overrides(q) for q in panel.queries if q.limit],
        },
        "options": _OPTIONS[panel.kind],
        "transformations": _TABLE_TRANSFORMATIONS if panel.kind == "table" else [],
    }


def _target(panel: Panel, query: PanelQuery, index: int) -> dict[str, Any]:
    instant = panel.kind == "table"
    return {
        "refId": chr(ord("A") + index),
        "datasource": DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "instant": instant,
        "range": not instant,
        "format": "table" if instant else "time_series",
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red_above is not None:
        steps.append({"color": "red", "value": panel.red_above})
    if panel.red_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.red_below}]
    custom = {"stacking": {"mode": "normal"}, "fillOpacity": 30} if panel.stacked else {}
    return {
        "unit": panel.unit,
        "min": 0,
        "custom": {**custom, "spanNulls": False} if panel.kind == "timeseries" else {},
        "thresholds": {"mode": "absolute", "steps": steps},
    }


def _limit_overrides(query: PanelQuery) -> dict[str, Any]:
    """The overrides of a limit: red, dashed and not stacked."""
    return {
        "matcher": {"id": "byName", "options": query.legend},
        "properties": [
            {"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}},
            {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
            {"id": "custom.stacking", "value": {"mode": "none"}},
            {"id": "custom.fillOpacity", "value": 0},
        ],
    }


_OPTIONS: dict[Kind, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
    },
    "table": {"showHeader": True, "sortBy": [{"displayName": "Value", "desc": True}]},
}
_TABLE_TRANSFORMATIONS = [
    {"id": "merge", "options": {}},
    {"id": "organize", "options": {"excludeByName": {"Time": True, "__name__": True, "instance": True, "job": True}}},
]


def _datasource_variable() -> dict[str, Any]:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": f"label_values({variable.query})", "refId": variable.name},
        # Series without the label, such as untagged resources, are included.
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
        "refresh": 2,
        "sort": 1,
    }


def _version_changes() -> dict[str, Any]:
    known = "max by (version) (basewatch_build_info)"
    return _annotation("Version changed", "blue", f"{known} unless {known} offset 5m")


def _finding_changes() -> dict[str, Any]:
    return _annotation("Findings changed", "red", 'sum(changes(basewatch_findings{status="FAIL"}[2m])) > 0')


def _annotation(name: str, colour: str, expr: str) -> dict[str, Any]:
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": colour,
        "target": {"expr": expr, "refId": "Anno"},
    }


def _links() -> dict[str, Any]:
    return {
        "title": "Basewatch",
        "type": "dashboards",
        "tags": ["basewatch"],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }
