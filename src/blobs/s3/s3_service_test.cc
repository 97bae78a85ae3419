// Conditions, links, buckets and credentials, against a real S3 server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/s3/http_client.h"
#include "blobs/s3/s3_store.h"
#include "blobs/s3/s3_writer.h"
#include "blobs/s3/testing/fault_server.h"
#include "blobs/s3/testing/test_store.h"

namespace safelight {
namespace {

using s3::RawBucket;
using s3::test_config;
using s3::test_store;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class S3ServiceTest : public testing::Test {
  protected:
    BlobKey new_key() { return keys_.next<BlobKey>(); }
    [[nodiscard]] std::string name_of(BlobKey key) const { return config_.prefix + "/" + key.to_string(); }

    ManualClock clock_{SystemClock().now()};
    IdGenerator keys_{clock_};
    S3Config config_ = test_config();
    RawBucket raw_{config_, clock_};
    std::unique_ptr<S3Store> store_ = test_store(config_, clock_);
};

TEST_F(S3ServiceTest, CheckFindsOutWhetherConditionsAreHeeded) {
    const s3::FaultServer::Plan heeding = s3::ConditionalPlan();
    const s3::FaultServer::Plan ignoring = [](const s3::SeenRequest&) {
        return s3::Treatment{.is_passed = true, .without = "if-none-match"};
    };
    for (const bool are_heeded : {true, false}) {
        const s3::FaultServer proxy(s3::test_port(), are_heeded ? heeding : ignoring);
        config_.endpoint = proxy.url();
        const auto store = test_store(config_, clock_);
        const auto checked = store->check();
        ASSERT_TRUE(checked) << checked.error().log_text;
        EXPECT_THAT(raw_.objects(), ElementsAre(config_.prefix + "/safelight-check"));
        const BlobKey key = new_key();
        const auto before = proxy.count("HEAD");
        ASSERT_TRUE(put(*store, key, noise(10)));
        EXPECT_EQ(proxy.count("HEAD") - before, are_heeded ? 0U : 1U);
        const auto again = put(*store, key, noise(20));
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().code, ErrorCode::conflict);
        EXPECT_EQ(read_all(**store->open(key), 100), noise(10));
        EXPECT_TRUE(store->remove(key));
    }
}

TEST_F(S3ServiceTest, OfWritersInSeveralProcessesOneWinsWhereConditionsAreHeeded) {
    const s3::FaultServer proxy(s3::test_port(), s3::ConditionalPlan());
    config_.endpoint = proxy.url();
    config_.conditional_writes = ConditionalWrites::always;
    constexpr std::size_t stores = 4;
    for (int round = 0; round < 5; ++round) {
        const BlobKey key = new_key();
        std::latch ready(stores);
        std::atomic<std::size_t> winners = 0;
        std::atomic<std::size_t> winner = 0;
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < stores; ++i) {
                threads.emplace_back([&, i] {
                    const auto store = test_store(config_, clock_);
                    ready.arrive_and_wait();
                    const auto info = put(*store, key, noise(100 + i));
                    if (info) {
                        ++winners;
                        winner = i;
                    } else {
                        EXPECT_EQ(info.error().code, ErrorCode::conflict) << info.error().log_text;
                    }
                });
            }
        }
        ASSERT_EQ(winners, 1U);
        const auto source = store_->open(key);
        ASSERT_TRUE(source);
        EXPECT_EQ((*source)->size_bytes(), 100 + winner);
    }
}

TEST_F(S3ServiceTest, AStoreThatRefusesConditionsIsAskedBeforehand) {
    s3::FaultServer proxy(s3::test_port(), [](const s3::SeenRequest& request) {
        if (request.head.contains("if-none-match"))
            return s3::refuse("501 Not Implemented", "NotImplemented");
        return s3::pass();
    });
    config_.endpoint = proxy.url();
    const auto store = test_store(config_, clock_);
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store, key, noise(10)));
    const auto again = put(*store, key, noise(20));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::conflict);
    EXPECT_TRUE(store->check());
}

class S3LinkTest : public S3ServiceTest {
  protected:
    static s3::HttpAnswer got(const std::string& url) {
        s3::HttpClient client({});
        auto answer = client.exchange({.method = "GET", .url = url, .headers = {}, .body = {}, .into = {}});
        if (!answer) throw std::runtime_error(answer.error().text);
        return std::move(*answer);
    }
};

