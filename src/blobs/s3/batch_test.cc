// Many blobs removed together, and the store that cannot do that, or not all of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/s3/testing/fault_server.h"
#include "blobs/s3/testing/test_store.h"

namespace safelight::s3 {
namespace {

using testing::IsEmpty;

class S3BatchTest : public testing::Test {
  protected:
    /// A store whose requests go by `plan`.
    BlobStore& store_with(FaultServer::Plan plan) {
        server_ = std::make_unique<FaultServer>(test_port(), std::move(plan));
        S3Config config = config_;
        config.endpoint = server_->url();
        // A thousand deletions keep a small store busy for longer than it may be silent otherwise.
        config.stall_timeout = config.request_timeout;
        store_ = test_store(config, clock_);
        return *store_;
    }
    [[nodiscard]] std::vector<BlobKey> stored(std::size_t count) {
        std::vector<BlobKey> keys;
        for (std::size_t i = 0; i < count; ++i) {
            keys.push_back(keys_.next<BlobKey>());
            EXPECT_TRUE(put(*direct_, keys.back(), noise(10)));
        }
        return keys;
    }
    [[nodiscard]] std::size_t batches() const { return server_->count("POST", "?delete"); }
    /// Of objects: those of uploads have a query.
    [[nodiscard]] std::size_t single_deletions() const {
        return server_->count("DELETE") - server_->count("DELETE", "?");
    }
    static bool is_batch(const SeenRequest& request) { return request.is("POST", "?delete"); }

