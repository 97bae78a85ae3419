#include "blobs/conformance/blob_store_conformance.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <latch>
#include <random>
#include <span>
#include <thread>

namespace safelight {
namespace {

using testing::IsEmpty;

using Bytes = std::vector<std::byte>;
constexpr std::uint64_t read_max = 16'000'000;

/// Everything under a key; a failure of the test otherwise.
Bytes content_of(BlobStore& store, BlobKey key) {
    auto source = store.open(key);
    if (!source) {
        ADD_FAILURE() << name_of(source.error().code) << ": " << source.error().log_text;
        return {};
    }
    auto bytes = read_all(**source, read_max);
    if (!bytes) ADD_FAILURE() << name_of(bytes.error().code) << ": " << bytes.error().log_text;
    return bytes.value_or(Bytes{});
}

ErrorCode code_of_open(BlobStore& store, BlobKey key) {
    const auto source = store.open(key);
    EXPECT_FALSE(source);
    return source ? ErrorCode::internal : source.error().code;
}

std::unique_ptr<BlobWriter> started(BlobStore& store, BlobKey key, std::span<const std::byte> bytes) {
    auto writer = store.create(key);
    EXPECT_TRUE(writer);
    if (!writer) return nullptr;
    EXPECT_TRUE((*writer)->write(bytes));
    return std::move(*writer);
}

}  // namespace

void BlobStoreConformance::SetUp() {
    fixture_ = GetParam().make();
    ASSERT_NE(fixture_, nullptr);
}

std::string blob_store_backend_name(const testing::TestParamInfo<BlobStoreBackend>& info) {
    return info.param.name;
}

std::vector<std::byte> noise(std::size_t size, std::uint32_t seed) {
    std::minstd_rand generator(seed);
    Bytes bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>((generator() >> 8) & 0xff);
    return bytes;
}

BlobListing listing_of(BlobStore& store) {
    BlobListing listing;
    const auto listed = store.list(
        [&](const BlobEntry& entry) -> Status {
            listing.entries.push_back(entry);
            return {};
        },
        [&](const std::string& name) { listing.foreign.push_back(name); });
    EXPECT_TRUE(listed) << listed.error().log_text;
    std::ranges::sort(listing.entries, {}, &BlobEntry::key);
    return listing;
}

TEST_P(BlobStoreConformance, WhatIsPutIsReadBack) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65'535}, std::size_t{65'536},
                                   std::size_t{65'537}, std::size_t{1'000'000}}) {
        const BlobKey key = new_key();
        const Bytes bytes = noise(size);
        const auto info = put(store(), key, bytes);
        ASSERT_TRUE(info) << info.error().log_text;
        EXPECT_EQ(*info, (BlobInfo{size, sha256_of(bytes)}));
        EXPECT_EQ(content_of(store(), key), bytes);
    }
}

TEST_P(BlobStoreConformance, PiecesOfAnyLengthBecomeOneBlob) {
    constexpr std::array<std::size_t, 6> piece_sizes{1, 4'097, 100'003, 0, 65'536, 13};
    const Bytes bytes = noise(5'000'000);
    const BlobKey key = new_key();
    auto writer = store().create(key);
    ASSERT_TRUE(writer);
    std::span<const std::byte> rest = bytes;
    for (std::size_t i = 0; !rest.empty(); ++i) {
        const auto piece = rest.first(std::min(rest.size(), piece_sizes.at(i % piece_sizes.size())));
        ASSERT_TRUE((*writer)->write(piece));
        rest = rest.subspan(piece.size());
    }
    EXPECT_EQ((*writer)->commit(), (BlobInfo{bytes.size(), sha256_of(bytes)}));
    EXPECT_EQ(content_of(store(), key), bytes);
}

TEST_P(BlobStoreConformance, ABlobIsNotVisibleBeforeItsCommit) {
    const BlobKey key = new_key();
    const Bytes bytes = noise(100);
    const auto writer = started(store(), key, bytes);
    ASSERT_TRUE(writer);
    EXPECT_EQ(code_of_open(store(), key), ErrorCode::not_found);
    ASSERT_TRUE(writer->commit());
    EXPECT_EQ(content_of(store(), key), bytes);
}

TEST_P(BlobStoreConformance, ACommittedBlobIsSeenByAnotherStore) {
    const BlobKey key = new_key();
    const Bytes bytes = noise(1'000);
    ASSERT_TRUE(put(store(), key, bytes));
    EXPECT_EQ(content_of(fixture().second_store(), key), bytes);
}

TEST_P(BlobStoreConformance, AnAbandonedWriteLeavesNothing) {
    const BlobKey key = new_key();
    (void)started(store(), key, noise(100'000));
    EXPECT_EQ(code_of_open(store(), key), ErrorCode::not_found);
    EXPECT_THAT(listing_of(store()).entries, IsEmpty());
}

TEST_P(BlobStoreConformance, AWriterMayOutliveItsCommit) {
    const BlobKey key = new_key();
    {
        const auto writer = started(store(), key, noise(10));
        ASSERT_TRUE(writer && writer->commit());
    }
    EXPECT_EQ(content_of(store(), key), noise(10));
}

TEST_P(BlobStoreConformance, AWriterEndsWithItsCommit) {
    const BlobKey key = new_key();
    const auto writer = started(store(), key, noise(10));
    ASSERT_TRUE(writer && writer->commit());
    const auto written = writer->write(noise(10));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::internal);
    const auto committed = writer->commit();
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().code, ErrorCode::internal);
    EXPECT_EQ(content_of(store(), key), noise(10));
}

TEST_P(BlobStoreConformance, AKeyIsWrittenOnce) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(store(), key, noise(10)));
    const auto again = put(store(), key, noise(20, 2));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::conflict);
    EXPECT_EQ(content_of(store(), key), noise(10));
}

