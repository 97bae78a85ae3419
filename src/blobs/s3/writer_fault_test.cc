// Writes whose answers get lost, or whose requests fail: no false success, and nothing is left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/s3/testing/fault_server.h"
#include "blobs/s3/testing/test_store.h"

namespace safelight::s3 {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class S3WriterFaultTest : public testing::Test {
  protected:
    /// The first `count` requests of that kind are treated so; everything else is passed on.
    BlobStore& store_with(std::string method, std::string in_target, int count, Treatment treatment) {
        server_ = std::make_unique<FaultServer>(
            test_port(), [=, left = count, heeding = ConditionalPlan()](const SeenRequest& request) mutable {
                Treatment usual = heeding(request);
                if (!request.is(method, in_target) || left-- <= 0) return usual;
                // What is to be carried out is carried out as it would have been.
                return treatment.is_passed && usual.is_passed ? with_condition_heeded(treatment, usual)
                                                              : treatment;
            });
        config_.endpoint = server_->url();
        config_.attempts_max = 3;
        store_ = test_store(config_, clock_);
        return *store_;
    }
    static Treatment with_condition_heeded(Treatment treatment, const Treatment& usual) {
        treatment.without = usual.without;
        return treatment;
    }
    [[nodiscard]] std::vector<std::byte> long_bytes() const { return noise(config_.part_bytes + 1'000); }
    void expect_stored(BlobKey key, const std::vector<std::byte>& bytes) {
        const auto store = test_store(real_config_, clock_);
        const auto source = store->open(key);
        ASSERT_TRUE(source);
        EXPECT_EQ((*source)->size_bytes(), bytes.size());
        EXPECT_EQ(read_all(**source, 64 * MiB), bytes);
        EXPECT_THAT(raw_.uploads(), IsEmpty());
    }
    void expect_nothing_stored() {
        EXPECT_THAT(raw_.uploads(), IsEmpty());
        EXPECT_THAT(raw_.objects(), IsEmpty());
    }
    [[nodiscard]] std::string object_of(BlobKey key) const {
        return real_config_.prefix + "/" + key.to_string();
    }
    BlobKey new_key() { return keys_.next<BlobKey>(); }

    const SystemClock clock_;
    IdGenerator keys_{clock_};
    const S3Config real_config_ = test_config();
    S3Config config_ = real_config_;
    RawBucket raw_{real_config_, clock_};
    std::unique_ptr<FaultServer> server_;
    std::unique_ptr<S3Store> store_;
};

TEST_F(S3WriterFaultTest, APutWhoseAnswerIsLostSucceedsAtTheSecondAttempt) {
    BlobStore& store = store_with("PUT", "", 1, lose_answer());
    const BlobKey key = new_key();
    const auto bytes = noise(1'000);
    const auto info = put(store, key, bytes);
    ASSERT_TRUE(info) << info.error().log_text;
    EXPECT_EQ(*info, (BlobInfo{bytes.size(), sha256_of(bytes)}));
    expect_stored(key, bytes);
    EXPECT_EQ(server_->count("PUT"), 2U);
    EXPECT_EQ(server_->count("HEAD"), 2U) << "is it new, and is it ours";
}

TEST_F(S3WriterFaultTest, APutThatIsRepeatedDoesNotTakeAnothersBlobForItsOwn) {
    const BlobKey key = new_key();
    const std::string object = real_config_.prefix + "/" + key.to_string();
    server_ = std::make_unique<FaultServer>(test_port(), [&, is_first = true, heeding = ConditionalPlan()](
                                                             const SeenRequest& request) mutable {
        const Treatment usual = heeding(request);
        if (!request.is("PUT") || !std::exchange(is_first, false)) return usual;
        EXPECT_TRUE(raw_.place(object, "somebody else's"));  // just before the first attempt, which is lost
        return close_connection();
    });
    config_.endpoint = server_->url();
    store_ = test_store(config_, clock_);
    const auto info = put(*store_, key, noise(1'000));
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code, ErrorCode::conflict);
    EXPECT_THAT(raw_.objects(), SizeIs(1));
    const auto store = test_store(real_config_, clock_);
    const auto source = store->open(key);
    ASSERT_TRUE(source);
    EXPECT_EQ((*source)->size_bytes(), 15U);
}

TEST_F(S3WriterFaultTest, APutThatWasCarriedOutButNeverAnsweredIsTakenBack) {
    BlobStore& store = store_with("PUT", "", 100, lose_answer());
    const auto info = put(store, new_key(), noise(1'000));
    ASSERT_FALSE(info);
    EXPECT_NE(info.error().code, ErrorCode::conflict);
    expect_nothing_stored();
}

TEST_F(S3WriterFaultTest, AFailedPutLeavesAnothersBlobAlone) {
    const BlobKey key = new_key();
    BlobStore& store = store_with("PUT", "", 100, answer("500 Internal Server Error"));
    {
        const auto writer = store.create(key);
        ASSERT_TRUE(writer && (*writer)->write(noise(10)));
        EXPECT_FALSE((*writer)->commit());
        ASSERT_TRUE(raw_.place(real_config_.prefix + "/" + key.to_string(), "somebody else's"));
    }
    EXPECT_THAT(raw_.objects(), SizeIs(1));
}

TEST_F(S3WriterFaultTest, ACompletionWhoseAnswerIsLostSucceeds) {
    BlobStore& store = store_with("POST", "uploadId=", 1, lose_answer());
    const BlobKey key = new_key();
    const auto info = put(store, key, long_bytes());
    ASSERT_TRUE(info) << info.error().log_text;
    expect_stored(key, long_bytes());
    EXPECT_EQ(server_->count("POST", "uploadId="), 2U);
}

TEST_F(S3WriterFaultTest, AnErrorInA200IsNoSuccess) {
    const Treatment error_in_200 = refuse("200 OK", "InternalError");
    const BlobKey key = new_key();
    ASSERT_TRUE(put(store_with("POST", "uploadId=", 1, error_in_200), key, long_bytes())) << "tried again";
    expect_stored(key, long_bytes());
    ASSERT_TRUE(store_->remove(key));

    const auto info = put(store_with("POST", "uploadId=", 100, error_in_200), new_key(), long_bytes());
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code, ErrorCode::unavailable);
    expect_nothing_stored();
}

TEST_F(S3WriterFaultTest, AnotherErrorInA200IsNoSuccessEither) {
    const auto info =
        put(store_with("POST", "uploadId=", 1, refuse("200 OK", "InvalidPart")), new_key(), long_bytes());
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code, ErrorCode::unavailable);
    expect_nothing_stored();
}

TEST_F(S3WriterFaultTest, ACompletionThatWasCarriedOutButNeverAnsweredIsTakenBack) {
    const auto info = put(store_with("POST", "uploadId=", 1, Treatment{.is_passed = true, .bytes_max = 60}),
                          new_key(), long_bytes());
    EXPECT_TRUE(info) << info.error().log_text;

    config_.attempts_max = 1;
    server_ = std::make_unique<FaultServer>(test_port(), [](const SeenRequest& request) {
        return request.is("POST", "uploadId=") ? lose_answer() : pass();
    });
    config_.endpoint = server_->url();
    store_ = test_store(config_, clock_);
    const auto before = raw_.objects().size();
    EXPECT_FALSE(put(*store_, new_key(), long_bytes()));
    EXPECT_THAT(raw_.uploads(), IsEmpty());
    EXPECT_EQ(raw_.objects().size(), before);
}

TEST_F(S3WriterFaultTest, AnUploadThatWasStartedTwiceLeavesNoSecondOne) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(store_with("POST", "uploads=", 1, lose_answer()), key, long_bytes()));
    EXPECT_EQ(server_->count("POST", "uploads="), 2U);
    expect_stored(key, long_bytes());
    ASSERT_TRUE(store_->remove(key));

    BlobStore& store = store_with("POST", "uploads=", 1, lose_answer());
    {
        const BlobKey other = new_key();
        const auto writer = store.create(other);
        ASSERT_TRUE(writer && (*writer)->write(long_bytes()));
        EXPECT_THAT(raw_.uploads(object_of(other)), SizeIs(2));
    }
    expect_nothing_stored();
}

TEST_F(S3WriterFaultTest, APartThatFailsTakesItsUploadAlong) {
    const auto info = put(store_with("PUT", "partNumber=2", 100, refuse("403 Forbidden", "AccessDenied")),
                          new_key(), long_bytes());
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code, ErrorCode::unavailable);
    expect_nothing_stored();
}

TEST_F(S3WriterFaultTest, APartThatIsDamagedOnItsWayIsRefused) {
    // The server compares the body with the hash that was signed.
    const auto bytes = noise(100);
    ASSERT_TRUE(raw_.bucket().put(real_config_.prefix + "/x", bytes, sha256_of(bytes), "mark", false));
    ASSERT_TRUE(raw_.bucket().remove(real_config_.prefix + "/x"));
    const auto put_with_wrong_hash =
        raw_.bucket().put(real_config_.prefix + "/x", bytes, sha256_of(noise(99)), "mark", false);
    EXPECT_FALSE(put_with_wrong_hash);
    expect_nothing_stored();
}

TEST_F(S3WriterFaultTest, MemoryIsBoundedByThePart) {
    BlobStore& store = store_with("PUT", "", 0, {});
    const BlobKey key = new_key();
    const auto bytes = noise(3 * config_.part_bytes + 5);
    auto writer = store.create(key);
    ASSERT_TRUE(writer);
    std::size_t written = 0;
    for (std::span<const std::byte> rest = bytes; !rest.empty();) {
        const auto piece = rest.first(std::min<std::size_t>(rest.size(), 777'777));
        ASSERT_TRUE((*writer)->write(piece));
        rest = rest.subspan(piece.size());
        written += piece.size();
        std::size_t sent = 0;
        for (const SeenRequest& request : server_->requests())
            sent += request.is("PUT") ? request.body.size() : 0;
        ASSERT_LE(written - sent, config_.part_bytes) << "more than one part was held";
    }
    ASSERT_TRUE((*writer)->commit());
    for (const SeenRequest& request : server_->requests()) EXPECT_LE(request.body.size(), config_.part_bytes);
    expect_stored(key, bytes);
}

TEST_F(S3WriterFaultTest, TidyingUpDoesNotTakeLongWhenTheServerIsGone) {
    std::atomic<bool> is_down = false;
    server_ = std::make_unique<FaultServer>(test_port(),
                                            [&](const SeenRequest&) { return is_down ? hang() : pass(); });
    config_.endpoint = server_->url();
    store_ = test_store(config_, clock_);
    const BlobKey key = new_key();
    auto writer = store_->create(key);
    ASSERT_TRUE(writer && (*writer)->write(long_bytes()));
    is_down = true;
    const auto start = std::chrono::steady_clock::now();
    writer->reset();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
    EXPECT_THAT(raw_.uploads(object_of(key)), SizeIs(1)) << "which remove takes";
}

}  // namespace
}  // namespace safelight::s3
