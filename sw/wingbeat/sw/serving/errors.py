"""Why a request is refused, beyond what it says itself."""

from __future__ import annotations

from wingbeat.hw.errors import RequestError


class OptionError(RequestError):
    """An option that is no option, or that the device cannot serve.

    Attributes
    ----------
    option : its name in the request
    """

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


class UnknownModelError(RequestError):
    """A request for a model that this server does not hold."""


class BusyError(RequestError):
    """As many requests wait already as may.

    Attributes
    ----------
    retry_after : whole seconds after which another try is worth it
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(RequestError):
    """The server shuts down, or its device does not come back."""
