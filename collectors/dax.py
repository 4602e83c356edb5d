"""What CloudWatch keeps of DynamoDB Accelerator (DAX) clusters."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.aws import Aws
from basewatch.aws.response import required
from basewatch.collector import Collector, Described, Discovery, Measured, Resource
from basewatch.components import CacheCluster
from collectors.resource_listing import by_arn, entries, exactly
from collectors.specs import Space

_DAX = Space(name="AWS/DAX")

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/dax-metrics-dimensions-dax.html
SPECS = (
    _DAX.counter("aws_dax_item_cache_hits_total", "ItemCacheHits"),
    _DAX.counter("aws_dax_item_cache_misses_total", "ItemCacheMisses"),
    _DAX.counter("aws_dax_query_cache_hits_total", "QueryCacheHits"),
    _DAX.counter("aws_dax_query_cache_misses_total", "QueryCacheMisses"),
)


def _cluster(name: str, component: str = "") -> Measured:
    return Resource(component=component, dimensions=(("ClusterId", name),), labels=(("cluster_id", name),)), SPECS


def _resources(cluster: CacheCluster) -> Iterator[Measured]:
    yield _cluster(cluster.name, cluster.ref)


def _clusters(aws: Aws) -> Iterator[Described]:
    for cluster in entries(aws, "dax", "DescribeClusters", "Clusters"):
        name, arn = required(cluster, "ClusterName", kind=str), required(cluster, "ClusterArn", kind=str)
        yield Described(dimensions={"ClusterId": name}, arn=arn)


DAX = Collector(
    name="dax",
    component=CacheCluster,
    resources=_resources,
    specs=SPECS,
    discoveries=(
        Discovery(
            namespace=_DAX.name,
            alive="ItemCacheHits",
            dimensions=("ClusterId",),
            measured=exactly("ClusterId", of=_cluster),
            resource_type="dax",
            of_arn=by_arn("cache/(?P<ClusterId>[^/]+)"),
            describe=_clusters,
            needs=("dax:DescribeClusters",),
        ),
    ),
)
