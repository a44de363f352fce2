// Waves of some cycles, by the writer that Verilator brings along (WAVES_HEADER, WAVES_WRITER).

#pragma once

#include <cstdint>

#include WAVES_HEADER
#include "Vtop.h"
#include "port.h"

class Waves {
    static constexpr int ALL_LEVELS = 99;
    static constexpr uint64_t CYCLE = 1000;  // picoseconds: the time in ns is the cycle's number

  public:
    // Cycles count while bit 0 of `gate` is 1; without a gate, always.
    Waves(Vtop& top, const char* path, const Port* gate, uint64_t begin, uint64_t cycles)
        : gate(gate), begin(begin), cycles(cycles) {
        top.trace(&writer, ALL_LEVELS);
        writer.open(path);
    }

    bool open() const { return writer.isOpen(); }

    // everything is settled, the clock low
    void low() {
        bool counts = !gate || gate->value() & 1;
        inside = counts && count >= begin && count - begin < cycles;
        time = count * CYCLE;
        count += counts;
        if (inside) writer.dump(time);
    }

    // the clock has risen
    void high() {
        if (inside) writer.dump(time + CYCLE / 2);
    }

  private:
    const Port* gate;
    uint64_t begin, cycles;
    uint64_t count = 0, time = 0;
    bool inside = false;
    WAVES_WRITER writer;  // closes its file when it is destroyed
};
