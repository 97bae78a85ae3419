// kill -9 at every single system call: what is in the folder afterwards is a complete blob, an unfinished one
// or nothing, never anything wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <filesystem>

#include "base/testing/temporary_folder.h"
#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/filesystem/filesystem_store.h"
#include "blobs/filesystem/test_process.h"

namespace safelight {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CrashTest : public testing::Test {
  protected:
    void SetUp() override {
        auto opened = open_filesystem_store({.root = folder_.path(), .free_bytes_min = 0}, clock_);
        ASSERT_TRUE(opened) << opened.error().log_text;
        store_ = std::move(*opened);
    }

    BlobKey new_key() { return keys_.next<BlobKey>(); }

    /// In three pieces, as an upload comes.
    [[nodiscard]] int put_in_pieces(BlobKey key) const {
        const auto writer = store_->create(key);
        if (!writer) return test_process::exit_code_of(writer.error().code);
        const std::span<const std::byte> bytes = content_;
        for (const auto piece : {bytes.first(1), bytes.subspan(1, 70'000), bytes.subspan(70'001)}) {
            if (const auto written = (*writer)->write(piece); !written)
                return test_process::exit_code_of(written);
        }
        const auto info = (*writer)->commit();
        return info ? 0 : test_process::exit_code_of(info.error().code);
    }

    void expect_complete(BlobKey key) const {
        const auto source = store_->open(key);
        ASSERT_TRUE(source) << source.error().log_text;
        EXPECT_EQ(read_all(**source, content_.size()), content_);
    }

    /// What `list` says of the one key that there is.
    struct Traces {
        bool finished = false;
        bool unfinished = false;
    };
    [[nodiscard]] Traces traces_of(BlobKey key) const {
        Traces traces;
        const BlobListing listing = listing_of(*store_);
        EXPECT_THAT(listing.foreign, IsEmpty());
        for (const BlobEntry& entry : listing.entries) {
            EXPECT_EQ(entry.key, key);
            (entry.unfinished ? traces.unfinished : traces.finished) = true;
        }
        return traces;
    }

    const SystemClock clock_;
    IdGenerator keys_{clock_};
    const TemporaryFolder folder_;
    const std::vector<std::byte> content_ = noise(200'000);
    std::unique_ptr<BlobStore> store_;
};

TEST_F(CrashTest, APutThatIsKilledLeavesAWholeBlobOrAnUnfinishedOne) {
    int stop = 1;
    int finished = 0;
    int unfinished = 0;
    for (BlobKey key = new_key(); test_process::killed_at([&] { return put_in_pieces(key); }, stop);
         key = new_key(), ++stop) {
        const Traces traces = traces_of(key);
        EXPECT_FALSE(traces.finished && traces.unfinished) << "at stop " << stop;
        if (traces.finished) expect_complete(key);
        finished += traces.finished ? 1 : 0;
        unfinished += traces.unfinished ? 1 : 0;
        ASSERT_TRUE(store_->remove(key));
        ASSERT_THAT(listing_of(*store_).entries, IsEmpty()) << "at stop " << stop;
    }
    EXPECT_GT(unfinished, 10) << "the sweep has to reach the middle";
    EXPECT_GT(finished, 1) << "and the end";
    RecordProperty("kill_points", stop - 1);
}

TEST_F(CrashTest, ARemovalThatIsKilledIsDoneOrNotBegunAndCanBeRepeated) {
    int stop = 1;
    int survived = 0;
    int removed = 0;
    for (;; ++stop) {
        const BlobKey key = new_key();
        ASSERT_TRUE(put(*store_, key, content_));
        const bool killed =
            test_process::killed_at([&] { return test_process::exit_code_of(store_->remove(key)); }, stop);
        if (traces_of(key).finished) {
            EXPECT_TRUE(killed);
            expect_complete(key);
            ++survived;
        } else {
            ++removed;
        }
        ASSERT_TRUE(store_->remove(key));
        ASSERT_THAT(listing_of(*store_).entries, IsEmpty());
        if (!killed) break;
    }
    EXPECT_GT(survived, 2);
    EXPECT_GT(removed, 2);
}

TEST_F(CrashTest, ACheckThatIsKilledLeavesAtMostAnUnfinishedWrite) {
    int leftovers = 0;
    for (int stop = 1;
         test_process::killed_at([&] { return test_process::exit_code_of(store_->check()); }, stop); ++stop) {
        const BlobListing listing = listing_of(*store_);
        EXPECT_THAT(listing.foreign, IsEmpty());
        for (const BlobEntry& entry : listing.entries) {
            EXPECT_TRUE(entry.unfinished);
            EXPECT_TRUE(store_->remove(entry.key));
            ++leftovers;
        }
        ASSERT_THAT(listing_of(*store_).entries, IsEmpty());
    }
    EXPECT_GT(leftovers, 2);
}

TEST_F(CrashTest, AnOpeningThatIsKilledCanBeRepeated) {
    constexpr int stride = 211;  // a sweep over all of its 1,500 stops would show the same, slowly
    bool killed = true;
    for (int stop = 1; killed; stop += stride) {
        const TemporaryFolder parent;
        const FilesystemConfig config{.root = parent.path() / "deep" / "root", .free_bytes_min = 0};
        killed = test_process::killed_at([&] { return open_filesystem_store(config, clock_) ? 0 : 1; }, stop);
        const auto store = open_filesystem_store(config, clock_);
        ASSERT_TRUE(store) << store.error().log_text;
        const BlobKey key = new_key();
        EXPECT_TRUE(put(**store, key, noise(10)));
        EXPECT_EQ(listing_of(**store).entries.size(), 1U);
    }
}

TEST_F(CrashTest, ABlobIsDurableBeforeItHasItsNameAndTheNameBeforeItIsReported) {
    const BlobKey key = new_key();
    const auto trace = test_process::trace([&] { return put_in_pieces(key); },
                                           {SYS_write, SYS_fsync, SYS_renameat2, SYS_exit_group});
    EXPECT_EQ(trace.exit_code, 0);
    EXPECT_THAT(trace.calls, ElementsAre(SYS_write, SYS_write, SYS_write, SYS_fsync, SYS_renameat2, SYS_fsync,
                                         SYS_exit_group));
}

TEST_F(CrashTest, ARemovalIsDurableBeforeItIsReportedAlsoOfWhatIsNotThere) {
    for (int round = 0; round < 2; ++round) {
        const BlobKey key = new_key();
        if (round == 0) ASSERT_TRUE(put(*store_, key, noise(10)));
        const auto trace =
            test_process::trace([&] { return test_process::exit_code_of(store_->remove(key)); },
                                {SYS_unlinkat, SYS_fsync, SYS_exit_group});
        EXPECT_EQ(trace.exit_code, 0);
        EXPECT_THAT(trace.calls, ElementsAre(SYS_unlinkat, SYS_unlinkat, SYS_fsync, SYS_exit_group));
    }
}

}  // namespace
}  // namespace safelight
