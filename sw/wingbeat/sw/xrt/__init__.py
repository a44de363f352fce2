"""The `xrt` device: an Alveo card, or XRT's emulation of one, by XRT's own library."""
