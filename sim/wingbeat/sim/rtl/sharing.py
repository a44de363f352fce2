"""Identical modules of a netlist, made one.

Amaranth writes a module for each instance: four lanes are four modules of the same contents under
other names. Merged, what is instantiated many times is compiled once, and its instances execute the
same code, which then stays in the processor's instruction cache.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

WORTH_SHARING = 10_000
"""Characters of a module with its contents below which it is flattened into what uses it."""

MODULE = re.compile(r"^module (\\\S+)\n(.*?)^end\n", re.M | re.S)
PORT = re.compile(r"^  wire [^\\]*(?:input|output|inout) [^\\]*(\\\S+)$", re.M)
INSTANCE = re.compile(r"^  cell (\\\S+) (\S+)\n(.*?)^  end\n", re.M | re.S)
CONNECTION = re.compile(r"^    connect (\\\S+)", re.M)


def share(rtlil: str, top: str) -> str:
    """Return the netlist with one module where several are the same but for their names.

    Large ones that are used more than once are marked as not to be flattened.

    Parameters
    ----------
    rtlil : what `amaranth.back.rtlil.convert` returns
    top : the name of its first module; instances come before what contains them
    """
    bodies = dict(MODULE.findall(rtlil))
    written: dict[str, str] = {}  # contents to name
    shared: dict[str, tuple[str, dict[str, str]]] = {}  # module to the one it is, and its ports

    def instance(match: re.Match[str]) -> str:
        module, name, connections = match.groups()
        if module not in bodies:
            return match.group()  # a primitive
        same, ports = visit(module)
        named = CONNECTION.sub(lambda found: f"    connect {ports[found[1]]}", connections)
        return f"  cell {same} {name}\n{named}  end\n"

    def visit(module: str) -> tuple[str, dict[str, str]]:
        if module not in shared:
            body = INSTANCE.sub(instance, bodies[module])
            # Amaranth numbers ports without a name through the whole design
            ports = {port: port for port in PORT.findall(body)}
            if module != f"\\{top}":
                for index, port in enumerate(ports):
                    if "$" in port:
                        ports[port] = f"\\port_{index}"
                        body = re.sub(re.escape(port) + r"(?=\s)", f"\\\\port_{index}", body)
            shared[module] = (written.setdefault(body, module), ports)
        return shared[module]

    visit(f"\\{top}")
    return _marked({name: body for body, name in written.items()}, f"\\{top}")


def _marked(bodies: Mapping[str, str], top: str) -> str:
    """Write the modules; those that are large and used more than once are not to be flattened."""
    sizes: dict[str, int] = {}
    uses: Counter[str] = Counter()
    for name, body in bodies.items():  # what a module contains comes before it
        inside = [module for module, _, _ in INSTANCE.findall(body) if module in bodies]
        sizes[name] = len(body) + sum(sizes[module] for module in inside)
        uses.update(inside)
    text = []
    for name, body in bodies.items():
        if name == top:
            text.append("attribute \\top 1\n")
        elif uses[name] > 1 and sizes[name] > WORTH_SHARING:
            text.append("attribute \\keep_hierarchy 1\n")
        text.append(f"module {name}\n{body}end\n\n")
    return "".join(text)
