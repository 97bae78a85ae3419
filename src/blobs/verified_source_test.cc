#include "blobs/verified_source.h"

#include <gtest/gtest.h>

#include "blobs/conformance/blob_store_conformance.h"

namespace safelight {
namespace {

using Bytes = std::vector<std::byte>;

Result<std::unique_ptr<ByteSource>> verified(const Bytes& stored, const Bytes& expected) {
    return make_verified_source(std::make_unique<MemorySource>(stored), expected.size(), sha256_of(expected));
}

/// Reads in pieces until the end or an error.
struct Download {
    Bytes bytes;
    std::optional<ErrorCode> error;
};
Download download(ByteSource& source, std::size_t piece_size) {
    Download result;
    Bytes piece(piece_size);
    for (;;) {
        const auto count = source.read_at(result.bytes.size(), piece);
        if (!count) result.error = count.error().code;
        if (!count || *count == 0) return result;
        result.bytes.insert(result.bytes.end(), piece.begin(),
                            piece.begin() + static_cast<std::ptrdiff_t>(*count));
    }
}

constexpr std::size_t piece_sizes[] = {1, 7, 999, 1'000, 1'001, 65'536};

TEST(VerifiedSource, WholeContentPasses) {
    const Bytes bytes = noise(1'000);
    for (const std::size_t piece_size : piece_sizes) {
        const auto source = verified(bytes, bytes);
        ASSERT_TRUE(source);
        EXPECT_EQ((*source)->size_bytes(), bytes.size());
        const Download result = download(**source, piece_size);
        EXPECT_EQ(result.error, std::nullopt);
        EXPECT_EQ(result.bytes, bytes);
    }
}

TEST(VerifiedSource, OneTurnedBitAnywhereNeverLooksComplete) {
    const Bytes bytes = noise(1'000);
    for (const std::size_t position : {std::size_t{0}, std::size_t{500}, std::size_t{999}}) {
        Bytes damaged = bytes;
        damaged[position] ^= std::byte{0x10};
        for (const std::size_t piece_size : piece_sizes) {
            const auto source = verified(damaged, bytes);
            ASSERT_TRUE(source);
            const Download result = download(**source, piece_size);
            EXPECT_EQ(result.error, ErrorCode::corrupt_blob);
            EXPECT_LT(result.bytes.size(), bytes.size());
        }
    }
}

TEST(VerifiedSource, AWrongLengthIsSeenAtOnce) {
    const Bytes bytes = noise(1'000);
    for (const std::size_t stored : {std::size_t{0}, std::size_t{999}, std::size_t{1'001}}) {
        const auto source = verified(noise(stored), bytes);
        ASSERT_FALSE(source);
        EXPECT_EQ(source.error().code, ErrorCode::corrupt_blob);
    }
}

TEST(VerifiedSource, AnEmptyBlobIsCheckedAtOnce) {
    EXPECT_TRUE(verified({}, {}));
    const auto source = make_verified_source(std::make_unique<MemorySource>(Bytes{}), 0, sha256_of(noise(1)));
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().code, ErrorCode::corrupt_blob);
}

/// Says that it is longer than it is.
class ShortSource final : public ByteSource {
  public:
    [[nodiscard]] std::uint64_t size_bytes() const override { return 10; }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte>) override {
        return offset == 0 ? 5 : 0;
    }
    [[nodiscard]] std::optional<int> descriptor() const override { return 0; }
};

TEST(VerifiedSource, ASourceThatEndsEarlyIsCorrupt) {
    const auto source = make_verified_source(std::make_unique<ShortSource>(), 10, Sha256{});
    ASSERT_TRUE(source);
    EXPECT_EQ(download(**source, 10).error, ErrorCode::corrupt_blob);
}

TEST(VerifiedSource, HasNoDescriptorThatWouldGoPastIt) {
    const auto source = make_verified_source(std::make_unique<ShortSource>(), 10, Sha256{});
    ASSERT_TRUE(source);
    EXPECT_EQ((*source)->descriptor(), std::nullopt);
}

TEST(VerifiedSource, ReadingOutOfOrderIsRefused) {
    const Bytes bytes = noise(1'000);
    const auto source = verified(bytes, bytes);
    ASSERT_TRUE(source);
    Bytes piece(100);
    ASSERT_TRUE((*source)->read_at(0, piece));
    for (const std::uint64_t offset : {0, 99, 101, 999}) {
        const auto count = (*source)->read_at(offset, piece);
        ASSERT_FALSE(count);
        EXPECT_EQ(count.error().code, ErrorCode::internal);
    }
    EXPECT_EQ((*source)->read_at(100, piece), 100U) << "a refused read changes nothing";
}

}  // namespace
}  // namespace safelight
