"""Answers operations of AWS that moto lacks, from Python, in the shapes and the protocol of botocore's models.

A resource module registers an answer for each operation; a fault registers another one, and its repair restores it:

    context.answer("backup:ListRestoreJobs", lambda parameters: {"RestoreJobs": jobs})
    sandbox.aws.answers.answer("backup:ListRestoreJobs", lambda parameters: {"RestoreJobs": []})
    sandbox.aws.answers.restore("backup:ListRestoreJobs")

An answer gets the request's parameters by their names in the API and returns the response, or raises `AwsRefusal`.
It says what AWS documents, and proves nothing about AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from botocore.validate import ParamValidator
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.wrappers import Request

from demo.moto_operations import Operation, form_body, identify, path_parameters, service_model
from demo.service_errors import error_body

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class AwsRefusal(Exception):
    """The error of AWS that an operation answers with, such as `ResourceNotFoundException`."""

    def __init__(self, code: str, message: str = "", *, status: str = "400 Bad Request") -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class AnsweredOperations:
    """WSGI middleware in front of moto: it answers the registered operations, and passes every other one on."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app
        self._answers: dict[str, list[Answer]] = {}

    def answer(self, operation: str, answer: Answer) -> None:
        """Answer an operation such as `backup:ListRestoreJobs` so until `restore`.

        Raises: KeyError, when AWS has no such operation.
        """
        service, _, name = operation.partition(":")
        if name not in service_model(service).operation_names:
            raise KeyError(operation)
        self._answers.setdefault(operation, []).append(answer)

    def restore(self, operation: str) -> None:
        """Answer an operation as before the last `answer`."""
        self._answers[operation].pop()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or pass it on to moto."""
        operation = identify(environ, form_body(environ)) if self._answers else None
        answers = self._answers.get(str(operation))
        if operation is None or not answers:
            return self._app(environ, start_response)
        try:
            status, headers, body = _answered(operation, environ, answers[-1])
        except AwsRefusal as refusal:
            headers, body = error_body(operation, refusal.code, refusal.message)
            status = refusal.status
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]


def _answered(
    operation: Operation, environ: dict[str, Any], answer: Answer
) -> tuple[str, list[tuple[str, str]], bytes]:
    model = get_service_model(operation.service).operation_model(operation.name)
    found = dict(answer(_parameters(operation, model, environ)))
    report = ParamValidator().validate(found, model.output_shape)
    if report.has_errors():
        raise TypeError(f"{operation} has no such answer: {report.generate_report()}")
    serializer = get_serializer_class(operation.service, str(model.service_model.resolved_protocol))(model)
    response = serializer.serialize(found)
    body = response["body"]
    return (
        f"{response['status_code']} OK",
        [(name, str(value)) for name, value in response["headers"].items()],
        body.encode() if isinstance(body, str) else body,
    )


def _parameters(operation: Operation, model: Any, environ: dict[str, Any]) -> Mapping[str, Any]:
    request = Request(environ)
    parser = PROTOCOL_PARSERS[model.service_model.resolved_protocol](model)
    in_path = {name: unquote(value) for name, value in path_parameters(operation, str(environ["PATH_INFO"])).items()}
    parsed: Mapping[str, Any] = parser.parse(
        {
            "body": request.get_data(),
            "headers": request.headers,
            "method": request.method,
            "url_params": in_path,
            "url_path": request.path,
            "values": request.values,
        }
    )
    return parsed
