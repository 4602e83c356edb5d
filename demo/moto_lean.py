"""Imports moto's RDS without the 80 MB of instance types that EC2, which it stands on, reads at import."""

from __future__ import annotations

import importlib
from typing import Any

from moto.utilities import utils

_load = utils.load_resource


def import_rds_models() -> Any:
    """Moto's models of RDS; nothing in the box starts an instance, so EC2 knows no types of them."""
    utils.load_resource = _load_no_instance_types
    try:
        return importlib.import_module("moto.rds.models")
    finally:
        utils.load_resource = _load


def _load_no_instance_types(resource: str) -> Any:
    return {} if resource.startswith("ec2/resources/instance_type") else _load(resource)
