"""From a recording of a device to what people look at."""
