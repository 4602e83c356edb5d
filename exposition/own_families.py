"""Every family that the reports render of what Basewatch knows; those of its telemetry are prometheus_client's."""

from exposition import finding_metrics, resource_metrics, slo_metrics, watch_metrics

OWN_FAMILIES = (*finding_metrics.FAMILIES, *slo_metrics.FAMILIES, *resource_metrics.FAMILIES, *watch_metrics.FAMILIES)
