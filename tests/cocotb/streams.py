"""Amaranth's streams as bus models: a source that sends payloads, a sink that receives them.

requests = StreamSource(StreamBus.from_prefix(dut, "request"), dut.clk, dut.rst)
await requests.send(Transfer(payload=5))
"""

from cocotbext.axi.stream import define_stream

StreamBus, Transfer, StreamSource, StreamSink, StreamMonitor = define_stream(
    "Stream", signals=["payload", "valid", "ready"], signal_widths={"valid": 1, "ready": 1}
)
