"""FPGA families: how yosys is told of one, and which of its primitives are what."""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.hw.config import Multiplier


@dataclass(frozen=True)
class Family:
    """One family of FPGAs.

    Attributes
    ----------
    name : as people call it
    multiplier : its DSP primitive
    command : synthesis command of yosys
    first_step : of that command, behind the reading of its library
    primitives : weight of each primitive in the sums of `synthesis.Netlist.count`
    """

    name: str
    multiplier: Multiplier
    command: str
    first_step: str
    primitives: dict[str, dict[str, int]]


def _xilinx(name: str, multiplier: Multiplier, code: str) -> Family:
    # of LUT RAM, the LUTs that one cell takes
    lut_rams = {"RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM32X1D": 2}
    lut_rams |= {"RAM64X1D": 2, "RAM128X1D": 4, "SRL16E": 1, "SRLC32E": 1}
    primitives = {
        "luts": {f"LUT{inputs}": 1 for inputs in range(1, 7)},
        "registers": dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE"), 1),
        "carries": {"CARRY4": 1},  # in UltraScale+ too: yosys knows no CARRY8
        "dsps": {multiplier.name: 1},
        # in halves of 18 kbit
        "block_rams": {"RAMB18E1": 1, "RAMB18E2": 1, "RAMB36E1": 2, "RAMB36E2": 2},
        "ultra_rams": {"URAM288": 1},
        "lut_rams": lut_rams,
    }
    command = f"synth_xilinx -family {code} -flatten -noiopad -noclkbuf"
    return Family(name, multiplier, command, "prepare", primitives)


ULTRASCALE_PLUS = _xilinx("UltraScale+", Multiplier.DSP48E2, "xcup")
SERIES_7 = _xilinx("7-series", Multiplier.DSP48E1, "xc7")
ECP5 = Family(
    "ECP5",
    Multiplier.MULT18X18D,
    "synth_ecp5",
    "coarse",
    {
        # a CCU2C is a pair of LUTs with a carry
        "luts": {"LUT4": 1, "CCU2C": 2},
        "registers": {"TRELLIS_FF": 1},
        "carries": {"CCU2C": 1},
        "dsps": {"MULT18X18D": 1},
        "block_rams": {"DP16KD": 1},
        "ultra_rams": {},
        # 16 x 4 bits take the LUTs of two slices and the ports of a third
        "lut_rams": {"TRELLIS_DPR16X4": 4},
    },
)
FAMILIES = (ULTRASCALE_PLUS, SERIES_7, ECP5)
