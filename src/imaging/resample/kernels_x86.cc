#include "imaging/resample/kernels_x86.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "imaging/resample/light.h"
#include "imaging/resample/taps.h"

#define SAFELIGHT_AVX2 __attribute__((target("avx2")))
#define SAFELIGHT_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")))

namespace safelight {
namespace {

constexpr int half = 1 << (weight_bits - 1);

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
    portable_kernels().combine_columns(samples, first.subspan(o), weights, taps, out + o);
}

SAFELIGHT_AVX2 __m256i load256(const std::int16_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

/// 16 sums, scaled back.
SAFELIGHT_AVX2 void store_scaled(__m256i a, __m256i b, std::int16_t* out) {
    // packs works within each half: put the quarters back in order.
    const __m256i mixed =
        _mm256_packs_epi32(_mm256_srai_epi32(a, weight_bits), _mm256_srai_epi32(b, weight_bits));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                        _mm256_permute4x64_epi64(mixed, _MM_SHUFFLE(3, 1, 2, 0)));
}

SAFELIGHT_AVX2 void combine_rows_avx2(std::span<const std::int16_t* const> rows, const std::int16_t* weights,
                                      std::size_t lanes, std::int16_t* out) {
    std::size_t i = 0;
    for (; i + 32 <= lanes; i += 32) {
        __m256i a = _mm256_set1_epi32(half);
        __m256i b = a;
        __m256i c = a;
        __m256i d = a;
        for (std::size_t p = 0; p < rows.size(); ++p) {
            const __m256i weight = _mm256_set1_epi32(weight_pair(weights, p));
            const std::int16_t* row = rows[p] + 2 * i;
            a = _mm256_add_epi32(a, _mm256_madd_epi16(load256(row), weight));
            b = _mm256_add_epi32(b, _mm256_madd_epi16(load256(row + 16), weight));
            c = _mm256_add_epi32(c, _mm256_madd_epi16(load256(row + 32), weight));
            d = _mm256_add_epi32(d, _mm256_madd_epi16(load256(row + 48), weight));
        }
        store_scaled(a, b, out + i);
        store_scaled(c, d, out + i + 16);
    }
    for (; i < lanes; i += 16) {
        __m256i a = _mm256_set1_epi32(half);
        __m256i b = a;
        for (std::size_t p = 0; p < rows.size(); ++p) {
            const __m256i weight = _mm256_set1_epi32(weight_pair(weights, p));
            const std::int16_t* row = rows[p] + 2 * i;
            a = _mm256_add_epi32(a, _mm256_madd_epi16(load256(row), weight));
            b = _mm256_add_epi32(b, _mm256_madd_epi16(load256(row + 16), weight));
        }
        store_scaled(a, b, out + i);
    }
}

template <std::size_t Taps>
SAFELIGHT_AVX2 __m256i sum_of_products_avx2(const std::int16_t* samples, const std::int16_t* weights) {
    __m256i sum = _mm256_setzero_si256();
    for (std::size_t i = 0; i + 16 <= Taps; i += 16) {
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(load256(samples + i), load256(weights + i)));
    }
    if constexpr (Taps % 16 != 0) {
        const __m128i rest = _mm_madd_epi16(load128(samples + Taps - 8), load128(weights + Taps - 8));
        sum = _mm256_add_epi32(sum, _mm256_zextsi128_si256(rest));
    }
    return sum;
}

/// Within each half, the four lanes of each added up.
SAFELIGHT_AVX2 __m256i sums_of_halves(__m256i a, __m256i b, __m256i c, __m256i d) {
    const __m256i ab = _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    const __m256i cd = _mm256_add_epi32(_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
    return _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
}

template <std::size_t Taps>
SAFELIGHT_AVX2 void combine_columns_of(const std::int16_t* samples, std::span<const std::uint32_t> first,
                                       const std::int16_t* weights, std::int16_t* out) {
    std::size_t o = 0;
    for (; o + 8 <= first.size(); o += 8, weights += 8 * Taps) {
        const std::uint32_t* from = first.data() + o;
        const __m256i low = sums_of_halves(sum_of_products_avx2<Taps>(samples + from[0], weights),
                                           sum_of_products_avx2<Taps>(samples + from[1], weights + Taps),
                                           sum_of_products_avx2<Taps>(samples + from[2], weights + 2 * Taps),
                                           sum_of_products_avx2<Taps>(samples + from[3], weights + 3 * Taps));
        const __m256i high =
            sums_of_halves(sum_of_products_avx2<Taps>(samples + from[4], weights + 4 * Taps),
                           sum_of_products_avx2<Taps>(samples + from[5], weights + 5 * Taps),
                           sum_of_products_avx2<Taps>(samples + from[6], weights + 6 * Taps),
                           sum_of_products_avx2<Taps>(samples + from[7], weights + 7 * Taps));
        const __m256i whole = _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20),
                                               _mm256_permute2x128_si256(low, high, 0x31));
        const __m256i scaled =
            _mm256_srai_epi32(_mm256_add_epi32(whole, _mm256_set1_epi32(half)), weight_bits);
        _mm_storeu_si128(
            reinterpret_cast<__m128i*>(out + o),
            _mm_packs_epi32(_mm256_castsi256_si128(scaled), _mm256_extracti128_si256(scaled, 1)));
    }
    combine_columns_sse2(samples, first.subspan(o), weights, Taps, out + o);
}

