"""Errors in OpenAI's form: a status, and an object that its clients raise as an exception."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from wingbeat.hw.errors import RequestError
from wingbeat.sw.serving.errors import (
    BusyError,
    OptionError,
    UnavailableError,
    UnknownModelError,
)


@dataclass(frozen=True)
class Problem:
    """One error.

    Attributes
    ----------
    status : of HTTP
    message : one sentence
    kind, code, option : `type`, `code` and `param` of OpenAI's object
    headers : of the response
    """

    status: int
    message: str
    kind: str = "invalid_request_error"
    code: str | None = None
    option: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> dict[str, Any]:
        """The body of the response."""
        error = {
            "message": self.message, "type": self.kind, "param": self.option, "code": self.code
        }  # fmt: skip
        return {"error": error}

    @property
    def response(self) -> JSONResponse:
        """The response."""
        return JSONResponse(self.json, self.status, self.headers)


def problem(error: Exception) -> Problem:
    """Return what a client is told about an error."""
    text = str(error)
    match error:
        case BusyError():
            headers = {"Retry-After": str(error.retry_after)}
            return Problem(429, text, "rate_limit_error", "queue_full", headers=headers)
        case UnavailableError():
            headers = {"Retry-After": "10"}
            return Problem(503, text, "server_error", "unavailable", headers=headers)
        case UnknownModelError():
            return Problem(404, text, code="model_not_found", option="model")
        case OptionError():
            return Problem(400, text, option=error.option)
        case RequestError():
            return Problem(400, text)
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            return Problem(error.status_code, f"{error.detail}", headers=dict(error.headers or {}))
        case _:
            return Problem(500, text, "server_error", "device_error")


def _invalid(error: RequestValidationError) -> Problem:
    """Say the first thing that is wrong with a body."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part != "body"]
    if first["type"] == "json_invalid":
        return Problem(400, f"the body must be JSON: {first['ctx']['error']}")
    if not place:
        return Problem(400, "the body must be a JSON object, sent as application/json")
    message = first["msg"][:1].lower() + first["msg"][1:]
    return Problem(400, f"`{'.'.join(place)}` is wrong: {message}", option=place[0])
