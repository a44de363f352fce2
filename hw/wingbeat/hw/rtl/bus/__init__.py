"""AXI: signatures, the engines that read and write beats, and who may use a port."""