/// Unrolled for the counts that a shrink by less than 4 comes to, and an enlargement.
SAFELIGHT_AVX2 void combine_columns_avx2(const std::int16_t* samples, std::span<const std::uint32_t> first,
                                         const std::int16_t* weights, std::size_t taps, std::int16_t* out) {
    switch (taps) {
        case 8:
            return combine_columns_of<8>(samples, first, weights, out);
        case 16:
            return combine_columns_of<16>(samples, first, weights, out);
        case 24:
            return combine_columns_of<24>(samples, first, weights, out);
        case 32:
            return combine_columns_of<32>(samples, first, weights, out);
        default:
            return combine_columns_sse2(samples, first, weights, taps, out);
    }
}

/// light_of_srgb() by bytes: the lower ones of 256 values in four registers, and the higher ones.
struct LightBytes {
    std::array<__m512i, 4> low;
    std::array<__m512i, 4> high;
};

SAFELIGHT_AVX512 LightBytes light_bytes() {
    alignas(64) static const auto bytes = [] {
        std::array<std::array<std::uint8_t, 256>, 2> all{};
        for (std::size_t i = 0; i < 256; ++i) {
            const auto light = static_cast<std::uint16_t>(light_of_srgb()[i]);
            all[0][i] = static_cast<std::uint8_t>(light & 0xffU);
            all[1][i] = static_cast<std::uint8_t>(light >> 8U);
        }
        return all;
    }();
    LightBytes registers;
    for (std::size_t i = 0; i < 4; ++i) {
        registers.low[i] = _mm512_loadu_si512(bytes[0].data() + 64 * i);
        registers.high[i] = _mm512_loadu_si512(bytes[1].data() + 64 * i);
    }
    return registers;
}

SAFELIGHT_AVX512 __m512i look_up(const std::array<__m512i, 4>& table, __m512i index) {
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index),
                                  _mm512_permutex2var_epi8(table[0], index, table[1]),
                                  _mm512_permutex2var_epi8(table[2], index, table[3]));
}

/// The lowest `count` of 64.
std::uint64_t first_bits(std::size_t count) {
    return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

/// Where the 64 samples of a register go before their bytes are interleaved twice, within each quarter: so
/// that sample 16p + 4q + i becomes the i-th of quarter q in the p-th of four registers.
constexpr std::size_t place_of(std::size_t position) {
    return position % 16 / 4 * 16 + position / 16 * 4 + position % 4;
}

/// 64 int16 pairs from `out` on, or `count` when that is less, get the light of 64 samples of the upper row
/// and of the lower one; both in the order of place_of().
SAFELIGHT_AVX512 void store_light(const LightBytes& light, __m512i upper, __m512i lower, std::size_t count,
                                  std::int16_t* out) {
    const __m512i upper_low = look_up(light.low, upper);
    const __m512i upper_high = look_up(light.high, upper);
    const __m512i lower_low = look_up(light.low, lower);
    const __m512i lower_high = look_up(light.high, lower);
    const __m512i upper_begin = _mm512_unpacklo_epi8(upper_low, upper_high);
    const __m512i upper_end = _mm512_unpackhi_epi8(upper_low, upper_high);
    const __m512i lower_begin = _mm512_unpacklo_epi8(lower_low, lower_high);
    const __m512i lower_end = _mm512_unpackhi_epi8(lower_low, lower_high);
    const std::array parts{
        _mm512_unpacklo_epi16(upper_begin, lower_begin), _mm512_unpackhi_epi16(upper_begin, lower_begin),
        _mm512_unpacklo_epi16(upper_end, lower_end), _mm512_unpackhi_epi16(upper_end, lower_end)};
    if (count >= 64) {
        for (std::size_t p = 0; p < 4; ++p) _mm512_storeu_si512(out + 32 * p, parts[p]);
        return;
    }
    for (std::size_t p = 0; p < 4 && 16 * p < count; ++p) {
        const auto wanted = static_cast<__mmask16>(first_bits(std::min<std::size_t>(16, count - 16 * p)));
        _mm512_mask_storeu_epi32(out + 32 * p, wanted, parts[p]);
    }
}

using Places = std::array<std::uint8_t, 64>;

constexpr Places places_of_grey = [] {
    Places places{};
    for (std::size_t i = 0; i < 64; ++i) places[i] = static_cast<std::uint8_t>(place_of(i));
    return places;
}();

/// Of the samples of each of three channels among 64 pixels.
constexpr std::array<Places, 3> places_of_rgb = [] {
    std::array<Places, 3> places{};
    for (std::size_t c = 0; c < 3; ++c) {
        for (std::size_t i = 0; i < 64; ++i) places[c][i] = static_cast<std::uint8_t>(3 * place_of(i) + c);
    }
    return places;
}();

/// 64 samples of one channel from 64 pixels.
SAFELIGHT_AVX512 __m512i channel_of(const std::array<__m512i, 3>& pixels, std::size_t channel) {
    const __m512i places = _mm512_loadu_si512(places_of_rgb[channel].data());
    // The uppermost bit tells the third register from the first two; the lookups do not see it.
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(places),
                                  _mm512_permutex2var_epi8(pixels[0], places, pixels[1]),
                                  _mm512_permutexvar_epi8(places, pixels[2]));
}

