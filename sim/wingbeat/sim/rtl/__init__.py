"""RTL in process: Amaranth to Verilog to Verilator to a shared library, driven by ctypes."""