TEST_P(BlobStoreConformance, OfRacingWritersExactlyOneWins) {
    constexpr std::size_t writers = 8;
    for (int round = 0; round < 20; ++round) {
        const BlobKey key = new_key();
        std::latch ready(writers);
        std::atomic<std::size_t> winners = 0;
        std::atomic<std::size_t> winner = writers;
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < writers; ++i) {
                threads.emplace_back([&, i] {
                    const Bytes bytes = noise(1'000 + i, static_cast<std::uint32_t>(i));
                    ready.arrive_and_wait();
                    const auto info = put(store(), key, bytes);
                    if (info) {
                        ++winners;
                        winner = i;
                    } else {
                        EXPECT_EQ(info.error().code, ErrorCode::conflict) << info.error().log_text;
                    }
                });
            }
        }
        ASSERT_EQ(winners, 1U);
        const std::size_t seed = winner;
        EXPECT_EQ(content_of(store(), key), noise(1'000 + seed, static_cast<std::uint32_t>(seed)));
    }
}

TEST_P(BlobStoreConformance, ALoserLeavesTheWinnersBlobAlone) {
    const BlobKey key = new_key();
    const auto first = started(store(), key, noise(10));
    ASSERT_TRUE(first);
    {
        auto second = fixture().second_store().create(key);
        if (second) {  // a store may also find out at the commit
            ASSERT_TRUE(first->commit());
            const auto lost = (*second)->commit();
            ASSERT_FALSE(lost);
            EXPECT_EQ(lost.error().code, ErrorCode::conflict);
        } else {
            EXPECT_EQ(second.error().code, ErrorCode::conflict);
            ASSERT_TRUE(first->commit());
        }
    }
    EXPECT_EQ(content_of(store(), key), noise(10));
    EXPECT_EQ(listing_of(store()).entries.size(), 1U);
}

TEST_P(BlobStoreConformance, OpeningWhatIsNotThereIsNotFound) {
    EXPECT_EQ(code_of_open(store(), new_key()), ErrorCode::not_found);
}

TEST_P(BlobStoreConformance, RemovingIsIdempotent) {
    const BlobKey key = new_key();
    EXPECT_TRUE(store().remove(key));
    ASSERT_TRUE(put(store(), key, noise(10)));
    EXPECT_TRUE(store().remove(key));
    EXPECT_EQ(code_of_open(store(), key), ErrorCode::not_found);
    EXPECT_TRUE(store().remove(key));
    EXPECT_THAT(listing_of(store()).entries, IsEmpty());
}

TEST_P(BlobStoreConformance, ManyAreRemovedTogether) {
    std::vector<BlobKey> keys;
    for (std::uint32_t i = 0; i < 5; ++i) {
        keys.push_back(new_key());
        ASSERT_TRUE(put(store(), keys.back(), noise(10, i)));
    }
    const BlobKey kept = new_key();
    ASSERT_TRUE(put(store(), kept, noise(20)));
    keys.insert(keys.begin() + 2, new_key());  // one that was never there
    keys.push_back(keys.front());              // and one twice
    for (int round = 0; round < 2; ++round) {
        const auto statuses = fixture().second_store().remove_many(keys);
        ASSERT_EQ(statuses.size(), keys.size());
        for (const Status& status : statuses) EXPECT_TRUE(status) << status.error().log_text;
    }
    for (const BlobKey key : keys) EXPECT_EQ(code_of_open(store(), key), ErrorCode::not_found);
    const auto entries = listing_of(store()).entries;
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries.front().key, kept);
}

