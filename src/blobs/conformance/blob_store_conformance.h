// What every BlobStore has to do, as tests. A backend's test program says
//
//   INSTANTIATE_TEST_SUITE_P(S3, BlobStoreConformance, testing::Values(BlobStoreBackend{"s3",
//   make_s3_fixture}),
//                            blob_store_backend_name);
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "blobs/blob_store.h"

namespace safelight {

/// One empty store, with whatever it needs to live.
class BlobStoreFixture {
  public:
    virtual ~BlobStoreFixture() = default;
    [[nodiscard]] virtual BlobStore& store() = 0;

    /// Another store on the same bytes, as another process would open it; the first one stays in use.
    [[nodiscard]] virtual BlobStore& second_store() = 0;

    /// Puts something of that name into the store, past it. False: deviation, nothing foreign can get into
    /// this store (one in memory belongs to this process alone).
    [[nodiscard]] virtual bool place_foreign(const std::string& name) = 0;

    /// Not 0: deviation, a write of at most so many bytes shows in the store with its commit only. Neither
    /// `list` nor another store's `remove` knows of it before.
    [[nodiscard]] virtual std::size_t unseen_write_bytes() const { return 0; }

    /// False: deviation, `list` does not know of unfinished writes; `remove` of their key does.
    [[nodiscard]] virtual bool lists_unfinished_writes() const { return true; }

    /// False: deviation, a source of a removed blob may end with not_found (but never with other bytes).
    [[nodiscard]] virtual bool sources_survive_removal() const { return true; }
};

struct BlobStoreBackend {
    std::string name;
    std::function<std::unique_ptr<BlobStoreFixture>()> make;
};

class BlobStoreConformance : public testing::TestWithParam<BlobStoreBackend> {
  protected:
    void SetUp() override;

    [[nodiscard]] BlobStoreFixture& fixture() { return *fixture_; }
    [[nodiscard]] BlobStore& store() { return fixture_->store(); }
    [[nodiscard]] BlobKey new_key() { return keys_.next<BlobKey>(); }

  private:
    SystemClock clock_;
    IdGenerator keys_{clock_};
    std::unique_ptr<BlobStoreFixture> fixture_;
};

[[nodiscard]] std::string blob_store_backend_name(const testing::TestParamInfo<BlobStoreBackend>& info);

/// `size` bytes that look like noise and are the same for the same seed. For tests.
[[nodiscard]] std::vector<std::byte> noise(std::size_t size, std::uint32_t seed = 1);

/// What `list` finds, in the order of keys. For tests.
struct BlobListing {
    std::vector<BlobEntry> entries;
    std::vector<std::string> foreign;
};
[[nodiscard]] BlobListing listing_of(BlobStore& store);

}  // namespace safelight