SAFELIGHT_AVX512 __m512i load_bytes(const std::uint8_t* from, std::size_t count) {
    return _mm512_maskz_loadu_epi8(first_bits(count), from);
}

SAFELIGHT_AVX512 std::array<__m512i, 3> load_pixels(const std::uint8_t* from, std::size_t count) {
    const std::size_t bytes = 3 * count;
    return {load_bytes(from, bytes), load_bytes(from + 64, bytes < 64 ? 0 : bytes - 64),
            load_bytes(from + 128, bytes < 128 ? 0 : bytes - 128)};
}

SAFELIGHT_AVX512 void spread_light_avx512(const std::uint8_t* upper, const std::uint8_t* lower,
                                          std::uint32_t channels, std::size_t count, std::size_t plane,
                                          std::int16_t* out) {
    const LightBytes light = light_bytes();
    for (std::size_t x = 0; x < count; x += 64) {
        const std::size_t left = count - x;
        const std::size_t at = x * channels;
        std::int16_t* to = out + 2 * x;
        if (channels == 1) {
            const __m512i places = _mm512_loadu_si512(places_of_grey.data());
            store_light(light, _mm512_permutexvar_epi8(places, load_bytes(upper + at, left)),
                        _mm512_permutexvar_epi8(places, load_bytes(lower + at, left)), left, to);
            continue;
        }
        const auto above = load_pixels(upper + at, left);
        const auto below = load_pixels(lower + at, left);
        for (std::size_t c = 0; c < 3; ++c) {
            store_light(light, channel_of(above, c), channel_of(below, c), left, to + 2 * c * plane);
        }
    }
}

/// Blocks × 16 lanes.
template <std::size_t Blocks>
SAFELIGHT_AVX512 void combine_blocks(std::span<const std::int16_t* const> rows, const std::int16_t* weights,
                                     std::size_t first_lane, std::int16_t* out) {
    std::array<__m512i, Blocks> sums;
    for (__m512i& sum : sums) sum = _mm512_set1_epi32(half);
    for (std::size_t p = 0; p < rows.size(); ++p) {
        const __m512i weight = _mm512_set1_epi32(weight_pair(weights, p));
        const std::int16_t* row = rows[p] + 2 * first_lane;
        for (std::size_t b = 0; b < Blocks; ++b)
            sums[b] = _mm512_dpwssd_epi32(sums[b], _mm512_loadu_si512(row + 32 * b), weight);
    }
    for (std::size_t b = 0; b < Blocks; ++b) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + first_lane + 16 * b),
                            _mm512_cvtsepi32_epi16(_mm512_srai_epi32(sums[b], weight_bits)));
    }
}

SAFELIGHT_AVX512 void combine_rows_avx512(std::span<const std::int16_t* const> rows,
                                          const std::int16_t* weights, std::size_t lanes, std::int16_t* out) {
    std::size_t i = 0;
    for (; i + 64 <= lanes; i += 64) combine_blocks<4>(rows, weights, i, out);
    for (; i < lanes; i += 16) combine_blocks<1>(rows, weights, i, out);
}

bool has_avx512() {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512vbmi") != 0 &&
           __builtin_cpu_supports("avx512vnni") != 0;
}

}  // namespace

void add_x86_kernels(std::vector<Kernels>& kernels) {
    const SpreadLight by_table = kernels.back().spread_light;
    kernels.push_back({"sse2", by_table, combine_rows_sse2, combine_columns_sse2});
    if (__builtin_cpu_supports("avx2") == 0) return;
    kernels.push_back({"avx2", by_table, combine_rows_avx2, combine_columns_avx2});
    if (!has_avx512()) return;
    kernels.push_back({"avx512", spread_light_avx512, combine_rows_avx512, combine_columns_avx2});
}

}  // namespace safelight

#else

namespace safelight {

void add_x86_kernels(std::vector<Kernels>&) {}

}  // namespace safelight

#endif
