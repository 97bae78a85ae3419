#include "blobs/filesystem/filesystem_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <limits>

#include "base/testing/temporary_folder.h"
#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/filesystem/layout.h"

namespace safelight {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

FilesystemConfig config_for(const fs::path& root, bool is_disposable = false) {
    return {.root = root, .free_bytes_min = 0, .is_disposable = is_disposable};
}

std::unique_ptr<BlobStore> opened(const FilesystemConfig& config, const Clock& clock) {
    auto store = open_filesystem_store(config, clock);
    if (!store) throw std::runtime_error(store.error().log_text);
    return std::move(*store);
}

class FilesystemFixture final : public BlobStoreFixture {
  public:
    explicit FilesystemFixture(bool is_disposable) : is_disposable_(is_disposable) {}

    BlobStore& store() override { return *store_; }
    BlobStore& second_store() override { return *second_store_; }
    bool place_foreign(const std::string& name) override {
        std::ofstream(folder_.path() / name) << "foreign";
        return true;
    }

  private:
    const bool is_disposable_;
    const SystemClock clock_;
    const TemporaryFolder folder_;
    const std::unique_ptr<BlobStore> store_ = opened(config_for(folder_.path(), is_disposable_), clock_);
    const std::unique_ptr<BlobStore> second_store_ =
        opened(config_for(folder_.path(), is_disposable_), clock_);
};

INSTANTIATE_TEST_SUITE_P(
    Filesystem, BlobStoreConformance,
    testing::Values(BlobStoreBackend{"filesystem", [] { return std::make_unique<FilesystemFixture>(false); }},
                    BlobStoreBackend{"filesystem_disposable",
                                     [] { return std::make_unique<FilesystemFixture>(true); }}),
    blob_store_backend_name);

class FilesystemStoreTest : public testing::Test {
  protected:
    BlobKey new_key() { return keys_.next<BlobKey>(); }
    [[nodiscard]] fs::path root() const { return folder_.path() / "a" / "b"; }
    [[nodiscard]] fs::path path_of(BlobKey key) const {
        return root() / layout::folder_of(key) / layout::blob_name(key);
    }
    [[nodiscard]] fs::path unfinished_path_of(BlobKey key) const {
        return root() / layout::folder_of(key) / layout::unfinished_name(key);
    }
    static mode_t mode_of(const fs::path& path) {
        struct stat facts{};
        EXPECT_EQ(::lstat(path.c_str(), &facts), 0) << path;
        return facts.st_mode & 07777;
    }
    [[nodiscard]] ErrorCode code_of_open(BlobKey key) const {
        const auto source = store_->open(key);
        EXPECT_FALSE(source);
        return source ? ErrorCode::internal : source.error().code;
    }

    const SystemClock clock_;
    IdGenerator keys_{clock_};
    const TemporaryFolder folder_;
    const std::unique_ptr<BlobStore> store_ = opened(config_for(root()), clock_);
};

TEST_F(FilesystemStoreTest, FoldersAndFilesBelongToTheirOwnerAlone) {
    const mode_t old_mask = ::umask(0);
    const TemporaryFolder elsewhere;
    const auto store = opened(config_for(elsewhere.path() / "new" / "root"), clock_);
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store, key, noise(10)));
    ::umask(old_mask);
    const fs::path folder = elsewhere.path() / "new" / "root" / layout::folder_of(key);
    EXPECT_EQ(mode_of(elsewhere.path() / "new"), 0700U);
    EXPECT_EQ(mode_of(elsewhere.path() / "new" / "root"), 0700U);
    EXPECT_EQ(mode_of(folder), 0700U);
    EXPECT_EQ(mode_of(folder / layout::blob_name(key)), 0600U);
}

TEST_F(FilesystemStoreTest, AllFoldersAreThereFromTheStart) {
    std::size_t folders = 0;
    for (const auto& entry : fs::directory_iterator(root())) folders += entry.is_directory() ? 1 : 0;
    EXPECT_EQ(folders, layout::folders);
}

