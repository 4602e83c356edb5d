"""What Prometheus is told of the resources: their ARNs and tags, in one family that series are joined with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from basewatch.collector import MetricTarget
from basewatch.family import Block, MetricFamily, MetricType, tag_labels
from exposition.text_format import block

_RESOURCE = MetricFamily(
    name="aws_resource_info",
    type=MetricType.INFO,
    help="The resources that are asked about, with their ARNs and the tags that the configuration lets through.",
)
FAMILIES = (_RESOURCE,)


def resource_block(targets: Iterable[MetricTarget], tags: Sequence[str]) -> Block:
    """One series for each resource, however many targets measure it; of its tags only `tags` are told.

    A resource is named by the first of its labels, which stands beside `resource` under its own name: so
    `aws_lambda_errors_total * on (aws_account_id, aws_region, function_name) group_left (tag_tenant) aws_resource_info`
    joins.
    """
    known: dict[tuple[str, ...], dict[str, str]] = {}
    labels_of = tag_labels(tags)
    for target in targets:
        resource = target.resource
        if not resource.labels:
            continue  # an account as a whole
        label, name = resource.labels[0]
        identity = {
            "aws_account_id": target.account_id,
            "aws_region": target.region,
            "service": target.collector,
            "resource": name,
        }
        told = known.setdefault(tuple(identity.values()), {**identity, label: name})
        told |= {"arn": resource.arn} if resource.arn else {}
        told |= {labels_of[tag]: value for tag, value in resource.tags if tag in labels_of}
    return block(_RESOURCE, ((labels, 1) for labels in known.values()))
