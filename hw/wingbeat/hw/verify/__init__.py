"""The program verifier, run before anything is sent to a device."""

from wingbeat.hw.verify.verifier import Report, verify

__all__ = ["Report", "verify"]
