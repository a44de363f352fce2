"""The sequencer: fetch, scalar unit, loops, tokens and the units' queues."""
