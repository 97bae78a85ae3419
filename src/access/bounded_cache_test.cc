#include "access/bounded_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace safelight {
namespace {

Sha256 hash_of(int number) {
    const std::string text = std::to_string(number);
    return sha256_of(std::as_bytes(std::span(text)));
}

TEST(BoundedCache, TheOldestMakesRoom) {
    BoundedCache<int> cache(2);
    for (int i = 0; i < 3; ++i) cache.put(hash_of(i), i);
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_EQ(cache.find(hash_of(0)), nullptr);
    ASSERT_NE(cache.find(hash_of(1)), nullptr);
    EXPECT_EQ(*cache.find(hash_of(2)), 2);
}

TEST(BoundedCache, APutReplacesAndMakesYoung) {
    BoundedCache<int> cache(2);
    cache.put(hash_of(1), 1);
    cache.put(hash_of(2), 2);
    cache.put(hash_of(1), 10);
    EXPECT_EQ(cache.size(), 2U);
    cache.put(hash_of(3), 3);
    EXPECT_EQ(cache.find(hash_of(2)), nullptr);
    EXPECT_EQ(*cache.find(hash_of(1)), 10);
}

TEST(BoundedCache, ForgetsWhatItIsTold) {
    BoundedCache<int> cache(2);
    cache.put(hash_of(1), 1);
    cache.erase(hash_of(1));
    cache.erase(hash_of(1));
    EXPECT_EQ(cache.find(hash_of(1)), nullptr);
    EXPECT_EQ(cache.size(), 0U);
}

TEST(BoundedCache, OfNoEntriesKeepsNone) {
    BoundedCache<int> cache(0);
    cache.put(hash_of(1), 1);
    EXPECT_EQ(cache.find(hash_of(1)), nullptr);
}

}  // namespace
}  // namespace safelight
