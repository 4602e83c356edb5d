"""Every family that the reports render of what Basewatch knows; those of its telemetry are prometheus_client's."""

from reports import objectives, resources, verdicts, watched

OWN_FAMILIES = (*verdicts.FAMILIES, *objectives.FAMILIES, *resources.FAMILIES, *watched.FAMILIES)
