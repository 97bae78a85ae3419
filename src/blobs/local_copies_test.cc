// Copies on this machine: that they are read, that they stay within their bounds, and that nothing depends on
// them.
#include "blobs/local_copies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/faulty_store.h"
#include "blobs/memory/memory_store.h"

namespace safelight {
namespace {

constexpr std::uint64_t copies_max = 20'000;
constexpr std::uint64_t file = 4'096;  // what each copy takes besides its bytes

class CountingLogger final : public telemetry::Logger {
  public:
    void log(telemetry::Level, std::string_view, std::initializer_list<telemetry::Field>) override {
        ++lines;
    }
    std::atomic<int> lines = 0;
};

/// A store far away and a folder here, both with places where they can be made to fail.
class LocalCopiesTest : public testing::Test {
  protected:
    BlobKey new_key() { return keys_.next<BlobKey>(); }
    static Error trouble(ErrorCode code = ErrorCode::storage_full) { return {code, "planned", {}, {}}; }

    BlobKey uploaded(std::size_t size) {
        const BlobKey key = new_key();
        EXPECT_TRUE(put(*uploads_, key, noise(size)));
        return key;
    }
    void expect_reads(BlobKey key, std::size_t size, std::uint64_t from_afar) {
        const auto before = far_.calls(BlobOperation::open);
        const auto source = uploads_->open(key);
        ASSERT_TRUE(source);
        EXPECT_EQ(read_all(**source, 1'000'000), noise(size));
        EXPECT_EQ(far_.calls(BlobOperation::open) - before, from_afar);
    }
    [[nodiscard]] std::size_t files() { return listing_of(*folder_).entries.size(); }

    SystemClock clock_;
    IdGenerator keys_{clock_};
    CountingLogger log_;
    FaultPlan far_;
    FaultPlan near_;
    BlobStore* folder_ = nullptr;
    std::unique_ptr<LocalCopies> copies_ = made();
    std::unique_ptr<BlobStore> blobs_ =
        make_copy_dropping_store(make_faulty_store(make_memory_store(clock_), far_), *copies_);
    std::unique_ptr<BlobStore> uploads_ = make_copying_store(*blobs_, *copies_);

