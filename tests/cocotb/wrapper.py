"""A component's ports under the names that cocotb's bus models look for.

The harness names ports as the signature is flattened, `memory__0__aw__addr`. Verilator escapes
`__`, and cocotbext-axi wants the channel and its field in one word: `memory_0_awaddr`. So a module
`dut` of nothing but wires goes around the Verilog that the harness simulates.
"""

from __future__ import annotations

from wingbeat.sim.rtl.memory import CHANNELS
from wingbeat.sim.rtl.verilog import TOP, Design, Port

DUT = "dut"
"""The wrapper's module, and what cocotb's tests are handed."""


def name_of(port: str) -> str:
    """Return the wrapper's name of a port of the component."""
    *prefix, channel, field = ["", *port.split("__")]
    if field in CHANNELS.get(channel, ()):
        return "_".join([*prefix[1:], channel + field])
    return port.replace("__", "_")


def outside(design: Design) -> dict[str, Port]:
    """Return the wrapper's ports by the name they have inside; clock, reset and ids included."""
    ports = {name: Port(name, 1, True, False) for name in clocks(design)}
    ports |= design.ports
    # bus models want ids; units in front of the arbiter have none
    for asking, answering in (("ar", "r"), ("aw", "b")):
        for name in design.ports:
            prefix = name.removesuffix(f"{asking}__len")
            if prefix != name and f"{prefix}{asking}__id" not in ports:
                for channel, is_input in ((asking, False), (answering, True)):
                    id_name = f"{prefix}{channel}__id"
                    ports[id_name] = Port(id_name, 1, is_input, False)
    return ports


def clocks(design: Design) -> list[str]:
    """Return the clock and the reset, if the component has them."""
    present = {"clk": design.clocked, "rst": design.resettable}
    return [name for name, is_there in present.items() if is_there]


def verilog(design: Design) -> str:
    """Return the wrapper."""
    ports = outside(design)
    inside = [*clocks(design), *design.ports]
    declared = [f"  {_declaration(name_of(name), port)}" for name, port in ports.items()]
    added = [name for name, port in ports.items() if not (port.is_input or name in inside)]
    connected = [f"    .{name}({name_of(name)})" for name in inside]
    return "\n".join(
        [
            f"module {DUT} (",
            ",\n".join(declared),
            ");",
            *(f"  assign {name_of(name)} = 0;" for name in added),
            f"  {TOP} {TOP} (",
            ",\n".join(connected),
            "  );",
            "endmodule",
            "",
        ]
    )


def _declaration(name: str, port: Port) -> str:
    """Return the port's declaration; cocotb takes a wire without a range for a single bit."""
    direction = "input" if port.is_input else "output"
    return f"{direction} {f'[{port.width - 1}:0] ' if port.width > 1 else ''}{name}"


def access(design: Design) -> str:
    """Return Verilator's configuration: cocotb may touch the wrapper's ports, and nothing else.

    The runner's own `--public-flat-rw` keeps every signal of the design alive: ten times slower.
    """
    rows = [f'public_flat_rw -module "{DUT}" -var "{name_of(name)}"' for name in outside(design)]
    return "\n".join(["`verilator_config", *rows, ""])