TEST_F(S3LinkTest, AnybodyMayFollowALink) {
    const BlobKey key = new_key();
    ASSERT_TRUE(store_->link_to(key, {}));
    const std::string text = "not a picture";
    ASSERT_TRUE(put(*store_, key, std::as_bytes(std::span(text))));
    const auto link = store_->link_to(
        key, {.content_type = "image/webp", .content_disposition = "inline; filename*=UTF-8''%C3%BC.webp"});
    ASSERT_TRUE(link);
    EXPECT_THAT(*link, Not(HasSubstr(s3::test_credentials().secret_key)));
    const auto answer = got(*link);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, text);
    EXPECT_EQ(answer.header("content-type"), "image/webp");
    EXPECT_EQ(answer.header("content-disposition"), "inline; filename*=UTF-8''%C3%BC.webp");
}

TEST_F(S3LinkTest, ALinkIsForOneMethod) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store_, key, noise(10)));
    s3::HttpClient client({});
    const auto head = *store_->link_to(key, {.method = LinkMethod::head, .content_type = "image/png"});
    const auto answer =
        client.exchange({.method = "HEAD", .url = head, .headers = {}, .body = {}, .into = {}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->header("content-length"), "10");
    EXPECT_EQ(answer->header("content-type"), "image/png");
    EXPECT_EQ(got(head).status, 403);
}

TEST_F(S3LinkTest, WhatALinkSaysOfTheBytesCannotBeChanged) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store_, key, noise(10)));
    const std::string link = *store_->link_to(key, {.content_type = "image/png"});
    std::string changed = link;
    changed.replace(changed.find("image%2Fpng"), 11, "text%2Fhtml");
    EXPECT_EQ(got(changed).status, 403);
    EXPECT_EQ(got(link + "&response-content-disposition=inline").status, 403);
    EXPECT_EQ(got(link).status, 200);
}

TEST_F(S3LinkTest, ALinkLeadsToWhereClientsReachTheStore) {
    const s3::FaultServer front(s3::test_port(), [](const s3::SeenRequest&) { return s3::pass(); });
    config_.public_endpoint = front.url();
    const auto store = test_store(config_, clock_);
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store, key, noise(10)));
    const std::string link = *store->link_to(key, {});
    EXPECT_TRUE(link.starts_with(front.url() + "/")) << link;
    EXPECT_EQ(got(link).status, 200);
    EXPECT_EQ(front.requests().size(), 1U) << "and nothing else goes there";
}

TEST_F(S3LinkTest, AnotherLinkIsRefused) {
    const BlobKey key = new_key();
    const BlobKey other_key = new_key();
    for (const BlobKey each : {key, other_key}) ASSERT_TRUE(put(*store_, each, noise(10)));
    std::string link = *store_->link_to(key, {});
    ASSERT_EQ(got(link).status, 200);
    link.replace(link.find(key.to_string()), key.to_string().size(), other_key.to_string());
    EXPECT_EQ(got(link).status, 403);
}

