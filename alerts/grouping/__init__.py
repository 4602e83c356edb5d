"""Groups findings into alerts: one for each cause, for each thing that does not answer, and for each blind place."""

from alerts.grouping.alerts import alerts_of, blind_alerts
from alerts.grouping.findings import findings_by_key

__all__ = ["alerts_of", "blind_alerts", "findings_by_key"]
