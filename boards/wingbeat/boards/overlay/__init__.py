"""Overlays for PYNQ: the pair of .bit and .hwh that tells a host what is in the fabric."""
