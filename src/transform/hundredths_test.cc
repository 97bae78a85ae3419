#include "transform/hundredths.h"

#include <gtest/gtest.h>

#include <limits>

namespace safelight {
namespace {

TEST(Hundredths, EveryOneComesBackFromItsText) {
    for (std::uint32_t count = 0; count < 100'000; ++count) {
        const Hundredths number{count};
        ASSERT_EQ(hundredths_of(std::stod(text_of(number))), number);
    }
}

TEST(Hundredths, TextHasNoZerosAtTheEnd) {
    EXPECT_EQ(text_of({0}), "0");
    EXPECT_EQ(text_of({5}), "0.05");
    EXPECT_EQ(text_of({150}), "1.5");
    EXPECT_EQ(text_of({1234}), "12.34");
    EXPECT_EQ(text_of({1000}), "10");
}

TEST(Hundredths, RefusesOtherNumbers) {
    for (const double number : {-0.01, 0.001, 1.005, 10'000.0, std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::quiet_NaN()}) {
        EXPECT_EQ(hundredths_of(number), std::nullopt) << number;
    }
}

}  // namespace
}  // namespace safelight
