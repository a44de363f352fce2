// A port of the Verilated model, and random numbers.

#pragma once

#include <cstdint>
#include <cstring>

struct Port {
    void* storage;
    int bytes;  // of the storage: 1, 2, 4, 8 or a multiple of 4
    int width;  // bits

    int words() const { return (width + 63) / 64; }

    void read(uint64_t* words64) const {
        words64[words() - 1] = 0;
        std::memcpy(words64, storage, bytes);
    }

    // Verilator relies on zeros above the width
    void write(const uint64_t* words64) {
        int last = words() - 1, rest = width % 64;
        uint64_t top = rest ? words64[last] & ((uint64_t(1) << rest) - 1) : words64[last];
        if (last) std::memcpy(storage, words64, last * 8);
        std::memcpy(static_cast<char*>(storage) + last * 8, &top, bytes - last * 8);
    }

    // for ports of at most 64 bits; several a cycle, so not by `memcpy` of a size that varies
    uint64_t value() const {
        switch (bytes) {
            case 1: return *static_cast<const uint8_t*>(storage);
            case 2: return *static_cast<const uint16_t*>(storage);
            case 4: return *static_cast<const uint32_t*>(storage);
            default: return *static_cast<const uint64_t*>(storage);
        }
    }

    void assign(uint64_t value) {
        if (width < 64) value &= (uint64_t(1) << width) - 1;
        switch (bytes) {
            case 1: *static_cast<uint8_t*>(storage) = uint8_t(value); break;
            case 2: *static_cast<uint16_t*>(storage) = uint16_t(value); break;
            case 4: *static_cast<uint32_t*>(storage) = uint32_t(value); break;
            default: *static_cast<uint64_t*>(storage) = value;
        }
    }
};

struct Xorshift {
    uint64_t state;

    // a state of zero would stay zero
    explicit Xorshift(uint64_t seed) : state(seed * 0x9E3779B97F4A7C15u | 1) { next(); }

    uint64_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
    }

    // true with probability / 2^32
    bool below(uint64_t probability) { return (next() >> 32) < probability; }
};
