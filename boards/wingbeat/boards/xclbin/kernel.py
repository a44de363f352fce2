"""The accelerator as an XRT kernel: its arguments, from the register map, and its description."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import ISA_VERSION
from wingbeat.hw.register_map import ADDRESS_BITS, ARGUMENTS, RegisterMap

KERNEL = "wingbeat"
"""Name of the kernel."""

COMPUTE_UNIT = f"{KERNEL}_1"
"""Name of its only instance."""

BASE_ADDRESS = 0x180_0000
"""Where the instance's registers lie on the control bus."""

_CONTROL_PORT = "s_axi_control"

_SINGLE = (
    RegisterMap.PROGRAM,
    RegisterMap.INSTRUCTIONS,
    RegisterMap.CONTROL_BLOCK,
    RegisterMap.WATCHDOG,
    RegisterMap.ABORT,
)


@dataclass(frozen=True)
class Argument:
    """One kernel argument.

    Attributes
    ----------
    name : of the register, lower case; numbered if there are several
    offset, size : of its register, bytes
    port : memory port that it points through; None for a number
    """

    name: str
    offset: int
    size: int
    port: int | None = None


def arguments(config: AcceleratorConfig) -> tuple[Argument, ...]:
    """Return every register that a kernel's start takes, in order: they begin at 0x10."""
    found = [Argument(register.name.lower(), register.word(), 4) for register in _SINGLE]
    for index in range(ARGUMENTS):
        found.append(Argument(f"argument_{index}", RegisterMap.ARGUMENT.word(index), 4))
    for port in range(config.ports):
        offset = RegisterMap.MEMORY_BASE.word(2 * port)
        found.append(Argument(f"memory_base_{port}", offset, 8, port))
    return tuple(found)


def argument_of_port(port: int) -> int:
    """Return the number of the argument that holds a memory port's base address."""
    return len(_SINGLE) + ARGUMENTS + port


def embedded_metadata(config: AcceleratorConfig, title: str) -> bytes:
    """Return the XML that describes the kernel.

    Parameters
    ----------
    config : the accelerator
    title : of the board
    """
    project = ElementTree.Element("project", name=KERNEL)
    platform = ElementTree.SubElement(project, "platform", vendor=KERNEL, name=title)
    device = ElementTree.SubElement(platform, "device", name="fpga0", fpgaDevice="")
    core = ElementTree.SubElement(device, "core", name="OCL_REGION_0", type="clc_region")
    clocks = ElementTree.SubElement(core, "kernelClocks")
    ElementTree.SubElement(clocks, "clock", port="KERNEL_CLK", frequency=f"{config.clock_mhz}MHz")
    kernel = ElementTree.SubElement(
        core,
        "kernel",
        name=KERNEL,
        language="ip",
        type="pl",
        vlnv=f"{KERNEL}:{KERNEL}:{config.digest}:{ISA_VERSION}",
        hwControlProtocol="ap_ctrl_hs",
    )
    _port(kernel, _CONTROL_PORT, "slave", 1 << ADDRESS_BITS, 32)
    for port in range(config.ports):
        _port(kernel, f"m_axi_{port}", "master", (1 << 64) - 1, config.port_bits)
    for index, argument in enumerate(arguments(config)):
        _argument(kernel, index, argument)
    instance = ElementTree.SubElement(kernel, "instance", name=COMPUTE_UNIT)
    ElementTree.SubElement(instance, "addrRemap", base=f"{BASE_ADDRESS:#x}", port=_CONTROL_PORT)
    return bytes(ElementTree.tostring(project, "utf-8", xml_declaration=True))


def _port(kernel: ElementTree.Element, name: str, mode: str, extent: int, width: int) -> None:
    ElementTree.SubElement(
        kernel,
        "port",
        name=name,
        mode=mode,
        range=f"{extent:#x}",
        dataWidth=str(width),
        portType="addressable",
        base="0x0",
    )


def _argument(kernel: ElementTree.Element, index: int, argument: Argument) -> None:
    pointer = argument.port is not None
    ElementTree.SubElement(
        kernel,
        "arg",
        name=argument.name,
        id=str(index),
        addressQualifier="1" if pointer else "0",
        port=f"m_axi_{argument.port}" if pointer else _CONTROL_PORT,
        size=f"{argument.size:#x}",
        offset=f"{argument.offset:#x}",
        hostOffset="0x0",
        hostSize=f"{argument.size:#x}",
        type="void*" if pointer else "uint",
    )
