#include "blobs/memory/memory_store.h"

#include <gtest/gtest.h>

#include "blobs/conformance/blob_store_conformance.h"

namespace safelight {
namespace {

class MemoryFixture final : public BlobStoreFixture {
  public:
    BlobStore& store() override { return *store_; }
    BlobStore& second_store() override { return *store_; }
    bool place_foreign(const std::string&) override { return false; }

  private:
    SystemClock clock_;
    std::unique_ptr<BlobStore> store_ = make_memory_store(clock_);
};

INSTANTIATE_TEST_SUITE_P(Memory, BlobStoreConformance,
                         testing::Values(BlobStoreBackend{"memory", std::make_unique<MemoryFixture>}),
                         blob_store_backend_name);

TEST(MemoryStore, EntriesBearTheClocksTime) {
    ManualClock clock(Timestamp{Milliseconds{1'000}});
    const auto store = make_memory_store(clock);
    IdGenerator keys(clock);
    ASSERT_TRUE(put(*store, keys.next<BlobKey>(), noise(1)));
    clock.advance(Milliseconds{500});
    const auto writer = store->create(keys.next<BlobKey>());
    ASSERT_TRUE(writer);
    const auto entries = listing_of(*store).entries;
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].modified_at, Timestamp{Milliseconds{1'000}});
    EXPECT_EQ(entries[1].modified_at, Timestamp{Milliseconds{1'500}});
}

TEST(MemoryStore, AnOldWriterDoesNotTouchANewWriteOfItsKey) {
    const SystemClock clock;
    const auto store = make_memory_store(clock);
    const BlobKey key = IdGenerator(clock).next<BlobKey>();
    auto first = store->create(key);
    ASSERT_TRUE(first && store->remove(key));
    const auto second = store->create(key);
    ASSERT_TRUE(second);
    first->reset();
    EXPECT_TRUE((*second)->commit());
}

}  // namespace
}  // namespace safelight
