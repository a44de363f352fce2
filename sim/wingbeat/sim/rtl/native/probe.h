// Notes the events of a port of at most 64 bits, cycle by cycle.

#pragma once

#include <cstdint>
#include <vector>

#include "port.h"

struct Event {
    uint64_t cycle, value;
};

class Probe {
  public:
    Probe(const Port& port, uint64_t pulses, uint64_t levels)
        : port(port), pulses(pulses), levels(levels) {}

    // Look at what is settled, just before the clock rises.
    void observe(uint64_t cycle) {
        uint64_t value = port.value();
        if (value & pulses || (value ^ last) & levels) noted.push_back({cycle, value});
        last = value;
    }

    const std::vector<Event>& events() const { return noted; }

  private:
    Port port;
    uint64_t pulses;  // an event in each cycle in which one of these bits is 1
    uint64_t levels;  // an event in each cycle in which one of these bits has changed; 0 at first
    uint64_t last = 0;
    std::vector<Event> noted;
};
