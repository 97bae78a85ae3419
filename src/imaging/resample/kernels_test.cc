#include "imaging/resample/kernels.h"

#include <gtest/gtest.h>

#include <random>

#include "imaging/resample/light.h"

namespace safelight {
namespace {

std::vector<std::int16_t> random_values(std::mt19937& random, std::size_t count, int lowest, int highest) {
    std::uniform_int_distribution<int> value(lowest, highest);
    std::vector<std::int16_t> values(count);
    for (std::int16_t& each : values) each = static_cast<std::int16_t>(value(random));
    return values;
}

TEST(Kernels, AllSpreadLightToTheSameBits) {
    std::mt19937 random(9);
    for (const std::uint32_t channels : {1U, 3U}) {
        for (const std::size_t count : {1U, 15U, 16U, 17U, 63U, 64U, 65U, 128U, 200U, 1'000U}) {
            // Every value occurs, and the rows end where the memory does.
            std::vector<std::uint8_t> upper(channels * count);
            std::vector<std::uint8_t> lower(channels * count);
            for (std::uint8_t& sample : upper) sample = static_cast<std::uint8_t>(random());
            for (std::uint8_t& sample : lower) sample = static_cast<std::uint8_t>(random());
            const std::size_t plane = (count + lane_block - 1) / lane_block * lane_block;
            const auto before = random_values(random, 2 * channels * plane, -2000, 18000);
            auto expected = before;
            for (std::size_t i = 0; i < upper.size(); ++i) {
                const std::size_t lane = i % channels * plane + i / channels;
                expected[2 * lane] = light_of_srgb()[upper[i]];
                expected[2 * lane + 1] = light_of_srgb()[lower[i]];
            }
            for (const Kernels& kernels : available_kernels()) {
                auto out = before;
                kernels.spread_light(upper.data(), lower.data(), channels, count, plane, out.data());
                EXPECT_EQ(out, expected) << kernels.name << ", " << channels << " × " << count;
            }
        }
    }
}

TEST(Kernels, AllCombineRowsToTheSameBits) {
    std::mt19937 random(7);
    for (const std::size_t pairs : {1U, 2U, 3U, 12U}) {
        constexpr std::size_t lanes = 5 * lane_block;
        std::vector<std::vector<std::int16_t>> rows;
        std::vector<const std::int16_t*> pointers;
        for (std::size_t p = 0; p < pairs; ++p)
            rows.push_back(random_values(random, 2 * lanes, -2000, 18000));
        for (const auto& row : rows) pointers.push_back(row.data());
        const auto weights = random_values(random, 2 * pairs, -2000, 9000);
        std::vector<std::int16_t> expected(lanes);
        portable_kernels().combine_rows(pointers, weights.data(), lanes, expected.data());
        for (const Kernels& kernels : available_kernels()) {
            std::vector<std::int16_t> out(lanes);
            kernels.combine_rows(pointers, weights.data(), lanes, out.data());
            EXPECT_EQ(out, expected) << kernels.name << ", " << pairs << " pairs";
        }
    }
}

TEST(Kernels, AllCombineColumnsToTheSameBits) {
    std::mt19937 random(8);
    for (const std::size_t outputs : {1U, 3U, 4U, 8U, 9U, 29U}) {
        for (const std::size_t taps : {8U, 16U, 24U, 32U, 40U}) {
            const auto samples = random_values(random, 100 + taps, -2000, 18000);
            const auto weights = random_values(random, outputs * taps, -2000, 3000);
            std::vector<std::uint32_t> first;
            for (std::uint32_t o = 0; o < outputs; ++o) first.push_back(o * 11 % 100);
            std::vector<std::int16_t> expected(outputs);
            portable_kernels().combine_columns(samples.data(), first, weights.data(), taps, expected.data());
            for (const Kernels& kernels : available_kernels()) {
                std::vector<std::int16_t> out(outputs);
                kernels.combine_columns(samples.data(), first, weights.data(), taps, out.data());
                EXPECT_EQ(out, expected) << kernels.name << ", " << outputs << " × " << taps;
            }
        }
    }
}

}  // namespace
}  // namespace safelight
