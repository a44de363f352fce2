"""The processing systems that PYNQ knows, as far as an overlay has to name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CLOCKS = 4
"""Clocks that a processing system gives to the fabric."""

FABRIC_CLOCK = 0
"""The one that the accelerator runs on."""

_LARGEST_DIVISOR = 63


@dataclass(frozen=True)
class Processor:
    """One family of processing systems.

    Attributes
    ----------
    architecture : as Linux names it; a host tells the families apart by it
    module : type of its module in a handoff file
    version : of its IP
    manager : port on which it reaches registers in the fabric
    memory_ports : ports on which the fabric reaches its memory, in order of use
    pll_mhz : clock that the fabric's clocks are divided from
    fabric_base : first address of registers in the fabric
    clock_parameters : names of a clock's parameters; `{i}` is its number
    """

    architecture: str
    module: str
    version: str
    manager: str
    memory_ports: tuple[str, ...]
    pll_mhz: float
    fabric_base: int
    clock_parameters: Mapping[str, str]

    @property
    def vlnv(self) -> str:
        """Vendor, library, name and version."""
        return f"xilinx.com:ip:{self.module}:{self.version}"

    def divisor(self, clock_mhz: float) -> int:
        """Return the smallest divisor of the PLL's clock that is not faster than asked for."""
        # 250 MHz of 1499.985 MHz are 5.9999
        quotient = self.pll_mhz / clock_mhz - 0.01
        return min(max(1, -int(-quotient // 1)), _LARGEST_DIVISOR)

    def parameters(self, clock_mhz: float) -> dict[str, str]:
        """Return the parameters of all fabric clocks, of which only one is enabled."""
        found = {}
        for clock in range(CLOCKS):
            divisor = self.divisor(clock_mhz) if clock == FABRIC_CLOCK else _LARGEST_DIVISOR
            values = {
                "enable": str(int(clock == FABRIC_CLOCK)),
                "divisor0": str(divisor),
                "divisor1": "1",
                "source": "IOPLL" if self.architecture == "aarch64" else "IO PLL",
                "frequency": f"{self.pll_mhz / divisor:.6f}",
            }
            found.update(
                {self.clock_parameters[key].format(i=clock): values[key] for key in values}
            )
        return found


ZYNQ_ULTRASCALE = Processor(
    architecture="aarch64",
    module="zynq_ultra_ps_e",
    version="3.5",
    manager="M_AXI_HPM0_FPD",
    memory_ports=(
        *(f"S_AXI_HP{i}_FPD" for i in range(4)),
        *(f"S_AXI_HPC{i}_FPD" for i in range(2)),
    ),
    pll_mhz=1499.985,
    fabric_base=0xA000_0000,
    clock_parameters={
        "enable": "PSU__FPGA_PL{i}_ENABLE",
        "divisor0": "PSU__CRL_APB__PL{i}_REF_CTRL__DIVISOR0",
        "divisor1": "PSU__CRL_APB__PL{i}_REF_CTRL__DIVISOR1",
        "source": "PSU__CRL_APB__PL{i}_REF_CTRL__SRCSEL",
        "frequency": "PSU__CRL_APB__PL{i}_REF_CTRL__ACT_FREQMHZ",
    },
)

ZYNQ_7000 = Processor(
    architecture="armv7l",
    module="processing_system7",
    version="5.5",
    manager="M_AXI_GP0",
    memory_ports=tuple(f"S_AXI_HP{i}" for i in range(4)),
    pll_mhz=1000.0,
    fabric_base=0x43C0_0000,
    clock_parameters={
        "enable": "PCW_FPGA_FCLK{i}_ENABLE",
        "divisor0": "PCW_FCLK{i}_PERIPHERAL_DIVISOR0",
        "divisor1": "PCW_FCLK{i}_PERIPHERAL_DIVISOR1",
        "source": "PCW_FCLK{i}_PERIPHERAL_CLKSRC",
        # PYNQ 4.0 looks for the frequency under the other family's name, and fails without it
        "frequency": "PSU__CRL_APB__PL{i}_REF_CTRL__ACT_FREQMHZ",
    },
)

PROCESSORS = {p.architecture: p for p in (ZYNQ_ULTRASCALE, ZYNQ_7000)}
"""By architecture."""