TEST_P(BlobStoreConformance, RemovingNoneIsFine) {
    EXPECT_THAT(store().remove_many({}), IsEmpty());
}

TEST_P(BlobStoreConformance, WritesWhoseKeysAreRemovedTogetherNeverBecomeVisible) {
    std::vector<BlobKey> keys{new_key(), new_key(), new_key()};
    {
        std::vector<std::unique_ptr<BlobWriter>> writers;
        for (const BlobKey key : keys) {
            writers.push_back(started(store(), key, noise(fixture().unseen_write_bytes() + 10)));
            ASSERT_TRUE(writers.back());
        }
        for (const Status& status : fixture().second_store().remove_many(keys)) EXPECT_TRUE(status);
        for (const auto& writer : writers) {
            const auto info = writer->commit();
            ASSERT_FALSE(info);
            EXPECT_EQ(info.error().code, ErrorCode::cancelled);
        }
    }
    EXPECT_THAT(listing_of(store()).entries, IsEmpty());
}

TEST_P(BlobStoreConformance, RemovingTakesOnlyItsKey) {
    BlobKey key = new_key();
    BlobKey neighbour = key;
    neighbour.uuid.bytes[7] ^= 1;  // beside it, wherever a store puts a key by its ends
    ASSERT_TRUE(put(store(), key, noise(10)));
    ASSERT_TRUE(put(store(), neighbour, noise(20)));
    ASSERT_TRUE(store().remove(key));
    EXPECT_EQ(content_of(store(), neighbour), noise(20));
}

