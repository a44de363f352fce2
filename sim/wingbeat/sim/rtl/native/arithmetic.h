// What the models of hw/rtl/behaviour call: the arithmetic of wingbeat.hw.arithmetic in C.
// `float` must be IEEE-754 single precision, computed as such (-ffast-math would not do).

#pragma once

#include <cstdint>
#include <cstring>

namespace arithmetic {

constexpr uint32_t SIGN = 0x80000000u, INFINITY_BITS = 0x7F800000u, QUIET_NAN = 0x7FC00000u;
constexpr uint32_t SMALLEST_NORMAL = 0x00800000u;

inline float number(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// No subnormals, one NaN: `arithmetic.fp32.settle`.
inline uint32_t settled(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const uint32_t magnitude = bits & ~SIGN;
    if (__builtin_expect(magnitude > INFINITY_BITS, 0)) return QUIET_NAN;
    return magnitude < SMALLEST_NORMAL ? bits & SIGN : bits;
}

}  // namespace arithmetic

extern "C" inline uint32_t wingbeat_fp32_add(uint32_t a, uint32_t b) {
    return arithmetic::settled(arithmetic::number(a) + arithmetic::number(b));
}

extern "C" inline uint32_t wingbeat_fp32_multiply(uint32_t a, uint32_t b) {
    return arithmetic::settled(arithmetic::number(a) * arithmetic::number(b));
}

// The half has no infinity: an exponent of 31 is an ordinary one (`arithmetic.half`).
extern "C" inline uint32_t wingbeat_integer_scale(int32_t integer, uint32_t scale) {
    const uint32_t exponent = scale >> 10 & 31;
    const uint32_t significand = (scale & 1023) | uint32_t(exponent != 0) << 10;
    const uint64_t magnitude = uint64_t(integer < 0 ? -integer : integer) * significand;
    const uint64_t power_bits = uint64_t(1023 - 25 + (exponent | (exponent == 0))) << 52;
    double power;
    std::memcpy(&power, &power_bits, sizeof power);
    const float product = float(double(magnitude) * power);
    uint32_t bits;
    std::memcpy(&bits, &product, sizeof bits);
    return bits | (scale >> 15 ^ uint32_t(integer < 0)) << 31;
}

// The result of a group, `arithmetic.matrix`: (integer * scale + sum * minimum) * factor.
extern "C" inline uint32_t wingbeat_scaled(int32_t integer, uint32_t scale, int32_t sum,
                                           uint32_t minimum, uint32_t factor) {
    const uint32_t scaled = wingbeat_integer_scale(integer, scale);
    const uint32_t offset = wingbeat_integer_scale(sum, minimum);
    return wingbeat_fp32_multiply(wingbeat_fp32_add(scaled, offset), factor);
}

// 16 products in each of two fields: 32 bits of the result each.
extern "C" inline unsigned long long wingbeat_chain_sums(const uint32_t* low, const uint32_t* high,
                                                         const uint32_t* factor) {
    int8_t narrow[3][16];
    std::memcpy(narrow[0], low, 16);
    std::memcpy(narrow[1], high, 16);
    std::memcpy(narrow[2], factor, 16);
    int16_t wide[3][16];  // so that compilers find the processor's multiply-add of 16 bits
    for (int i = 0; i < 3; ++i) {
        for (int k = 0; k < 16; ++k) wide[i][k] = narrow[i][k];
    }
    int32_t first = 0, second = 0;
    for (int k = 0; k < 16; ++k) first += wide[0][k] * wide[2][k];
    for (int k = 0; k < 16; ++k) second += wide[1][k] * wide[2][k];
    return uint32_t(first) | uint64_t(uint32_t(second)) << 32;
}
