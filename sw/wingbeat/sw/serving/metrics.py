"""What Prometheus is told."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """The figures of one server, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        # processor time and memory of the server itself
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "wingbeat_requests", "Requests that ended, by how.", ["outcome"], registry=registry
        )
        self.prompt_tokens = Counter(
            "wingbeat_prompt_tokens", "Tokens of prompts that got a slot.", registry=registry
        )
        self.cached_tokens = Counter(
            "wingbeat_cached_prompt_tokens",
            "Of these, tokens that the slot's caches held already.",
            registry=registry,
        )
        self.generated_tokens = Counter(
            "wingbeat_generated_tokens", "Tokens that the device generated.", registry=registry
        )
        self.device_cycles = Counter(
            "wingbeat_device_cycles", "Clock cycles of the device.", registry=registry
        )
        self.device_seconds = Counter(
            "wingbeat_device_seconds", "Seconds in which a request had its turn.", registry=registry
        )
        self.device_errors = Counter(
            "wingbeat_device_errors", "Turns that ended with a device error.", registry=registry
        )
        self.slots = Gauge("wingbeat_slots", "Requests that can run at once.", registry=registry)
        self.running = Gauge("wingbeat_running_requests", "With a slot.", registry=registry)
        self.waiting = Gauge("wingbeat_waiting_requests", "Without one.", registry=registry)
        self.ready = Gauge("wingbeat_ready", "1 while requests are taken.", registry=registry)
        self.first_token = Histogram(
            "wingbeat_time_to_first_token_seconds",
            "From the request to its first token.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.next_token = Histogram(
            "wingbeat_time_between_tokens_seconds",
            "From a token to the next one of the same request.",
            buckets=_SECONDS,
            registry=registry,
        )

    def text(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        return generate_latest(self._registry)
