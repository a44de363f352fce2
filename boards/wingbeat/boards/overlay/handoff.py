"""The hardware handoff file (.hwh) of an overlay, as PYNQ reads it.

Vivado writes one for a block design; this one says the same of the same register map, without
the wires.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from wingbeat.boards.overlay.design import (
    ACCELERATOR,
    LEDS,
    LEDS_OFFSET,
    LEDS_VLNV,
    REGISTER_BYTES,
    VLNV,
    Design,
)
from wingbeat.hw.isa.instructions import ISA_VERSION
from wingbeat.hw.register_map import Control, Interrupt, RegisterMap

AXI = "xilinx.com:interface:aximm:1.0"
PROCESSOR = "ps"
"""Instance of the processing system."""

_FIELDS: dict[RegisterMap, type[enum.IntFlag]] = {
    RegisterMap.CONTROL: Control,
    RegisterMap.INTERRUPT_ENABLE: Interrupt,
    RegisterMap.INTERRUPT_STATUS: Interrupt,
}


@dataclass(frozen=True)
class Word:
    """One word of the register map, as the handoff file names it."""

    name: str
    offset: int
    register: RegisterMap


def register_words() -> Iterator[Word]:
    """Yield every word; of several words of a register each carries its number."""
    for register in RegisterMap:
        count = register.value.words
        for index in range(count):
            name = register.name if count == 1 else f"{register.name}_{index}"
            yield Word(name, register.word(index), register)


def handoff(design: Design) -> bytes:
    """Return the .hwh of a design, UTF-8."""
    system = Element("EDKSYSTEM", {"VERSION": "1.2"})
    SubElement(system, "SYSTEMINFO", {"NAME": "wingbeat", "PART": design.part})
    SubElement(system, "EXTERNALPORTS")
    SubElement(system, "EXTERNALINTERFACES")
    modules = SubElement(system, "MODULES")
    modules.append(_processor(design))
    modules.append(_accelerator(design))
    modules.append(_leds())
    ElementTree.indent(system)
    return bytes(ElementTree.tostring(system, "utf-8", xml_declaration=True))


def _processor(design: Design) -> Element:
    processor = design.processor
    module = _module(PROCESSOR, processor.vlnv)
    _parameters(module, processor.parameters(design.config.clock_mhz))
    buses = SubElement(module, "BUSINTERFACES")
    _bus(buses, processor.manager, "MASTER")
    for port in processor.memory_ports[: design.config.ports]:
        _bus(buses, port, "SLAVE")
    ranges = SubElement(module, "MEMORYMAP")
    size = REGISTER_BYTES
    _range(ranges, ACCELERATOR, design.accelerator_base, size, processor.manager, "control")
    _range(ranges, LEDS, design.leds_base, LEDS_OFFSET, processor.manager, "S_AXI")
    return module


def _accelerator(design: Design) -> Element:
    config = design.config
    module = _module(ACCELERATOR, VLNV)
    block = SubElement(
        SubElement(module, "ADDRESSBLOCKS"),
        "ADDRESSBLOCK",
        {"INTERFACE": "control", "NAME": "reg0", "RANGE": str(REGISTER_BYTES), "USAGE": "register"},
    )
    registers = SubElement(block, "REGISTERS")
    for word in register_words():
        _register(registers, word)
    _parameters(
        module,
        {
            "DIGEST": config.digest,
            "ISA_VERSION": str(ISA_VERSION),
            "PORTS": str(config.ports),
            "PORT_BITS": str(config.port_bits),
            "LANES": str(config.lanes),
            "CLOCK_MHZ": f"{config.clock_mhz:g}",
        },
    )
    buses = SubElement(module, "BUSINTERFACES")
    _bus(buses, "control", "SLAVE")
    ranges = SubElement(module, "MEMORYMAP")
    for port in range(config.ports):
        _bus(buses, f"memory_{port}", "MASTER")
        slave = design.processor.memory_ports[port]
        _range(ranges, PROCESSOR, 0, design.memory_bytes, f"memory_{port}", slave, "MEMORY")
    return module


def _leds() -> Element:
    module = _module(LEDS, LEDS_VLNV)
    _parameters(module, {"C_GPIO_WIDTH": "4", "C_ALL_OUTPUTS": "1", "C_IS_DUAL": "0"})
    _bus(SubElement(module, "BUSINTERFACES"), "S_AXI", "SLAVE")
    return module


def _module(instance: str, vlnv: str) -> Element:
    kind = vlnv.split(":")[2]
    return Element(
        "MODULE",
        {"FULLNAME": f"/{instance}", "INSTANCE": instance, "MODTYPE": kind, "VLNV": vlnv},
    )


def _parameters(module: Element, values: dict[str, str]) -> None:
    parameters = SubElement(module, "PARAMETERS")
    for name, value in values.items():
        SubElement(parameters, "PARAMETER", {"NAME": name, "VALUE": value})


def _bus(buses: Element, name: str, kind: str) -> None:
    SubElement(buses, "BUSINTERFACE", {"NAME": name, "TYPE": kind, "VLNV": AXI})


def _range(
    ranges: Element,
    instance: str,
    base: int,
    size: int,
    master: str,
    slave: str,
    kind: str = "REGISTER",
) -> None:
    SubElement(
        ranges,
        "MEMRANGE",
        {
            "ADDRESSBLOCK": "reg0",
            "BASEVALUE": f"0x{base:08X}",
            "HIGHVALUE": f"0x{base + size - 1:08X}",
            "INSTANCE": instance,
            "MASTERBUSINTERFACE": master,
            "MEMTYPE": kind,
            "SLAVEBUSINTERFACE": slave,
        },
    )


def _register(registers: Element, word: Word) -> None:
    value = word.register.value
    access = "read-write" if value.writable else "read-only"
    register = SubElement(registers, "REGISTER", {"NAME": word.name})
    _properties(
        register,
        {
            "DESCRIPTION": value.meaning,
            "ADDRESS_OFFSET": f"0x{word.offset:x}",
            "SIZE": "32",
            "ACCESS": access,
            "IS_ENABLED": "true",
        },
    )
    fields = SubElement(register, "FIELDS")
    for flag in _FIELDS.get(word.register, ()):
        _properties(
            SubElement(fields, "FIELD", {"NAME": str(flag.name)}),
            {
                "DESCRIPTION": str(flag.name).lower(),
                "BIT_OFFSET": str(flag.value.bit_length() - 1),
                "BIT_WIDTH": "1",
                "ACCESS": access,
            },
        )


def _properties(parent: Element, values: dict[str, str]) -> None:
    for name, value in values.items():
        SubElement(parent, "PROPERTY", {"NAME": name, "VALUE": value})
