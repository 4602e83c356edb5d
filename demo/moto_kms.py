"""Corrections of moto's KMS: the rotation of a key has a period and a next date."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from moto.kms.responses import KmsResponse

from demo.account import patch

ROTATION_PERIOD = timedelta(days=365)
"""The default period. https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html"""
_status = KmsResponse.get_key_rotation_status


def patch_rotation_status() -> None:
    """GetKeyRotationStatus returns the period and the next date of a key that is rotated; moto returns neither."""
    patch(KmsResponse, "get_key_rotation_status", _rotation_status)


def install() -> None:
    """Install every patch of this module; a second installation changes nothing."""
    patch_rotation_status()


def _rotation_status(response: Any) -> str:
    status = json.loads(_status(response))
    if status["KeyRotationEnabled"]:
        key = response.kms_backend.describe_key(json.loads(response.body)["KeyId"])
        last = max((each["RotationDate"] for each in key.rotations), default=key.creation_date)
        status["RotationPeriodInDays"] = ROTATION_PERIOD.days
        status["NextRotationDate"] = last + ROTATION_PERIOD.total_seconds()
    return json.dumps(status)
