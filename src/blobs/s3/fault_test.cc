// What the store does when the server, or the way to it, does not do what it should.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/s3/testing/fault_server.h"
#include "blobs/s3/testing/test_store.h"

namespace safelight::s3 {
namespace {

using testing::HasSubstr;
using testing::Not;
using Stopwatch = std::chrono::steady_clock;

constexpr std::uint64_t read_max = 1'000'000;

class S3FaultTest : public testing::Test {
  protected:
    /// A store whose requests go by `plan`.
    BlobStore& store_with(FaultServer::Plan plan) {
        store_.reset();
        server_ = std::make_unique<FaultServer>(test_port(), std::move(plan));
        config_.endpoint = server_->url();
        store_ = test_store(config_, clock_);
        return *store_;
    }
    /// A blob that is really there.
    BlobKey stored(const std::vector<std::byte>& bytes) {
        const BlobKey key = new_key();
        EXPECT_TRUE(put(*test_store(real_config_, clock_), key, bytes));
        return key;
    }
    BlobKey new_key() { return keys_.next<BlobKey>(); }

    /// Everything that a store can be asked; a success is a failure of the test.
    void expect_all_fail(BlobStore& store, ErrorCode code = ErrorCode::unavailable) {
        const BlobKey key = new_key();
        const auto expect = [&](std::string_view what, const auto& result) {
            ASSERT_FALSE(result) << what;
            EXPECT_EQ(result.error().code, code) << what << ": " << result.error().log_text;
            EXPECT_THAT(result.error().public_text, Not(HasSubstr("server"))) << what;
            EXPECT_THAT(result.error().log_text, Not(HasSubstr("text of the server"))) << what;
        };
        expect("put", put(store, key, noise(10)));
        expect("long put", put(store, new_key(), noise(config_.part_bytes + 1)));
        expect("open", store.open(key));
        expect("remove", store.remove(key));
        expect("list", store.list([](const BlobEntry&) { return Status{}; }, [](const std::string&) {}));
        expect("check", store.check());
    }

