"""CloudWatch metrics of DynamoDB Accelerator (DAX) clusters."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.collector import Collector, DescribedResource, DiscoverySpec, MeasuredResource, Resource
from basewatch.components import CacheCluster
from collectors.cloudwatch.discovery.describe import arn_pattern, for_dimensions, list_entries
from collectors.specs import Namespace

_DAX = Namespace(name="AWS/DAX")

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/dax-metrics-dimensions-dax.html
SPECS = (
    _DAX.counter("aws_dax_item_cache_hits_total", "ItemCacheHits"),
    _DAX.counter("aws_dax_item_cache_misses_total", "ItemCacheMisses"),
    _DAX.counter("aws_dax_query_cache_hits_total", "QueryCacheHits"),
    _DAX.counter("aws_dax_query_cache_misses_total", "QueryCacheMisses"),
)


def _cluster(name: str, component: str = "") -> MeasuredResource:
    return Resource(component=component, dimensions=(("ClusterId", name),), labels=(("cluster_id", name),)), SPECS


def _resources(cluster: CacheCluster) -> Iterator[MeasuredResource]:
    yield _cluster(cluster.name, cluster.ref)


def _clusters(aws: AwsClient) -> Iterator[DescribedResource]:
    for cluster in list_entries(aws, "dax", "DescribeClusters", "Clusters"):
        name, arn = required(cluster, "ClusterName", kind=str), required(cluster, "ClusterArn", kind=str)
        yield DescribedResource(dimensions={"ClusterId": name}, arn=arn)


DAX = Collector(
    name="dax",
    component_type=CacheCluster,
    resources=_resources,
    specs=SPECS,
    discovery_specs=(
        DiscoverySpec(
            namespace=_DAX.name,
            activity_metric="ItemCacheHits",
            dimensions=("ClusterId",),
            from_dimensions=for_dimensions("ClusterId", build=_cluster),
            resource_type="dax",
            dimensions_of_arn=arn_pattern("cache/(?P<ClusterId>[^/]+)"),
            describe=_clusters,
            needs=("dax:DescribeClusters",),
        ),
    ),
)
