"""A board server: PYNQ's remote protocol in front of the accelerator in Verilator."""
