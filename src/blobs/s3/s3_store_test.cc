// Against a real S3 server.
#include "blobs/s3/s3_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/s3/testing/fault_server.h"
#include "blobs/s3/testing/test_store.h"

namespace safelight {
namespace {

using s3::lists_uploads_by_prefix;
using s3::RawBucket;
using s3::test_config;
using s3::test_store;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t read_max = 64 * MiB;

S3Config announcing(S3Config config) {
    config.announce_after = Milliseconds(0);
    return config;
}

class S3Fixture final : public BlobStoreFixture {
  public:
    explicit S3Fixture(S3Config config) : config_(std::move(config)) {}

    BlobStore& store() override { return *store_; }
    BlobStore& second_store() override { return *second_store_; }
    bool place_foreign(const std::string& name) override {
        return RawBucket(config_, clock_).place(config_.prefix + "/" + name, "foreign");
    }
    /// A small blob is one PUT, unless writes are announced.
    [[nodiscard]] std::size_t unseen_write_bytes() const override {
        return config_.announce_after.count() == 0 ? 0 : config_.part_bytes;
    }
    [[nodiscard]] bool lists_unfinished_writes() const override { return lists_uploads_by_prefix(); }
    /// Pieces are fetched when they are read.
    [[nodiscard]] bool sources_survive_removal() const override { return false; }

  private:
    const SystemClock clock_;
    const S3Config config_;
    const std::unique_ptr<S3Store> store_ = test_store(config_, clock_);
    const std::unique_ptr<S3Store> second_store_ = test_store(config_, clock_);
};

INSTANTIATE_TEST_SUITE_P(
    S3, BlobStoreConformance,
    testing::Values(BlobStoreBackend{"s3", [] { return std::make_unique<S3Fixture>(test_config()); }},
                    BlobStoreBackend{"s3_announced",
                                     [] { return std::make_unique<S3Fixture>(announcing(test_config())); }}),
    blob_store_backend_name);

class S3StoreTest : public testing::Test {
  protected:
    BlobKey new_key() { return keys_.next<BlobKey>(); }
    [[nodiscard]] std::string name_of(BlobKey key) const { return config_.prefix + "/" + key.to_string(); }

    ManualClock clock_{SystemClock().now()};
    IdGenerator keys_{clock_};
    S3Config config_ = test_config();
    RawBucket raw_{config_, clock_};
    std::unique_ptr<S3Store> store_ = test_store(config_, clock_);
};

TEST_F(S3StoreTest, ABlobIsAnObjectUnderThePrefix) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store_, key, noise(10)));
    EXPECT_THAT(raw_.objects(), ElementsAre(name_of(key)));
}

TEST_F(S3StoreTest, WhatIsLongerThanAPartIsReadBackAsItWas) {
    for (const std::size_t size : {config_.part_bytes - 1, config_.part_bytes, config_.part_bytes + 1,
                                   2 * config_.part_bytes, 3 * config_.part_bytes + 17}) {
        const BlobKey key = new_key();
        const auto bytes = noise(size);
        const auto info = put(*store_, key, bytes);
        ASSERT_TRUE(info) << info.error().log_text;
        EXPECT_EQ(*info, (BlobInfo{size, sha256_of(bytes)}));
        const auto source = store_->open(key);
        ASSERT_TRUE(source);
        EXPECT_EQ((*source)->size_bytes(), size);
        EXPECT_EQ(read_all(**source, read_max), bytes);
    }
    EXPECT_THAT(raw_.uploads(), IsEmpty());
}

TEST_F(S3StoreTest, AnAbandonedUploadLeavesNothing) {
    const BlobKey key = new_key();
    {
        auto writer = store_->create(key);
        ASSERT_TRUE(writer && (*writer)->write(noise(config_.part_bytes + 1)));
        EXPECT_EQ(raw_.uploads(name_of(key)).size(), 1U);
    }
    EXPECT_THAT(raw_.uploads(name_of(key)), IsEmpty());
    EXPECT_THAT(raw_.objects(), IsEmpty());
}

TEST_F(S3StoreTest, RemoveTakesWhatADeadProcessLeft) {
    const BlobKey key = new_key();
    for (int i = 0; i < 2; ++i) {
        const auto upload = raw_.bucket().start_upload(name_of(key), "dead");
        ASSERT_TRUE(upload && raw_.bucket().upload_part(name_of(key), upload->id, 1, noise(10)));
    }
    ASSERT_EQ(raw_.uploads(name_of(key)).size(), 2U);
    if (lists_uploads_by_prefix()) {
        const auto entries = listing_of(*store_).entries;
        ASSERT_FALSE(entries.empty());
        EXPECT_TRUE(entries.front().unfinished);
        EXPECT_EQ(entries.front().key, key);
    }
    EXPECT_TRUE(store_->remove(key));
    EXPECT_THAT(raw_.uploads(name_of(key)), IsEmpty());
    EXPECT_THAT(listing_of(*store_).entries, IsEmpty());
}