TEST_F(S3LinkTest, ALinkExpires) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store_, key, noise(10)));
    clock_.advance(Milliseconds(-10'000));
    const auto link = store_->link_to(key, {.valid_for = std::chrono::seconds(5)});
    ASSERT_TRUE(link);
    EXPECT_EQ(got(*link).status, 403);
    EXPECT_FALSE(store_->link_to(key, {.valid_for = std::chrono::seconds(0)}));
    EXPECT_FALSE(store_->link_to(key, {.valid_for = std::chrono::days(8)}));
}

TEST_F(S3ServiceTest, ABucketIsMadeOnce) {
    for (const char* name : {"new-", "dots.and-hyphens.", "0"}) {
        config_.bucket = name + s3::new_mark();
        const auto store = test_store(config_, clock_);
        const auto missing = store->check();
        ASSERT_FALSE(missing);
        EXPECT_EQ(missing.error().code, ErrorCode::unavailable);
        EXPECT_THAT(missing.error().log_text,
                    HasSubstr("no such bucket: `safelight migrate up` makes it, or mend the URL"));
        for (int i = 0; i < 2; ++i) {
            const auto made = store->ensure_bucket();
            ASSERT_TRUE(made) << made.error().log_text;
        }
        EXPECT_TRUE(store->check());
        EXPECT_TRUE(put(*store, new_key(), noise(10)));
    }
}

TEST_F(S3ServiceTest, ABucketIsMadeOnlyWhereTheStoreSaysThatThereIsNone) {
    for (const s3::Treatment& trouble :
         {s3::refuse("403 Forbidden", "AccessDenied"), s3::refuse("503 Slow Down", "SlowDown"),
          s3::refuse("403 Forbidden", "QuotaExceeded"), s3::answer("404 Not Found", "<html>")}) {
        const s3::FaultServer proxy(s3::test_port(), [&](const s3::SeenRequest&) { return trouble; });
        config_.endpoint = proxy.url();
        config_.attempts_max = 2;
        const auto store = test_store(config_, clock_);
        EXPECT_FALSE(store->ensure_bucket()) << trouble.answer;
        EXPECT_EQ(proxy.count("PUT"), proxy.count("PUT", "safelight-check")) << "the bucket was never put";
    }
}

TEST_F(S3ServiceTest, CheckingAtTheSameTimeDisturbsNobody) {
    const s3::FaultServer proxy(s3::test_port(), s3::ConditionalPlan());
    config_.endpoint = proxy.url();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            const auto store = test_store(config_, clock_);
            for (int round = 0; round < 5; ++round) {
                const Status checked = store->check();
                EXPECT_TRUE(checked) << checked.error().log_text;
            }
            const auto heads = proxy.count("HEAD");
            EXPECT_EQ(heads, 0U) << "each has found that conditions are heeded";
            EXPECT_TRUE(put(*store, IdGenerator(clock_).next<BlobKey>(), noise(10)));
        });
    }
    threads.clear();
    EXPECT_EQ(proxy.count("HEAD"), 0U);
    EXPECT_EQ(proxy.count("DELETE"), 0U);
}

TEST_F(S3ServiceTest, TheBucketMayStandInTheHost) {
    config_.endpoint = "http://localhost:" + std::to_string(s3::test_port());
    config_.addressing = S3Addressing::virtual_host;
    const auto store = test_store(config_, clock_);
    const BlobKey key = new_key();
    const auto written = put(*store, key, noise(10));
    ASSERT_TRUE(written) << written.error().log_text;
    EXPECT_EQ(read_all(**store->open(key), 100), noise(10));
    EXPECT_EQ(listing_of(*store).entries.size(), 1U);
    EXPECT_THAT(raw_.objects(), ElementsAre(name_of(key)));
    EXPECT_TRUE(store->remove(key));
    EXPECT_TRUE(store->check());
}

TEST_F(S3ServiceTest, NoPrefixIsFineToo) {
    config_.bucket = "bare-" + s3::new_mark();
    config_.prefix.clear();
    const auto store = test_store(config_, clock_);
    ASSERT_TRUE(store->ensure_bucket());
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store, key, noise(10)));
    const auto entries = listing_of(*store).entries;
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries.front().key, key);
}

class WrongKeysTest : public S3ServiceTest, public testing::WithParamInterface<bool> {};

TEST_P(WrongKeysTest, AreUnavailableAndTheLogSaysWhatToMend) {
    s3::Credentials credentials = s3::test_credentials();
    const std::string wrong = "wr0ng-" + s3::new_mark();
    (GetParam() ? credentials.secret_key : credentials.access_key) = wrong;
    const auto store = test_store(config_, clock_, credentials);
    const BlobKey key = new_key();
    const auto opened = store->open(key);
    const auto written = put(*store, key, noise(10));
    ASSERT_TRUE(!opened && !written);
    const std::vector<Status> statuses{
        std::unexpected(opened.error()), std::unexpected(written.error()), store->remove(key), store->check(),
        store->list([](const BlobEntry&) { return Status{}; }, [](const std::string&) {})};
    for (const Status& status : statuses) {
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, ErrorCode::unavailable);
        EXPECT_EQ(status.error().public_text, "The storage is not available.");
        EXPECT_THAT(status.error().log_text,
                    testing::AnyOf(HasSubstr("secret key"), HasSubstr("access key")));
        EXPECT_THAT(status.error().log_text, Not(HasSubstr(wrong)));
        EXPECT_THAT(status.error().log_text, Not(HasSubstr(s3::test_credentials().secret_key)));
    }
}

INSTANTIATE_TEST_SUITE_P(S3, WrongKeysTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "secret" : "access"; });

}  // namespace
}  // namespace safelight