  private:
    std::unique_ptr<LocalCopies> made() {
        auto folder = make_faulty_store(make_memory_store(clock_), near_);
        folder_ = folder.get();
        return std::make_unique<LocalCopies>(std::move(folder), copies_max, log_);
    }
};

TEST_F(LocalCopiesTest, WhatWasJustWrittenIsReadHere) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5'000}}) {
        const BlobKey key = uploaded(size);
        expect_reads(key, size, 0);
        EXPECT_TRUE(blobs_->open(key)) << "and it is where it belongs";
    }
    EXPECT_EQ(copies_->size_bytes(), 5'001U + 3 * file);
}

TEST_F(LocalCopiesTest, ADroppedCopyIsGoneAndItsBlobIsNot) {
    const BlobKey key = uploaded(5'000);
    copies_->drop(key);
    copies_->drop(key);
    EXPECT_EQ(files(), 0U);
    EXPECT_EQ(copies_->size_bytes(), 0U);
    expect_reads(key, 5'000, 1);
}

TEST_F(LocalCopiesTest, RemovalTakesTheCopyAlong) {
    const BlobKey keys[] = {uploaded(100), uploaded(200), uploaded(300)};
    EXPECT_TRUE(uploads_->remove(keys[0]));
    EXPECT_FALSE(uploads_->open(keys[0]));
    EXPECT_EQ(blobs_->remove_many(keys).size(), 3U);
    for (const BlobKey key : keys) EXPECT_FALSE(uploads_->open(key));
    EXPECT_EQ(files(), 0U);
}

TEST_F(LocalCopiesTest, TheCopyGoesEvenIfItsBlobCannotBeRemoved) {
    const BlobKey key = uploaded(100);
    far_.fail_always(BlobOperation::remove, trouble(ErrorCode::unavailable));
    EXPECT_FALSE(uploads_->remove(key));
    EXPECT_EQ(files(), 0U);
}

TEST_F(LocalCopiesTest, TheOldestMakeRoom) {
    const BlobKey first = uploaded(4'000);
    const BlobKey second = uploaded(4'000);
    const BlobKey third = uploaded(4'000);
    EXPECT_LE(copies_->size_bytes(), copies_max);
    EXPECT_EQ(files(), 2U);
    expect_reads(first, 4'000, 1);
    expect_reads(second, 4'000, 0);
    expect_reads(third, 4'000, 0);
}

TEST_F(LocalCopiesTest, WhatIsLargerThanAllCopiesTogetherIsNotCopiedAndDisplacesNone) {
    const BlobKey small = uploaded(1'000);
    const BlobKey large = uploaded(copies_max + 1);
    expect_reads(large, copies_max + 1, 1);
    expect_reads(small, 1'000, 0);
    EXPECT_EQ(files(), 1U);
}

TEST_F(LocalCopiesTest, TheNumberOfTinyCopiesIsBoundedToo) {
    for (int i = 0; i < 20; ++i) (void)uploaded(1);
    EXPECT_EQ(files(), copies_max / (file + 1));
}

TEST_F(LocalCopiesTest, CopiesThatAreBeingWrittenAreNotDisplaced) {
    const BlobKey key = new_key();
    const auto writer = uploads_->create(key);
    ASSERT_TRUE(writer && (*writer)->write(noise(8'000)));
    const BlobKey other = uploaded(8'000);
    expect_reads(other, 8'000, 1);
    ASSERT_TRUE((*writer)->commit());
    expect_reads(key, 8'000, 0);
    EXPECT_EQ(copies_->size_bytes(), 8'000U + file);
}

TEST_F(LocalCopiesTest, AnAbandonedUploadLeavesNoCopy) {
    {
        const auto writer = uploads_->create(new_key());
        ASSERT_TRUE(writer && (*writer)->write(noise(5'000)));
    }
    EXPECT_EQ(copies_->size_bytes(), 0U);
    EXPECT_EQ(files(), 0U);
}

TEST_F(LocalCopiesTest, AnUploadThatTheStoreRefusesLeavesNoCopy) {
    for (const auto operation : {BlobOperation::create, BlobOperation::write, BlobOperation::commit}) {
        far_.fail(operation, 1, trouble(ErrorCode::unavailable));
        const BlobKey key = new_key();
        EXPECT_FALSE(put(*uploads_, key, noise(5'000)));
        EXPECT_FALSE(copies_->open(key));
    }
    EXPECT_EQ(copies_->size_bytes(), 0U);
    EXPECT_EQ(files(), 0U);
}

TEST_F(LocalCopiesTest, AFolderInTroubleFailsNoUploadAndIsToldOnce) {
    int told = 0;
    for (const auto operation : {BlobOperation::create, BlobOperation::write, BlobOperation::commit}) {
        near_.fail_always(operation, trouble());
        for (int i = 0; i < 3; ++i) expect_reads(uploaded(1'000), 1'000, 1);
        EXPECT_EQ(log_.lines, ++told);
        EXPECT_EQ(copies_->size_bytes(), 0U);
        EXPECT_EQ(files(), 0U);
        near_.clear();
        const BlobKey key = uploaded(100);
        expect_reads(key, 100, 0);  // well again
        copies_->drop(key);
    }
}

TEST_F(LocalCopiesTest, ACopyThatCannotBeOpenedIsReadAfar) {
    const BlobKey key = uploaded(1'000);
    near_.fail(BlobOperation::open, 1, trouble(ErrorCode::unavailable));
    expect_reads(key, 1'000, 1);
    EXPECT_TRUE(folder_->remove(key));  // behind its back, as another process would that starts
    expect_reads(key, 1'000, 1);
}

TEST_F(LocalCopiesTest, ARemovalDuringTheUploadReachesTheCopy) {
    const BlobKey key = new_key();
    {
        const auto writer = uploads_->create(key);
        ASSERT_TRUE(writer && (*writer)->write(noise(1'000)));
        ASSERT_TRUE(blobs_->remove(key));
        EXPECT_FALSE((*writer)->commit());
    }
    EXPECT_EQ(files(), 0U);
    EXPECT_EQ(copies_->size_bytes(), 0U);
}

TEST_F(LocalCopiesTest, ARemovalRightAfterTheCommitReachesTheCopy) {
    // Between the commit afar and the one here.
    const BlobKey key = new_key();
    near_.before([&](BlobOperation operation, BlobKey) {
        if (operation != BlobOperation::commit) return;
        near_.before(nullptr);
        EXPECT_TRUE(blobs_->remove(key));
    });
    EXPECT_TRUE(put(*uploads_, key, noise(1'000)));
    EXPECT_EQ(files(), 0U);
    EXPECT_EQ(copies_->size_bytes(), 0U);
    EXPECT_FALSE(uploads_->open(key));
}

TEST_F(LocalCopiesTest, WhatAnEarlierProcessLeftGoes) {
    auto folder = make_memory_store(clock_);
    BlobStore& seen = *folder;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(put(*folder, new_key(), noise(10)));
    auto unfinished = folder->create(new_key());
    ASSERT_TRUE(unfinished);
    const LocalCopies copies(std::move(folder), copies_max, log_);
    EXPECT_TRUE(listing_of(seen).entries.empty());
    unfinished->reset();  // a writer does not outlive its store
}

TEST_F(LocalCopiesTest, ManyThreadsStayWithinTheBounds) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 50; ++round) {
                const BlobKey key = uploaded(1'000);
                EXPECT_LE(copies_->size_bytes(), copies_max);
                const auto source = uploads_->open(key);
                ASSERT_TRUE(source);
                EXPECT_EQ(read_all(**source, 10'000), noise(1'000));
                if (round % 3 == 0) copies_->drop(key);
                if (round % 3 == 1) EXPECT_TRUE(blobs_->remove(key));
            }
        });
    }
    threads.clear();
    EXPECT_EQ(copies_->size_bytes(), files() * (1'000 + file));
}

}  // namespace
}  // namespace safelight