TEST_P(BlobStoreConformance, AnOpenSourceSurvivesRemoval) {
    const BlobKey key = new_key();
    const Bytes bytes = noise(300'000);
    ASSERT_TRUE(put(store(), key, bytes));
    const auto source = store().open(key);
    ASSERT_TRUE(source);
    ASSERT_TRUE(store().remove(key));
    const auto read = read_all(**source, read_max);
    if (fixture().sources_survive_removal() || read) {
        EXPECT_EQ(read, bytes);
    } else {
        EXPECT_EQ(read.error().code, ErrorCode::not_found);
    }
}

TEST_P(BlobStoreConformance, AWriteWhoseKeyIsRemovedNeverBecomesVisible) {
    const BlobKey key = new_key();
    {
        const auto writer = started(store(), key, noise(fixture().unseen_write_bytes() + 10));
        ASSERT_TRUE(writer);
        ASSERT_TRUE(fixture().second_store().remove(key));
        const auto info = writer->commit();
        ASSERT_FALSE(info);
        EXPECT_EQ(info.error().code, ErrorCode::cancelled);
    }
    EXPECT_EQ(code_of_open(store(), key), ErrorCode::not_found);
    EXPECT_THAT(listing_of(store()).entries, IsEmpty());
}

TEST_P(BlobStoreConformance, RangesAreReadToTheByte) {
    const BlobKey key = new_key();
    const Bytes bytes = noise(10'000);
    ASSERT_TRUE(put(store(), key, bytes));
    const auto source = store().open(key);
    ASSERT_TRUE(source);
    EXPECT_EQ((*source)->size_bytes(), bytes.size());
    struct Range {
        std::uint64_t offset;
        std::size_t wanted;
        std::size_t expected;
    };
    for (const Range range :
         {Range{0, 1, 1}, Range{0, 10'000, 10'000}, Range{0, 10'001, 10'000}, Range{9'999, 1, 1},
          Range{9'999, 2, 1}, Range{10'000, 1, 0}, Range{10'001, 5, 0}, Range{std::uint64_t{1} << 63, 5, 0},
          Range{5'000, 0, 0}, Range{1'234, 4'321, 4'321}}) {
        Bytes out(range.wanted);
        const auto count = (*source)->read_at(range.offset, out);
        ASSERT_EQ(count, range.expected) << range.offset;
        const auto from = static_cast<std::size_t>(std::min<std::uint64_t>(range.offset, bytes.size()));
        EXPECT_TRUE(std::ranges::equal(std::span(out).first(range.expected),
                                       std::span(bytes).subspan(from, range.expected)));
    }
}

TEST_P(BlobStoreConformance, AnEmptyBlobIsABlob) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(store(), key, {}));
    const auto source = store().open(key);
    ASSERT_TRUE(source);
    EXPECT_EQ((*source)->size_bytes(), 0U);
    std::array<std::byte, 1> out{};
    EXPECT_EQ((*source)->read_at(0, out), 0U);
}

TEST_P(BlobStoreConformance, ListingShowsBlobsAndUnfinishedWrites) {
    const BlobKey finished = new_key();
    const BlobKey unfinished = new_key();
    ASSERT_TRUE(put(store(), finished, noise(123)));
    const auto writer = started(store(), unfinished, noise(fixture().unseen_write_bytes() + 45));
    const auto entries = listing_of(fixture().second_store()).entries;
    ASSERT_EQ(entries.size(), fixture().lists_unfinished_writes() ? 2U : 1U);
    EXPECT_EQ(entries[0].key, finished);
    EXPECT_EQ(entries[0].size_bytes, 123U);
    EXPECT_FALSE(entries[0].unfinished);
    if (fixture().lists_unfinished_writes()) {
        EXPECT_EQ(entries[1].key, unfinished);
        EXPECT_TRUE(entries[1].unfinished);
    }
    const auto day_ago = SystemClock().now() - std::chrono::hours(24);
    for (const BlobEntry& entry : entries) EXPECT_GT(entry.modified_at, day_ago);
}

TEST_P(BlobStoreConformance, ListingNamesForeignThingsAndLeavesThemAlone) {
    const std::string name = "somebody else's";
    const bool placed = fixture().place_foreign(name);
    ASSERT_TRUE(put(store(), new_key(), noise(10)));
    for (int round = 0; round < 2; ++round) {
        const BlobListing listing = listing_of(store());
        EXPECT_EQ(listing.entries.size(), 1U);
        EXPECT_EQ(listing.foreign, placed ? std::vector{name} : std::vector<std::string>{});
    }
}

TEST_P(BlobStoreConformance, ListingStopsAtTheVisitorsError) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(put(store(), new_key(), noise(10)));
    int visits = 0;
    const auto stopped = store().list(
        [&](const BlobEntry&) -> Status {
            ++visits;
            return failure(ErrorCode::cancelled, "Enough.");
        },
        [](const std::string&) {});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
    EXPECT_EQ(visits, 1);
}

TEST_P(BlobStoreConformance, AVisitorMayRemoveWhatItSees) {
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(put(store(), new_key(), noise(10)));
    int visits = 0;
    ASSERT_TRUE(store().list(
        [&](const BlobEntry& entry) -> Status {
            ++visits;
            return store().remove(entry.key);
        },
        [](const std::string&) {}));
    EXPECT_EQ(visits, 50);
    EXPECT_THAT(listing_of(store()).entries, IsEmpty());
}

TEST_P(BlobStoreConformance, ManyThreadsAtOnce) {
    constexpr int threads = 8;
    constexpr int rounds = 12;
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
        workers.emplace_back([this, i] {
            for (int round = 0; round < rounds; ++round) {
                const BlobKey key = new_key();
                const auto seed = static_cast<std::uint32_t>(i * rounds + round);
                const Bytes bytes = noise(20'000 + seed, seed);
                EXPECT_EQ(put(store(), key, bytes), (BlobInfo{bytes.size(), sha256_of(bytes)}));
                EXPECT_EQ(content_of(store(), key), bytes);
                if (round % 2 == 0) EXPECT_TRUE(store().remove(key));
            }
        });
    }
    workers.clear();
    EXPECT_EQ(listing_of(store()).entries.size(), static_cast<std::size_t>(threads * rounds / 2));
}

TEST_P(BlobStoreConformance, CheckingLeavesNothingBehind) {
    for (int round = 0; round < 2; ++round) EXPECT_TRUE(store().check());
    const BlobListing listing = listing_of(store());
    EXPECT_THAT(listing.entries, IsEmpty());
    EXPECT_THAT(listing.foreign, IsEmpty());
}

}  // namespace safelight