    const SystemClock clock_;
    IdGenerator keys_{clock_};
    const S3Config real_config_ = test_config();
    S3Config config_ = real_config_;
    std::unique_ptr<FaultServer> server_;
    std::unique_ptr<S3Store> store_;
};

TEST_F(S3FaultTest, PassingTroubleIsTriedAgain) {
    const auto bytes = noise(1'000);
    const BlobKey key = stored(bytes);
    for (const Treatment& trouble :
         {answer("500 Internal Server Error"), answer("502 Bad Gateway", "<html>"),
          answer("503 Service Unavailable"), answer("504 Gateway Timeout"), answer("429 Too Many Requests"),
          refuse("503 Slow Down", "SlowDown"), refuse("400 Bad Request", "RequestTimeout"),
          close_connection(), Treatment{.answer = "nonsense\r\n\r\n"},
          Treatment{.answer = "HTTP/1.1 206 Partial Content\r\nContent-Length: 1000\r\n\r\nabc"}}) {
        BlobStore& store =
            store_with([&](const SeenRequest& request) { return request.number < 2 ? trouble : pass(); });
        const auto source = store.open(key);
        ASSERT_TRUE(source) << trouble.answer << source.error().log_text;
        EXPECT_EQ(read_all(**source, read_max), bytes);
        EXPECT_EQ(server_->count("GET"), 3U) << trouble.answer;
    }
}

TEST_F(S3FaultTest, EveryOperationIsTriedAgain) {
    BlobStore& store = store_with([](const SeenRequest& request) {
        return request.number % 2 == 0 ? refuse("503 Slow Down", "SlowDown") : pass();
    });
    const BlobKey key = new_key();
    const BlobKey long_key = new_key();
    EXPECT_TRUE(put(store, key, noise(10)));
    EXPECT_TRUE(put(store, long_key, noise(config_.part_bytes + 1)));
    EXPECT_EQ(listing_of(store).entries.size(), 2U);
    EXPECT_TRUE(store.remove(key));
    EXPECT_TRUE(store.remove(long_key));
    EXPECT_TRUE(store.check());
    EXPECT_TRUE(listing_of(store).entries.empty());
}

TEST_F(S3FaultTest, TroubleThatStaysIsUnavailable) {
    config_.attempts_max = 3;
    for (const Treatment& trouble : {refuse("503 Slow Down", "SlowDown"), answer("500 Internal Server Error"),
                                     close_connection(), Treatment{.answer = "nonsense\r\n\r\n"}}) {
        BlobStore& store = store_with([&](const SeenRequest&) { return trouble; });
        expect_all_fail(store);
        EXPECT_EQ(server_->count("GET", new_key().to_string()), 0U);
        const std::size_t before = server_->count("GET");
        const auto opened = store.open(new_key());
        ASSERT_FALSE(opened);
        EXPECT_EQ(server_->count("GET") - before, 3U);
        EXPECT_THAT(opened.error().log_text, HasSubstr("attempts: 3"));
    }
}

TEST_F(S3FaultTest, RefusalsAreNotTriedAgain) {
    for (const Treatment& refusal :
         {refuse("403 Forbidden", "AccessDenied"), refuse("400 Bad Request", "InvalidRequest"),
          refuse("404 Not Found", "NoSuchBucket"), answer("404 Not Found", "<html>"),
          answer("301 Moved Permanently", "", "Location: http://127.0.0.1:1/\r\n")}) {
        BlobStore& store = store_with([&](const SeenRequest&) { return refusal; });
        const auto opened = store.open(new_key());
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::unavailable) << refusal.answer;
        EXPECT_EQ(server_->requests().size(), 1U) << refusal.answer;
    }
}

TEST_F(S3FaultTest, WhatSaysYesToEverythingIsNoStore) {
    for (const Treatment& welcome :
         {answer("200 OK", "<html><body>Welcome to our network</body></html>"), answer("200 OK"),
          answer("204 No Content"), answer("206 Partial Content", "abc"), answer("200 OK", "{}")}) {
        BlobStore& store = store_with([&](const SeenRequest& request) {
            // A DELETE has nothing in its answer that could tell.
            return request.is("DELETE") ? answer("200 OK") : welcome;
        });
        expect_all_fail(store);
    }
}

TEST_F(S3FaultTest, ATruncatedBodyIsNeverTakenForAWhole) {
    const auto bytes = noise(100'000);
    const BlobKey key = stored(bytes);
    BlobStore& store =
        store_with([](const SeenRequest&) { return Treatment{.is_passed = true, .bytes_max = 50'000}; });
    const auto opened = store.open(key);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
}

TEST_F(S3FaultTest, ABodyThatDoesNotMatchItsRangeIsNotTaken) {
    const std::string etag = "ETag: \"x\"\r\n";
    for (const std::string range :
         {"bytes 1-10/100", "bytes 0-8/100", "bytes 0-10/100", "bytes 0-9/9", "bytes 0-9/*", "nonsense",
          "bytes 9-0/100", "bytes 0-99999999999999999999/100"}) {
        BlobStore& store = store_with([&](const SeenRequest&) {
            return answer("206 Partial Content", "0123456789", etag + "Content-Range: " + range + "\r\n");
        });
        const auto opened = store.open(new_key());
        ASSERT_FALSE(opened) << range;
        EXPECT_EQ(opened.error().code, ErrorCode::unavailable) << range;
    }
}

TEST_F(S3FaultTest, AnAnswerThatNeverEndsIsCutOff) {
    BlobStore& store = store_with([](const SeenRequest&) {
        return Treatment{.answer = "HTTP/1.1 200 OK\r\n\r\n" + std::string(12 * MiB, 'x')};
    });
    config_.attempts_max = 1;
    EXPECT_FALSE(store.list([](const BlobEntry&) { return Status{}; }, [](const std::string&) {}));
    EXPECT_FALSE(store.open(new_key()));
    EXPECT_FALSE(store.remove(new_key()));
}

TEST_F(S3FaultTest, AServerThatHangsIsGivenUpInTime) {
    config_.request_timeout = Milliseconds(300);
    config_.call_timeout = Milliseconds(1'000);
    BlobStore& store = store_with([](const SeenRequest&) { return hang(); });
    const auto start = Stopwatch::now();
    const auto opened = store.open(new_key());
    const auto spent = Stopwatch::now() - start;
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
    EXPECT_LT(spent, std::chrono::seconds(4));
    EXPECT_GE(server_->requests().size(), 2U) << "tried again within the time";
}

TEST_F(S3FaultTest, AServerThatIsSilentIsAskedTwice) {
    config_.request_timeout = Milliseconds(300);
    config_.call_timeout = Milliseconds(60'000);
    config_.attempts_max = 5;
    BlobStore& store = store_with([](const SeenRequest&) { return hang(); });
    EXPECT_FALSE(store.open(new_key()));
    EXPECT_EQ(server_->requests().size(), 2U) << "whoever waits is to be told";
}

TEST_F(S3FaultTest, NothingIsRemovedFromAStoreThatWasJustSilent) {
    config_.request_timeout = Milliseconds(300);
    config_.call_timeout = Milliseconds(60'000);
    std::atomic<bool> hangs = true;
    BlobStore& store = store_with([&](const SeenRequest&) { return hangs ? hang() : pass(); });
    const BlobKey first = stored(noise(10));
    const BlobKey second = stored(noise(10));
    EXPECT_FALSE(put(store, new_key(), noise(10)));
    const std::size_t asked = server_->requests().size();
    const auto expect_untried = [&](const Status& status) {
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, ErrorCode::unavailable);
        EXPECT_THAT(status.error().log_text, HasSubstr("just silent"));
    };
    expect_untried(store.remove(first));
    for (const Status& status : store.remove_many(std::vector{first, second})) expect_untried(status);
    EXPECT_EQ(server_->requests().size(), asked) << "whoever waits is to be told";

    hangs = false;
    EXPECT_TRUE(store.open(first)) << "what cannot be put off is asked for, and heard: the store is back";
    EXPECT_TRUE(store.remove(first));
    hangs = true;
    EXPECT_FALSE(store.open(second));
    hangs = false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2'100));
    EXPECT_TRUE(store.remove(second)) << "by itself after two seconds";
}

TEST_F(S3FaultTest, AServerThatStallsInTheMiddleIsGivenUp) {
    config_.stall_timeout = Milliseconds(1'000);
    config_.attempts_max = 1;
    BlobStore& store = store_with([](const SeenRequest&) {
        return Treatment{.hangs = true,
                         .answer =
                             "HTTP/1.1 206 Partial Content\r\nContent-Length: 1000\r\nETag: x\r\n"
                             "Content-Range: bytes 0-999/1000\r\n\r\n0123456789"};
    });
    const auto start = Stopwatch::now();
    EXPECT_FALSE(store.open(new_key()));
    EXPECT_LT(Stopwatch::now() - start, std::chrono::seconds(10)) << "not the whole time of a request";
}

TEST_F(S3FaultTest, NobodyThereIsUnavailableAtOnce) {
    {
        const FaultServer gone(0, [](const SeenRequest&) { return hang(); });
        config_.endpoint = gone.url();
    }
    config_.attempts_max = 2;
    const auto store = test_store(config_, clock_);
    const auto start = Stopwatch::now();
    expect_all_fail(*store);
    EXPECT_LT(Stopwatch::now() - start, std::chrono::seconds(10));
}

TEST_F(S3FaultTest, AFullStoreIsSaidToBeFull) {
    for (const Treatment& full :
         {answer("507 Insufficient Storage"), refuse("403 Forbidden", "QuotaExceeded"),
          refuse("507 Insufficient Storage", "XMinioStorageFull")}) {
        BlobStore& store =
            store_with([&](const SeenRequest& request) { return request.is("PUT") ? full : pass(); });
        for (const auto& status :
             {put(store, new_key(), noise(10)), put(store, new_key(), noise(config_.part_bytes + 1))}) {
            ASSERT_FALSE(status);
            EXPECT_EQ(status.error().code, ErrorCode::storage_full);
            EXPECT_EQ(status.error().public_text, "The storage is full.");
        }
        const auto checked = store.check();
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().code, ErrorCode::storage_full);
    }
}

TEST_F(S3FaultTest, WhatIsTooLargeForTheStoreIsNoOutage) {
    BlobStore& store = store_with([&](const SeenRequest& request) {
        return request.is("PUT") ? refuse("400 Bad Request", "EntityTooLarge") : pass();
    });
    const auto status = put(store, new_key(), noise(10));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::payload_too_large) << "and nobody tries it again for ever";
    EXPECT_EQ(status.error().public_text, "The storage takes nothing of this size.");
}

class CountingCredentials final : public CredentialsProvider {
  public:
    Result<Credentials> current() override { return test_credentials(); }
    void expire() override { ++expired; }
    std::atomic<int> expired = 0;
};

TEST_F(S3FaultTest, ExpiredCredentialsAreRenewedAndTheRequestIsSentAgain) {
    auto credentials = std::make_unique<CountingCredentials>();
    const CountingCredentials& counter = *credentials;
    FaultServer server(test_port(), [](const SeenRequest& request) {
        return request.number == 0 ? refuse("400 Bad Request", "ExpiredToken") : pass();
    });
    config_.endpoint = server.url();
    const auto store = open_s3_store(config_, std::move(credentials), clock_);
    ASSERT_TRUE(store);
    EXPECT_TRUE((*store)->check());
    EXPECT_EQ(counter.expired, 1);
}

}  // namespace
}  // namespace safelight::s3
