// Blobs that are committed at the same time share syncs, and nothing else.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <filesystem>
#include <thread>

#include "base/testing/temporary_folder.h"
#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/filesystem/file_writer.h"
#include "blobs/filesystem/filesystem_store.h"
#include "blobs/filesystem/layout.h"
#include "blobs/filesystem/test_process.h"

namespace safelight {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t writers = 16;

class GroupCommitTest : public testing::Test {
  protected:
    void SetUp() override {
        auto opened = open_filesystem_store({.root = folder_.path(), .free_bytes_min = 0}, clock_);
        ASSERT_TRUE(opened) << opened.error().log_text;
        store_ = std::move(*opened);
    }

    struct Outcome {
        BlobKey key;
        Result<BlobInfo> info = failure(ErrorCode::internal, "not yet");
    };

    /// So many threads have written, and commit at the same time; `prepare` may spoil what it gets.
    std::vector<Outcome> commit_together(const std::function<void(std::size_t, BlobKey)>& prepare =
                                             [](std::size_t, BlobKey) {}) {
        std::vector<Outcome> outcomes(writers);
        std::barrier all_written(writers);
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < writers; ++i) {
            outcomes[i].key = keys_.next<BlobKey>();
            threads.emplace_back([&, i] {
                const auto writer = store_->create(outcomes[i].key);
                const bool written = writer && (*writer)->write(content_of(i));
                prepare(i, outcomes[i].key);
                all_written.arrive_and_wait();
                if (written) outcomes[i].info = (*writer)->commit();
            });
        }
        return outcomes;
    }

    /// Small ones and one that is synced by its own writer.
    [[nodiscard]] static std::vector<std::byte> content_of(std::size_t i) {
        return noise(i == 3 ? 3'000'000 : 1'000 * (i + 1));
    }

    void expect_there(const Outcome& outcome, std::size_t i) {
        ASSERT_TRUE(outcome.info) << outcome.info.error().log_text;
        EXPECT_EQ(outcome.info->sha256, sha256_of(content_of(i)));
        const auto source = store_->open(outcome.key);
        ASSERT_TRUE(source);
        EXPECT_EQ(read_all(**source, 10'000'000), content_of(i));
    }

    const SystemClock clock_;
    IdGenerator keys_{clock_};
    const TemporaryFolder folder_;
    std::unique_ptr<BlobStore> store_;
};

TEST_F(GroupCommitTest, EveryBlobIsThereAndIsItsOwn) {
    for (int round = 0; round < 10; ++round) {
        const auto outcomes = commit_together();
        for (std::size_t i = 0; i < writers; ++i) expect_there(outcomes[i], i);
    }
    for (const BlobEntry& entry : listing_of(*store_).entries) EXPECT_FALSE(entry.unfinished);
}

TEST_F(GroupCommitTest, WhoFailsFailsAlone) {
    for (int round = 0; round < 10; ++round) {
        const auto outcomes = commit_together([&](std::size_t i, BlobKey key) {
            if (i == 1) EXPECT_TRUE(store_->remove(key));
            const fs::path folder = folder_.path() / layout::folder_of(key);
            if (i == 2) fs::copy_file(folder / layout::unfinished_name(key), folder / layout::blob_name(key));
        });
        for (std::size_t i = 0; i < writers; ++i) {
            if (i == 1) {
                EXPECT_EQ(outcomes[i].info.error().code, ErrorCode::cancelled);
            } else if (i == 2) {
                EXPECT_EQ(outcomes[i].info.error().code, ErrorCode::conflict);
            } else {
                expect_there(outcomes[i], i);
            }
        }
        EXPECT_TRUE(store_->remove(outcomes[2].key));
    }
    EXPECT_EQ(listing_of(*store_).entries.size(), 10 * (writers - 2));
}

TEST_F(GroupCommitTest, WhatFailsForAllLeavesNothing) {
    const int failed = test_process::run([&] {
        test_process::fail_system_call(SYS_renameat2, EIO);
        const auto outcomes = commit_together();
        return static_cast<int>(std::ranges::count_if(outcomes, [](const Outcome& outcome) {
            return !outcome.info && outcome.info.error().code == ErrorCode::unavailable;
        }));
    });
    EXPECT_EQ(failed, static_cast<int>(writers));
    EXPECT_THAT(listing_of(*store_).entries, testing::IsEmpty());
}

TEST_F(GroupCommitTest, AloneABlobHasTwoSyncs) {
    const auto trace = test_process::trace(
        [&] { return put(*store_, keys_.next<BlobKey>(), content_of(0)) ? 0 : 1; }, {SYS_fsync});
    EXPECT_EQ(trace.exit_code, 0);
    EXPECT_EQ(trace.calls.size(), 2U);
}

/// While one group waits for the disk, the next one gathers.
TEST_F(GroupCommitTest, ThoseThatComeTogetherShareAGroup) {
    const auto root = posix::open_at(posix::Descriptor(::open("/", O_PATH | O_CLOEXEC)),
                                     folder_.path().c_str(), O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(root.is_open());
    GroupCommit commits(root);
    constexpr std::size_t rounds = 20;
    for (std::size_t round = 0; round < rounds; ++round) {
        std::barrier all_ready(writers);
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < writers; ++i) {
            const BlobKey key = keys_.next<BlobKey>();
            threads.emplace_back([&, key, i] {
                const auto writer = start_file_writer(root, commits, key);
                EXPECT_TRUE(writer && (*writer)->write(content_of(0)));
                all_ready.arrive_and_wait();
                EXPECT_TRUE((*writer)->commit()) << i;
            });
        }
    }
    EXPECT_LT(commits.groups(), rounds * writers / 2);
    EXPECT_GE(commits.groups(), rounds);
}

}  // namespace
}  // namespace safelight