TEST_F(S3StoreTest, ASmallWriteIsCancelledByARemovalInItsProcess) {
    const BlobKey key = new_key();
    auto writer = store_->create(key);
    ASSERT_TRUE(writer && (*writer)->write(noise(10)));
    ASSERT_TRUE(store_->remove(key));
    const auto info = (*writer)->commit();
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code, ErrorCode::cancelled);
    EXPECT_THAT(raw_.objects(), IsEmpty());
}

TEST_F(S3StoreTest, AWriteThatLastsIsAnnounced) {
    const BlobKey key = new_key();
    auto writer = store_->create(key);
    ASSERT_TRUE(writer && (*writer)->write(noise(10)));
    EXPECT_THAT(raw_.uploads(name_of(key)), IsEmpty());
    clock_.advance(config_.announce_after);
    ASSERT_TRUE((*writer)->write(noise(10)));
    EXPECT_EQ(raw_.uploads(name_of(key)).size(), 1U);
    const auto info = (*writer)->commit();
    ASSERT_TRUE(info) << info.error().log_text;
    EXPECT_EQ(info->size_bytes, 20U);
    EXPECT_THAT(raw_.uploads(name_of(key)), IsEmpty());
    EXPECT_THAT(raw_.objects(), ElementsAre(name_of(key)));
}

TEST_F(S3StoreTest, AWriteThatWasSilentForTooLongIsNotCommitted) {
    auto writer = store_->create(new_key());
    ASSERT_TRUE(writer && (*writer)->write(noise(10)));
    clock_.advance(config_.unannounced_max);
    const auto info = (*writer)->commit();
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code, ErrorCode::cancelled);
    EXPECT_THAT(raw_.objects(), IsEmpty());
}

