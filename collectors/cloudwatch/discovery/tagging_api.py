"""Which resources have tags, by the tagging API; what was never tagged is not known there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from basewatch.aws.response import required
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.discovery.client import DiscoveryClient

_LARGEST_PAGE = 100
# https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
_MOST_TYPES = 100

TagsByArn = Mapping[str, Mapping[str, str]]
"""The tags of each resource, by its ARN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagQuery:
    """One chain: the resources of these types in a place that have all of `tags`."""

    location: Location
    tags: tuple[tuple[str, str], ...]
    resource_types: frozenset[str]

    def execute(self, client: DiscoveryClient) -> TagsByArn:
        """Every such resource with all its tags. Raises: ObservationError, unless the listing is whole."""
        found: dict[str, Mapping[str, str]] = {}
        types = sorted(self.resource_types)
        for first in range(0, len(types), _MOST_TYPES):
            filters = {"ResourceTypeFilters": types[first : first + _MOST_TYPES]}
            for page in client.pages(
                "resourcegroupstaggingapi",
                "GetResources",
                "PaginationToken",
                "PaginationToken",
                ResourcesPerPage=_LARGEST_PAGE,
                TagFilters=[{"Key": key, "Values": [value]} for key, value in self.tags],
                **filters,
            ):
                for resource in page.get("ResourceTagMappingList") or ():
                    tags = {tag["Key"]: tag["Value"] for tag in resource.get("Tags") or ()}
                    found[required(resource, "ResourceARN", kind=str)] = tags
        return found