TEST_F(FilesystemStoreTest, ABlobLiesUnderItsKeyAndWasWrittenBesideIt) {
    const BlobKey key = new_key();
    {
        const auto writer = store_->create(key);
        ASSERT_TRUE(writer);
        EXPECT_TRUE(fs::exists(unfinished_path_of(key)));
        EXPECT_FALSE(fs::exists(path_of(key)));
        ASSERT_TRUE((*writer)->commit());
    }
    EXPECT_FALSE(fs::exists(unfinished_path_of(key)));
    EXPECT_TRUE(fs::exists(path_of(key)));
}

TEST_F(FilesystemStoreTest, ASourceHasADescriptorOfTheBytes) {
    const BlobKey key = new_key();
    const auto bytes = noise(1'000);
    ASSERT_TRUE(put(*store_, key, bytes));
    const auto source = store_->open(key);
    ASSERT_TRUE(source && (*source)->descriptor());
    std::vector<std::byte> read(2'000);
    ASSERT_EQ(::pread(*(*source)->descriptor(), read.data(), read.size(), 0), 1'000);
    read.resize(1'000);
    EXPECT_EQ(read, bytes);
}

TEST_F(FilesystemStoreTest, RemoveTakesWhatADeadProcessLeft) {
    const BlobKey key = new_key();
    std::ofstream(unfinished_path_of(key)) << "half of a pic";
    ASSERT_EQ(listing_of(*store_).entries.size(), 1U);
    EXPECT_TRUE(listing_of(*store_).entries.front().unfinished);
    EXPECT_TRUE(store_->remove(key));
    EXPECT_THAT(listing_of(*store_).entries, IsEmpty());
}

TEST_F(FilesystemStoreTest, ABlobThatIsCutShortWhileItIsReadIsCorrupt) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store_, key, noise(1'000)));
    const auto source = store_->open(key);
    ASSERT_TRUE(source);
    fs::resize_file(path_of(key), 999);
    std::vector<std::byte> out(1'000);
    const auto count = (*source)->read_at(0, out);
    ASSERT_FALSE(count);
    EXPECT_EQ(count.error().code, ErrorCode::corrupt_blob);
}

TEST_F(FilesystemStoreTest, NoLinkIsFollowed) {
    const BlobKey key = new_key();
    const fs::path target = folder_.path() / "secret";
    std::ofstream(target) << "not a blob";
    fs::create_symlink(target, path_of(key));
    EXPECT_EQ(code_of_open(key), ErrorCode::corrupt_blob);
    const auto written = put(*store_, key, noise(10));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::conflict);

    const BlobKey other_key = new_key();
    fs::create_symlink(target, unfinished_path_of(other_key));
    EXPECT_FALSE(put(*store_, other_key, noise(10)));
    EXPECT_EQ(fs::file_size(target), 10U);

    EXPECT_TRUE(store_->remove(key));
    EXPECT_TRUE(fs::exists(target)) << "the link goes, not what it points to";
}

TEST_F(FilesystemStoreTest, WhatIsNoFileIsNoBlob) {
    const BlobKey pipe = new_key();
    ASSERT_EQ(::mkfifo(path_of(pipe).c_str(), 0600), 0);
    EXPECT_EQ(code_of_open(pipe), ErrorCode::corrupt_blob);
    const BlobKey folder = new_key();
    fs::create_directory(path_of(folder));
    EXPECT_EQ(code_of_open(folder), ErrorCode::corrupt_blob);
    EXPECT_THAT(listing_of(*store_).entries, IsEmpty());
    EXPECT_EQ(listing_of(*store_).foreign.size(), 2U);
}

TEST_F(FilesystemStoreTest, ForeignThingsAreNamedByWhereTheyLie) {
    std::ofstream(root() / "README") << "hello";
    std::ofstream(root() / "00" / "cat.jpg") << "meow";
    const BlobKey key = *BlobKey::parse("01934b7e-5f00-7abc-8def-0123456789ab");
    std::ofstream(root() / "ac" / layout::blob_name(key)) << "in the wrong folder";
    auto foreign = listing_of(*store_).foreign;
    std::ranges::sort(foreign);
    EXPECT_THAT(foreign, ElementsAre("00/cat.jpg", "README", "ac/" + layout::blob_name(key)));
    EXPECT_THAT(listing_of(*store_).entries, IsEmpty());
}

TEST_F(FilesystemStoreTest, AFolderThatWentMissingIsUnavailable) {
    const BlobKey key = new_key();
    fs::remove(root() / layout::folder_of(key));
    EXPECT_EQ(code_of_open(key), ErrorCode::unavailable);
    const auto written = put(*store_, key, noise(10));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::unavailable);
    EXPECT_FALSE(store_->remove(key));
    EXPECT_FALSE(store_->list([](const BlobEntry&) { return Status{}; }, [](const std::string&) {}));
    EXPECT_TRUE(open_filesystem_store(config_for(root()), clock_)) << "which makes it again";
    EXPECT_TRUE(put(*store_, key, noise(10)));
}

TEST_F(FilesystemStoreTest, AFileChangedBehindTheWritersBackIsNotCommitted) {
    const BlobKey key = new_key();
    auto writer = store_->create(key);
    ASSERT_TRUE(writer && (*writer)->write(noise(100)));
    fs::resize_file(unfinished_path_of(key), 50);
    const auto info = (*writer)->commit();
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code, ErrorCode::unavailable);
    writer->reset();
    EXPECT_THAT(listing_of(*store_).entries, IsEmpty());
}

TEST_F(FilesystemStoreTest, TheRootMayBeReachedByALinkButItsFoldersMayNotBeLinks) {
    const fs::path link = folder_.path() / "link";
    fs::create_directory_symlink(root(), link);
    EXPECT_TRUE(open_filesystem_store(config_for(link), clock_));

    fs::remove(root() / "7f");
    fs::create_directory_symlink(folder_.path(), root() / "7f");
    const auto refused = open_filesystem_store(config_for(root()), clock_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

TEST_F(FilesystemStoreTest, ARootThatCannotBeIsRefused) {
    std::ofstream(folder_.path() / "file") << "in the way";
    const auto refused = open_filesystem_store(config_for(folder_.path() / "file" / "root"), clock_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_FALSE(refused.error().public_text.contains(folder_.path().native()))
        << "paths are for the operator";

    const auto nameless = open_filesystem_store(FilesystemConfig{}, clock_);
    ASSERT_FALSE(nameless);
    EXPECT_EQ(nameless.error().code, ErrorCode::invalid_argument);
}

TEST_F(FilesystemStoreTest, ReopeningKeepsWhatIsThere) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store_, key, noise(10)));
    const auto reopened = opened(config_for(root()), clock_);
    const auto source = reopened->open(key);
    ASSERT_TRUE(source);
    EXPECT_EQ(read_all(**source, 100), noise(10));
}

TEST_F(FilesystemStoreTest, CheckWantsFreeSpace) {
    EXPECT_TRUE(store_->check());
    const auto demanding =
        opened({.root = root(), .free_bytes_min = std::numeric_limits<std::uint64_t>::max()}, clock_);
    const auto refused = demanding->check();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::storage_full);
    EXPECT_TRUE(put(*demanding, new_key(), noise(10))) << "what is there is there to be used";
}

TEST_F(FilesystemStoreTest, WhatIsDisposableLeavesSpaceToOthers) {
    const auto modest = opened(
        {.root = root(), .free_bytes_min = std::numeric_limits<std::uint64_t>::max(), .is_disposable = true},
        clock_);
    const auto refused = put(*modest, new_key(), noise(10));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::storage_full);
}

}  // namespace
}  // namespace safelight
