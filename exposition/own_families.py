"""Every family that the reports render of what Basewatch knows; those of its telemetry are prometheus_client's."""

from exposition import resource_metrics, run_metrics, slo_metrics, watch_metrics

OWN_FAMILIES = (*run_metrics.FAMILIES, *slo_metrics.FAMILIES, *resource_metrics.FAMILIES, *watch_metrics.FAMILIES)
