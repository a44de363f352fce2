"""Software: devices, token streaming and the command line."""
