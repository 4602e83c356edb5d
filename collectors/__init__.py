"""The list of every collector that Basewatch ships; a test finds any that is missing."""

from __future__ import annotations

from basewatch.collector import AnyCollector
from collectors.api_gateway import API_GATEWAY
from collectors.aurora import AURORA
from collectors.backup import BACKUP
from collectors.dax import DAX
from collectors.dynamodb import DYNAMODB
from collectors.eventbridge import EVENTS
from collectors.lambda_functions import LAMBDA
from collectors.rds_proxy import RDS_PROXY
from collectors.sqs import SQS

COLLECTORS: tuple[AnyCollector, ...] = (
    AURORA,
    RDS_PROXY,
    LAMBDA,
    API_GATEWAY,
    DYNAMODB,
    DAX,
    SQS,
    EVENTS,
    BACKUP,
)