    const SystemClock clock_;
    IdGenerator keys_{clock_};
    const S3Config config_ = test_config();
    RawBucket raw_{config_, clock_};
    std::unique_ptr<S3Store> direct_ = test_store(config_, clock_);
    std::unique_ptr<FaultServer> server_;
    std::unique_ptr<S3Store> store_;
};

TEST_F(S3BatchTest, ObjectsGoInOneRequest) {
    BlobStore& store = store_with([](const SeenRequest&) { return pass(); });
    const auto keys = stored(20);
    for (const Status& status : store.remove_many(keys)) EXPECT_TRUE(status) << status.error().log_text;
    EXPECT_EQ(batches(), 1U);
    EXPECT_EQ(single_deletions(), 0U);
    EXPECT_THAT(raw_.objects(), IsEmpty());
}

TEST_F(S3BatchTest, OneBlobIsDeletedByItself) {
    BlobStore& store = store_with([](const SeenRequest&) { return pass(); });
    EXPECT_TRUE(store.remove_many(stored(1)).front());
    EXPECT_EQ(batches(), 0U);
    EXPECT_THAT(raw_.objects(), IsEmpty());
}

TEST_F(S3BatchTest, MoreThanAThousandAreSeveralBatches) {
    // Uploads are not looked for: there are none, and the listing of a thousand names takes its time.
    BlobStore& store = store_with([](const SeenRequest& request) {
        if (request.target.contains("?uploads") || request.target.contains("&uploads"))
            return answer("200 OK", "<ListMultipartUploadsResult></ListMultipartUploadsResult>");
        return pass();
    });
    auto keys = stored(2);
    while (keys.size() < Bucket::batch_max + 1) keys.insert(keys.begin() + 1, keys_.next<BlobKey>());
    keys.push_back(keys_.next<BlobKey>());
    const auto statuses = store.remove_many(keys);
    ASSERT_EQ(statuses.size(), keys.size());
    for (const Status& status : statuses) ASSERT_TRUE(status) << status.error().log_text;
    EXPECT_EQ(batches(), 2U);
    EXPECT_THAT(raw_.objects(), IsEmpty());
}

TEST_F(S3BatchTest, AStoreWithoutBatchesIsAskedForThemOnce) {
    for (const Treatment& refusal : {refuse("501 Not Implemented", "NotImplemented"),
                                     refuse("405 Method Not Allowed", "MethodNotAllowed")}) {
        BlobStore& store =
            store_with([&](const SeenRequest& request) { return is_batch(request) ? refusal : pass(); });
        for (int round = 0; round < 2; ++round) {
            for (const Status& status : store.remove_many(stored(3))) EXPECT_TRUE(status);
        }
        EXPECT_EQ(batches(), 1U);
        EXPECT_EQ(single_deletions(), 6U);
        EXPECT_THAT(raw_.objects(), IsEmpty());
    }
}

TEST_F(S3BatchTest, ABatchThatIsRefusedGoesOneByOne) {
    for (const Treatment& refusal :
         {refuse("400 Bad Request", "MalformedXML"), answer("200 OK", "<html>Welcome</html>"),
          answer("200 OK"), answer("204 No Content"), answer("200 OK", "<DeleteResult></DeleteResult>")}) {
        BlobStore& store =
            store_with([&](const SeenRequest& request) { return is_batch(request) ? refusal : pass(); });
        for (const Status& status : store.remove_many(stored(2))) EXPECT_TRUE(status) << refusal.answer;
        EXPECT_EQ(single_deletions(), 2U) << refusal.answer;
        EXPECT_THAT(raw_.objects(), IsEmpty()) << refusal.answer;
    }
}

TEST_F(S3BatchTest, PassingTroubleIsTriedAgain) {
    std::size_t seen = 0;
    BlobStore& store = store_with([&](const SeenRequest& request) {
        return is_batch(request) && seen++ == 0 ? refuse("503 Slow Down", "SlowDown") : pass();
    });
    for (const Status& status : store.remove_many(stored(3))) EXPECT_TRUE(status);
    EXPECT_EQ(batches(), 2U);
    EXPECT_EQ(single_deletions(), 0U);
}

TEST_F(S3BatchTest, WhatOneObjectMeetsIsItsOwn) {
    const auto keys = stored(4);
    const std::string refused = keys[1].to_string();
    const std::string delayed = keys[2].to_string();
    const auto object = [&](std::string_view name, const BlobKey& key, std::string_view code) {
        const std::string text = "<Key>" + config_.prefix + "/" + key.to_string() + "</Key>";
        return "<" + std::string(name) + ">" + text + std::string(code) + "</" + std::string(name) + ">";
    };
    const std::string result = "<DeleteResult>" + object("Deleted", keys[0], "") +
                               object("Error", keys[1], "<Code>AccessDenied</Code>") +
                               object("Error", keys[2], "<Code>InternalError</Code>") +
                               object("Error", keys[3], "<Code>NoSuchKey</Code>") + "</DeleteResult>";
    BlobStore& store = store_with([&](const SeenRequest& request) {
        if (is_batch(request)) return answer("200 OK", result);
        if (request.is("DELETE", refused)) return refuse("403 Forbidden", "AccessDenied");
        return pass();
    });
    const auto statuses = store.remove_many(keys);
    ASSERT_EQ(statuses.size(), 4U);
    EXPECT_TRUE(statuses[0] && statuses[2] && statuses[3]);
    ASSERT_FALSE(statuses[1]);
    EXPECT_EQ(statuses[1].error().code, ErrorCode::unavailable);
    EXPECT_EQ(server_->count("DELETE", delayed), 1U);
    EXPECT_EQ(single_deletions(), 2U);
}

TEST_F(S3BatchTest, AStoreThatIsAwayIsNotAskedAThousandTimes) {
    const auto keys = stored(50);
    BlobStore& store = store_with([](const SeenRequest&) { return refuse("403 Forbidden", "AccessDenied"); });
    const auto statuses = store.remove_many(keys);
    ASSERT_EQ(statuses.size(), keys.size());
    for (const Status& status : statuses) {
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, ErrorCode::unavailable);
    }
    EXPECT_EQ(server_->requests().size(), 3U);
}

TEST_F(S3BatchTest, UnfinishedUploadsGoWithTheirObjects) {
    const auto keys = stored(2);
    for (const BlobKey key : keys)
        ASSERT_TRUE(raw_.bucket().start_upload(config_.prefix + "/" + key.to_string(), "dead"));
    for (const Status& status : direct_->remove_many(keys)) EXPECT_TRUE(status);
    EXPECT_THAT(raw_.uploads(), IsEmpty());
    EXPECT_THAT(raw_.objects(), IsEmpty());
}

}  // namespace
}  // namespace safelight::s3
