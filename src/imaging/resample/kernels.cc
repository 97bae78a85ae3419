#include "imaging/resample/kernels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "imaging/resample/taps.h"

namespace safelight {
namespace {

constexpr int half = 1 << (weight_bits - 1);

std::int16_t saturated(int value) {
    return static_cast<std::int16_t>(std::clamp<int>(value, std::numeric_limits<std::int16_t>::min(),
                                                     std::numeric_limits<std::int16_t>::max()));
}

void combine_rows_portable(std::span<const std::int16_t* const> rows, const std::int16_t* weights,
                           std::size_t lanes, std::int16_t* out) {
    for (std::size_t i = 0; i < lanes; ++i) {
        int sum = half;
        for (std::size_t p = 0; p < rows.size(); ++p) {
            sum += rows[p][2 * i] * weights[2 * p] + rows[p][2 * i + 1] * weights[2 * p + 1];
        }
        out[i] = saturated(sum >> weight_bits);
    }
}

void combine_columns_portable(const std::int16_t* samples, std::span<const std::uint32_t> first,
                              const std::int16_t* weights, std::size_t taps, std::int16_t* out) {
    for (std::size_t o = 0; o < first.size(); ++o, weights += taps) {
        int sum = half;
        for (std::size_t i = 0; i < taps; ++i) sum += samples[first[o] + i] * weights[i];
        out[o] = saturated(sum >> weight_bits);
    }
}

constexpr Kernels portable{"portable", combine_rows_portable, combine_columns_portable};

#if defined(__SSE2__)

int weight_pair(const std::int16_t* weights, std::size_t pair) {
    int both = 0;
    std::memcpy(&both, weights + 2 * pair, sizeof both);
    return both;
}

__m128i load128(const std::int16_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

void combine_rows_sse2(std::span<const std::int16_t* const> rows, const std::int16_t* weights,
                       std::size_t lanes, std::int16_t* out) {
    for (std::size_t i = 0; i < lanes; i += 16) {
        __m128i a = _mm_set1_epi32(half);
        __m128i b = a;
        __m128i c = a;
        __m128i d = a;
        for (std::size_t p = 0; p < rows.size(); ++p) {
            const __m128i weight = _mm_set1_epi32(weight_pair(weights, p));
            const std::int16_t* row = rows[p] + 2 * i;
            a = _mm_add_epi32(a, _mm_madd_epi16(load128(row), weight));
            b = _mm_add_epi32(b, _mm_madd_epi16(load128(row + 8), weight));
            c = _mm_add_epi32(c, _mm_madd_epi16(load128(row + 16), weight));
            d = _mm_add_epi32(d, _mm_madd_epi16(load128(row + 24), weight));
        }
        const __m128i low = _mm_packs_epi32(_mm_srai_epi32(a, weight_bits), _mm_srai_epi32(b, weight_bits));
        const __m128i high = _mm_packs_epi32(_mm_srai_epi32(c, weight_bits), _mm_srai_epi32(d, weight_bits));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), low);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i + 8), high);
    }
}

__m128i sum_of_products(const std::int16_t* samples, const std::int16_t* weights, std::size_t taps) {
    __m128i sum = _mm_madd_epi16(load128(samples), load128(weights));
    for (std::size_t i = tap_block; i < taps; i += tap_block) {
        sum = _mm_add_epi32(sum, _mm_madd_epi16(load128(samples + i), load128(weights + i)));
    }
    return sum;
}

/// The four lanes of each added up: one lane for each.
__m128i sums_of_lanes(__m128i a, __m128i b, __m128i c, __m128i d) {
    const __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
    const __m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
    return _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
}

void combine_columns_sse2(const std::int16_t* samples, std::span<const std::uint32_t> first,
                          const std::int16_t* weights, std::size_t taps, std::int16_t* out) {
    std::size_t o = 0;
    for (; o + 4 <= first.size(); o += 4, weights += 4 * taps) {
        const __m128i sums = sums_of_lanes(sum_of_products(samples + first[o], weights, taps),
                                           sum_of_products(samples + first[o + 1], weights + taps, taps),
                                           sum_of_products(samples + first[o + 2], weights + 2 * taps, taps),
                                           sum_of_products(samples + first[o + 3], weights + 3 * taps, taps));
        const __m128i scaled = _mm_srai_epi32(_mm_add_epi32(sums, _mm_set1_epi32(half)), weight_bits);
        _mm_storel_epi64(reinterpret_cast<__m128i*>(out + o), _mm_packs_epi32(scaled, scaled));
    }
    combine_columns_portable(samples, first.subspan(o), weights, taps, out + o);
}

constexpr Kernels sse2{"sse2", combine_rows_sse2, combine_columns_sse2};

__attribute__((target("avx2"))) __m256i load256(const std::int16_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

__attribute__((target("avx2"))) void combine_rows_avx2(std::span<const std::int16_t* const> rows,
                                                       const std::int16_t* weights, std::size_t lanes,
                                                       std::int16_t* out) {
    for (std::size_t i = 0; i < lanes; i += 16) {
        __m256i a = _mm256_set1_epi32(half);
        __m256i b = a;
        for (std::size_t p = 0; p < rows.size(); ++p) {
            const __m256i weight = _mm256_set1_epi32(weight_pair(weights, p));
            const std::int16_t* row = rows[p] + 2 * i;
            a = _mm256_add_epi32(a, _mm256_madd_epi16(load256(row), weight));
            b = _mm256_add_epi32(b, _mm256_madd_epi16(load256(row + 16), weight));
        }
        // packs works within each half: put the quarters back in order.
        const __m256i mixed =
            _mm256_packs_epi32(_mm256_srai_epi32(a, weight_bits), _mm256_srai_epi32(b, weight_bits));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i),
                            _mm256_permute4x64_epi64(mixed, _MM_SHUFFLE(3, 1, 2, 0)));
    }
}

constexpr Kernels avx2{"avx2", combine_rows_avx2, combine_columns_sse2};

#endif

}  // namespace

const Kernels& portable_kernels() {
    return portable;
}

std::span<const Kernels> available_kernels() {
#if defined(__SSE2__)
    static constexpr std::array all{portable, sse2, avx2};
    return std::span(all).first(__builtin_cpu_supports("avx2") != 0 ? 3 : 2);
#else
    static constexpr std::array all{portable};
    return all;
#endif
}

const Kernels& fastest_kernels() {
    return available_kernels().back();
}

}  // namespace safelight
