// What Python and the memory model share about one AXI4 port; laid out as in memory.py.

#pragma once

#include <cstdint>

struct Region {
    uint64_t start, size;  // bytes
    uint8_t* data;
    uint64_t writable;
};

enum Violation : uint32_t {
    NONE,
    READ_ADDRESS_UNSTABLE,   // valid withdrawn or payload changed before it was taken
    WRITE_ADDRESS_UNSTABLE,
    WRITE_DATA_UNSTABLE,
    CROSSES_4_KIB,
    NOT_INCR,
    NARROW,                  // the model knows transfers of the port's full width only
    UNALIGNED,
    LAST_MISPLACED,          // w.last does not agree with aw.len
};

constexpr uint64_t ANY_ID = ~uint64_t(0);
constexpr uint64_t NEVER = 4;  // beside AXI's responses

struct MemoryPort {
    // contents
    const Region* regions;
    uint64_t region_count;
    // timing
    uint64_t read_latency;   // cycles from ar to the first r
    uint64_t write_latency;  // cycles from the last w to b
    uint64_t rate;           // words a cycle, reads and writes together, times 2^16
    uint64_t refresh_interval, refresh_cycles, refresh_phase;
    uint64_t row_bytes, row_miss;  // a burst in another row than the one before waits so many cycles
    uint64_t stall;          // probability of a pause of each channel in a cycle, times 2^32
    uint64_t pause;          // cycles of a pause, at most
    uint64_t outstanding;    // bursts of each direction
    uint64_t seed;
    // Of the words read (or written) at start <= address < stop, with this id unless that is ANY_ID,
    // `after` are answered as usual, then `count` with this response; NEVER: no more answers.
    uint64_t fault_start, fault_stop, fault_writes, fault_id, fault_after, fault_count;
    uint64_t fault_response;
    // results
    uint64_t words_read, words_written;
    uint64_t faults;         // words that were answered with the fault's response, or not
    uint64_t violation, violation_cycle, violation_address;
};
