"""Facts about the operations of Lambda, API Gateway, SQS, EventBridge and Secrets Manager."""

from __future__ import annotations

from basewatch.model import Status
from tests.checks.operations.operation import Listing, Operation

OPERATIONS = (
    Operation("lambda:ListFunctions", listing=Listing.UNFILTERED, empty={"*": ({"Functions": []}, Status.FAIL)}),
    Operation(
        "sqs:ListQueues", listing=Listing.UNFILTERED, omits_what_there_is_none_of=True, empty={"*": ({}, Status.FAIL)}
    ),
    Operation("events:ListRules", listing=Listing.UNFILTERED, empty={"*": ({"Rules": []}, Status.FAIL)}),
    # A function without a resource policy: nobody else may invoke it.
    Operation(
        "lambda:GetPolicy",
        not_found="ResourceNotFoundException",
        absent_is_sound=("access.function.strangers",),
        empty={"*": ({}, Status.UNVERIFIED)},
    ),
    Operation(
        "lambda:ListFunctionUrlConfigs", not_found="ResourceNotFoundException", empty={"*": ({}, Status.UNVERIFIED)}
    ),
    Operation("apigateway:GetExport", not_found="NotFoundException", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation(
        "apigateway:GetRestApis",
        not_found="NotFoundException",
        omits_what_there_is_none_of=True,
        empty={"*": ({"items": []}, Status.FAIL), "inventory.api.deployed": ({}, Status.FAIL)},
    ),
    Operation(
        "apigateway:GetStage",
        not_found="NotFoundException",
        empty={
            "inventory.api.deployed": ({"stageName": "prod"}, Status.UNVERIFIED),
            "logging.api.logged": ({"stageName": "prod"}, Status.FAIL),
        },
    ),
    Operation(
        "apigateway:GetUsagePlans",
        listing=Listing.UNFILTERED,
        omits_what_there_is_none_of=True,
        empty={"*": ({}, Status.FAIL)},
    ),
    Operation("events:DescribeRule", not_found="ResourceNotFoundException", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation(
        "events:ListTargetsByRule", not_found="ResourceNotFoundException", empty={"*": ({"Targets": []}, Status.FAIL)}
    ),
    Operation("lambda:GetFunctionConcurrency", not_found="ResourceNotFoundException", omits_what_there_is_none_of=True),
    Operation(
        "lambda:GetFunctionConfiguration",
        not_found="ResourceNotFoundException",
        empty={"*": ({"FunctionName": "x"}, Status.UNVERIFIED)},
    ),
    Operation(
        "lambda:ListEventSourceMappings", not_found="ResourceNotFoundException", empty={"*": ({}, Status.UNVERIFIED)}
    ),
    Operation(
        "secretsmanager:DescribeSecret",
        not_found="ResourceNotFoundException",
        empty={"*": ({"Name": "x"}, Status.UNVERIFIED)},
    ),
    Operation("sqs:GetQueueAttributes", not_found="QueueDoesNotExist", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("sqs:GetQueueUrl", not_found="QueueDoesNotExist", empty={"*": ({}, Status.UNVERIFIED)}),
)
