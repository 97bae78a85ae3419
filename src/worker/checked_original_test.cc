#include "worker/checked_original.h"

#include <gtest/gtest.h>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;

/// Has a "file" behind each blob, as the folder store has.
class DescribedStore final : public BlobStore {
  public:
    explicit DescribedStore(BlobStore& inner) : inner_(inner) {}

    Result<std::unique_ptr<BlobWriter>> create(BlobKey key) override { return inner_.create(key); }
    Result<std::unique_ptr<ByteSource>> open(BlobKey key) override {
        TRY_ASSIGN(auto source, inner_.open(key));
        return std::make_unique<Described>(std::move(source));
    }
    Status remove(BlobKey key) override { return inner_.remove(key); }
    Status list(const std::function<Status(const BlobEntry&)>& visit,
                const std::function<void(const std::string&)>& visit_foreign) override {
        return inner_.list(visit, visit_foreign);
    }
    Status check() override { return inner_.check(); }

  private:
    class Described final : public ByteSource {
      public:
        explicit Described(std::unique_ptr<ByteSource> inner) : inner_(std::move(inner)) {}
        std::uint64_t size_bytes() const override { return inner_->size_bytes(); }
        Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
            return inner_->read_at(offset, out);
        }
        std::optional<int> descriptor() const override { return 0; }

      private:
        const std::unique_ptr<ByteSource> inner_;
    };
    BlobStore& inner_;
};

class CheckedOriginalTest : public ::testing::TestWithParam<std::size_t> {
  protected:
    Result<std::vector<std::byte>> read(BlobStore& store, const Image& wanted) {
        TRY_ASSIGN(const auto source, open_checked_original(store, wanted, 10'000'000, buffer));
        return read_all(*source, 10'000'000);
    }

    void expect_corrupt(BlobStore& store, const Image& wanted) {
        const auto source = open_checked_original(store, wanted, 10'000'000, buffer);
        ASSERT_FALSE(source);
        EXPECT_EQ(source.error().code, ErrorCode::corrupt_blob);
    }

    const SystemClock clock;
    House house{clock};
    DescribedStore described{*house.blobs};
    const Image image = house.upload({}, GetParam()).image;
    std::vector<std::byte> buffer;
};

INSTANTIATE_TEST_SUITE_P(Sizes, CheckedOriginalTest,
                         ::testing::Values(100, 256 * 1024, 256 * 1024 + 1, 1'000'000));

TEST_P(CheckedOriginalTest, GivesTheBytesThatWereUploaded) {
    const auto stored = value_of(house.blobs->open(image.blob));
    const auto bytes = value_of(read_all(*stored, 10'000'000));
    EXPECT_EQ(value_of(read(*house.blobs, image)), bytes);
    EXPECT_GE(buffer.size(), GetParam());
    buffer = {};
    EXPECT_EQ(value_of(read(described, image)), bytes);
    EXPECT_LE(buffer.size(), 256U * 1024) << "a file is read in pieces";
}

TEST_P(CheckedOriginalTest, KeepsTheDescriptorOfAFile) {
    const auto source = value_of(open_checked_original(described, image, 10'000'000, buffer));
    EXPECT_TRUE(source->descriptor());
}

TEST_P(CheckedOriginalTest, ABufferOfAnEarlierJobDoesNoHarm) {
    buffer.assign(2'000'000, std::byte{7});
    EXPECT_EQ(sha256_of(value_of(read(*house.blobs, image))), image.sha256);
}

TEST_P(CheckedOriginalTest, OneTurnedBitIsFound) {
    house.faults.corrupt_reads();
    expect_corrupt(*house.blobs, image);
    expect_corrupt(described, image);
}

TEST_P(CheckedOriginalTest, AnotherSizeIsFound) {
    Image other = image;
    ++other.size_bytes;
    expect_corrupt(*house.blobs, other);
}

TEST_P(CheckedOriginalTest, ALostBlobIsCorruption) {
    ASSERT_TRUE(house.blobs->remove(image.blob));
    expect_corrupt(*house.blobs, image);
}

TEST_P(CheckedOriginalTest, TooLargeAnOriginalIsNotRead) {
    const auto source = open_checked_original(*house.blobs, image, GetParam() - 1, buffer);
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().code, ErrorCode::payload_too_large);
    EXPECT_TRUE(buffer.empty());
}

class CopiedOriginalTest : public CheckedOriginalTest {
  protected:
    /// What the copy holds may be something else.
    void copy(std::span<const std::byte> bytes) {
        LocalCopies::Writer writer(copies, image.blob);
        writer.write(bytes);
        writer.finish({bytes.size(), sha256_of(bytes)});
    }
    [[nodiscard]] std::vector<std::byte> original() {
        return value_of(read_all(*value_of(house.blobs->open(image.blob)), 10'000'000));
    }
    [[nodiscard]] Sha256 hash_of_what_is_read() {
        const auto source = value_of(open_checked_original(*house.blobs, image, 10'000'000, buffer, &copies));
        return sha256_of(value_of(read_all(*source, 10'000'000)));
    }

    LocalCopies copies{make_memory_store(clock), 10'000'000, house.log};
};

INSTANTIATE_TEST_SUITE_P(Sizes, CopiedOriginalTest, ::testing::Values(100, 1'000'000));

TEST_P(CopiedOriginalTest, ACopyIsReadAndTheStoreIsNotAsked) {
    copy(original());
    const auto opens = house.faults.calls(BlobOperation::open);
    EXPECT_EQ(hash_of_what_is_read(), image.sha256);
    EXPECT_EQ(house.faults.calls(BlobOperation::open), opens);
}

TEST_P(CopiedOriginalTest, ADamagedCopyIsDroppedAndTheStoreIsAsked) {
    auto damaged = original();
    damaged.back() ^= std::byte{1};
    auto shorter = original();
    shorter.pop_back();
    for (const auto& other : {damaged, shorter}) {
        copy(other);
        EXPECT_EQ(hash_of_what_is_read(), image.sha256);
        EXPECT_FALSE(copies.open(image.blob));
    }
}

TEST_P(CopiedOriginalTest, WithoutACopyTheStoreIsAsked) {
    EXPECT_EQ(hash_of_what_is_read(), image.sha256);
}

TEST_P(CheckedOriginalTest, AStoreThatDoesNotAnswerIsNoCorruption) {
    for (const BlobOperation operation : {BlobOperation::open, BlobOperation::read}) {
        house.faults.fail(operation, 1, {ErrorCode::unavailable, "injected", {}, {}});
        const auto source = open_checked_original(*house.blobs, image, 10'000'000, buffer);
        ASSERT_FALSE(source);
        EXPECT_EQ(source.error().code, ErrorCode::unavailable);
    }
}

}  // namespace
}  // namespace safelight