TEST_F(S3StoreTest, PrefixesMayBeAwkward) {
    for (const std::string prefix : {" ", "a b", "a+b", "100%", "a%20b", "ünïcödé/写真", "🏞", "a/b/c",
                                     "-dash.", "a&b=c;d", "quote\"'<>", "a?b#c", "~!*()[]{}|\\^`$@,:"}) {
        S3Config config = test_config();
        config.prefix += "/" + prefix;
        const auto store = test_store(config, clock_);
        const BlobKey key = new_key();
        const auto bytes = noise(300'000);
        const auto written = put(*store, key, bytes);
        ASSERT_TRUE(written) << prefix << ": " << written.error().log_text;
        const auto source = store->open(key);
        ASSERT_TRUE(source) << prefix;
        EXPECT_EQ(read_all(**source, read_max), bytes) << prefix;
        const BlobKey unfinished = new_key();
        {
            const auto other_store = test_store(announcing(config), clock_);
            const auto writer = other_store->create(unfinished);
            ASSERT_TRUE(writer) << prefix << ": " << writer.error().log_text;
            const BlobListing listing = listing_of(*store);
            EXPECT_EQ(listing.entries.size(), lists_uploads_by_prefix() ? 2U : 1U) << prefix;
            EXPECT_THAT(listing.foreign, IsEmpty()) << prefix;
            EXPECT_TRUE(store->remove(unfinished)) << prefix;
        }
        EXPECT_TRUE(store->remove(key)) << prefix;
        EXPECT_THAT(listing_of(*store).entries, IsEmpty()) << prefix;
    }
}

TEST_F(S3StoreTest, ListsOfManyPagesAreCompleteAndStayWithinThePrefix) {
    config_.list_page_max = 3;
    const auto store = test_store(config_, clock_);
    std::vector<BlobKey> keys;
    for (int i = 0; i < 10; ++i) {
        keys.push_back(new_key());
        ASSERT_TRUE(put(*store, keys.back(), noise(1)));
    }
    for (int i = 0; i < 7 && lists_uploads_by_prefix(); ++i) {
        keys.push_back(new_key());
        ASSERT_TRUE(raw_.bucket().start_upload(name_of(keys.back()), "dead"));
    }
    ASSERT_TRUE(raw_.place(config_.prefix + "-neighbour/" + new_key().to_string(), "x"));
    const BlobListing listing = listing_of(*store);
    ASSERT_EQ(listing.entries.size(), keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        EXPECT_EQ(listing.entries[i].key, keys[i]);
        EXPECT_EQ(listing.entries[i].unfinished, i >= 10);
    }
    EXPECT_THAT(listing.foreign, IsEmpty());
    for (const BlobKey key : keys) EXPECT_TRUE(store->remove(key));
    EXPECT_THAT(listing_of(*store).entries, IsEmpty());
}

TEST_F(S3StoreTest, ASourceReadsForwardInGrowingPieces) {
    s3::FaultServer proxy(s3::test_port(), [](const s3::SeenRequest&) { return s3::pass(); });
    config_.endpoint = proxy.url();
    config_.read_bytes_min = 100;
    config_.read_bytes_max = 1'000;
    const auto store = test_store(config_, clock_);
    const BlobKey key = new_key();
    const auto bytes = noise(10'000);
    ASSERT_TRUE(put(*store, key, bytes));
    const auto source = store->open(key);
    ASSERT_TRUE(source);
    std::vector<std::byte> read(bytes.size());
    for (std::size_t offset = 0; offset < read.size(); offset += 50)
        ASSERT_EQ((*source)->read_at(offset, std::span(read).subspan(offset, 50)), 50U);
    EXPECT_EQ(read, bytes);
    EXPECT_EQ(proxy.count("GET"), 13U) << "100, 200, 400, 800, then 1000 each";
    for (const std::size_t offset : {9'000U, 0U, 5'000U, 4'990U, 9'999U}) {
        std::array<std::byte, 20> out{};
        const std::size_t expected = std::min<std::size_t>(20, bytes.size() - offset);
        ASSERT_EQ((*source)->read_at(offset, out), expected);
        EXPECT_TRUE(
            std::ranges::equal(std::span(out).first(expected), std::span(bytes).subspan(offset, expected)));
    }
}

TEST_F(S3StoreTest, WhereTheBudgetIsUsedUpASourceReadsInSmallPieces) {
    s3::FaultServer proxy(s3::test_port(), [](const s3::SeenRequest&) { return s3::pass(); });
    config_.endpoint = proxy.url();
    config_.read_bytes_min = 100;
    config_.read_bytes_max = 1'000;
    config_.read_budget_bytes = 900;  // one source at its largest piece
    const auto store = test_store(config_, clock_);
    const BlobKey key = new_key();
    const auto bytes = noise(5'000);
    ASSERT_TRUE(put(*store, key, bytes));
    const auto read_by_fifty = [&](ByteSource& source, std::size_t begin, std::size_t end) {
        std::array<std::byte, 50> out{};
        for (std::size_t offset = begin; offset < end; offset += out.size()) {
            ASSERT_EQ(source.read_at(offset, out), out.size());
            EXPECT_TRUE(std::ranges::equal(out, std::span(bytes).subspan(offset, out.size())));
        }
    };
    auto first = store->open(key);
    ASSERT_TRUE(first);
    read_by_fifty(**first, 0, 2'000);  // it has a thousand bytes in hand now
    const auto second = store->open(key);
    ASSERT_TRUE(second);
    const auto before = proxy.count("GET");
    read_by_fifty(**second, 0, 1'000);
    EXPECT_EQ(proxy.count("GET") - before, 9U) << "a hundred bytes each, the first of them held already";
    first->reset();
    read_by_fifty(**second, 1'000, 5'000);
    EXPECT_EQ(proxy.count("GET") - before - 9U, 6U) << "200, 400, 800, then 1000 each";
}

TEST_F(S3StoreTest, WhatASourceHoldsSurvivesRemovalAndTheRestIsNotFound) {
    const BlobKey key = new_key();
    const auto bytes = noise(config_.read_bytes_min + 1);
    ASSERT_TRUE(put(*store_, key, bytes));
    const auto source = store_->open(key);
    ASSERT_TRUE(source && store_->remove(key));
    std::vector<std::byte> out(config_.read_bytes_min);
    ASSERT_EQ((*source)->read_at(0, out), out.size());
    EXPECT_TRUE(std::ranges::equal(out, std::span(bytes).first(out.size())));
    const auto rest = (*source)->read_at(config_.read_bytes_min, out);
    ASSERT_FALSE(rest);
    EXPECT_EQ(rest.error().code, ErrorCode::not_found);
}

TEST_F(S3StoreTest, AnObjectThatWasReplacedWhileItWasReadIsCorrupt) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store_, key, noise(config_.read_bytes_min * 2)));
    const auto source = store_->open(key);
    ASSERT_TRUE(source);
    const auto other = noise(config_.read_bytes_min * 2, 2);
    ASSERT_TRUE(raw_.bucket().put(name_of(key), other, sha256_of(other), "x", false));
    std::vector<std::byte> out(config_.read_bytes_min * 2);
    const auto count = (*source)->read_at(0, out);
    ASSERT_FALSE(count);
    EXPECT_EQ(count.error().code, ErrorCode::corrupt_blob);
}

}  // namespace
}  // namespace safelight
