// TLS, proxies and connections that are kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/testing/temporary_folder.h"
#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/s3/http_client.h"
#include "blobs/s3/testing/fault_server.h"
#include "blobs/s3/testing/test_store.h"
#include "blobs/s3/testing/tls_front.h"

namespace safelight::s3 {
namespace {

using testing::HasSubstr;

class S3ConnectionTest : public testing::Test {
  protected:
    const SystemClock clock_;
    IdGenerator keys_{clock_};
    const TemporaryFolder folder_;
    S3Config config_ = test_config();
};

TEST_F(S3ConnectionTest, TlsWithAnAuthorityOfOnesOwn) {
    const TlsFront front(test_port(), "IP:127.0.0.1", folder_.path());
    config_.endpoint = front.url();
    config_.ca_file = front.certificate_file();
    const auto store = test_store(config_, clock_);
    for (const std::size_t size : {std::size_t{10}, config_.part_bytes + 1}) {
        const auto key = keys_.next<BlobKey>();
        const auto bytes = noise(size);
        const auto written = put(*store, key, bytes);
        ASSERT_TRUE(written) << written.error().log_text;
        const auto source = store->open(key);
        ASSERT_TRUE(source) << source.error().log_text;
        EXPECT_EQ(read_all(**source, 64 * MiB), bytes);
    }
    EXPECT_EQ(listing_of(*store).entries.size(), 2U);
}

TEST_F(S3ConnectionTest, ACertificateThatNobodyVouchesForIsRefusedAtOnce) {
    const TlsFront front(test_port(), "IP:127.0.0.1", folder_.path());
    config_.endpoint = front.url();
    const auto checked = test_store(config_, clock_)->check();
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::unavailable);
    EXPECT_THAT(checked.error().log_text, HasSubstr("certificate"));
    EXPECT_THAT(checked.error().log_text, HasSubstr("ca_file"));
    EXPECT_THAT(checked.error().log_text, HasSubstr("attempts: 1"));
}

TEST_F(S3ConnectionTest, ACertificateForAnotherNameIsRefused) {
    const TlsFront front(test_port(), "DNS:elsewhere.example", folder_.path());
    config_.endpoint = front.url();
    config_.ca_file = front.certificate_file();
    EXPECT_FALSE(test_store(config_, clock_)->check());
}

TEST_F(S3ConnectionTest, AnAuthorityFileThatIsNotThereIsSaidToBeBad) {
    const TlsFront front(test_port(), "IP:127.0.0.1", folder_.path());
    config_.endpoint = front.url();
    config_.ca_file = folder_.path() / "none.pem";
    const auto checked = test_store(config_, clock_)->check();
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().log_text, HasSubstr("attempts: 1"));
}

TEST_F(S3ConnectionTest, AProxyIsUsedWhenItIsConfigured) {
    FaultServer proxy(0, [](const SeenRequest&) { return refuse("403 Forbidden", "AccessDenied"); });
    config_.proxy = proxy.url();
    config_.endpoint = "http://s3.example.invalid";
    EXPECT_FALSE(test_store(config_, clock_)->open(keys_.next<BlobKey>()));
    ASSERT_EQ(proxy.requests().size(), 1U);
    EXPECT_THAT(proxy.requests().front().target,
                testing::StartsWith("http://s3.example.invalid/" + config_.bucket));
}

TEST_F(S3ConnectionTest, TheEnvironmentsProxyIsNot) {
    FaultServer proxy(0, [](const SeenRequest&) { return answer("502 Bad Gateway"); });
    ASSERT_EQ(::setenv("http_proxy", proxy.url().c_str(), 1), 0);
    EXPECT_TRUE(test_store(config_, clock_)->check());
    ::unsetenv("http_proxy");
    EXPECT_EQ(proxy.requests().size(), 0U);
}

TEST(HttpClient, ConnectionsAreKept) {
    FaultServer server(0, [](const SeenRequest&) {
        return Treatment{.stays_open = true, .answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    });
    HttpClient client({});
    for (int i = 0; i < 5; ++i) {
        const auto answered =
            client.exchange({.method = "GET", .url = server.url(), .headers = {}, .body = {}, .into = {}});
        ASSERT_TRUE(answered);
        EXPECT_EQ(answered->body, "ok");
    }
    EXPECT_EQ(server.requests().size(), 5U);
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(S3ConnectionTest, AConnectionThatDiedWhileItWasKeptIsReplaced) {
    FaultServer server(0, [](const SeenRequest&) {  // closes without having said so
        return Treatment{.answer = "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 0\r\n\r\n"};
    });
    config_.endpoint = server.url();
    config_.conditional_writes = ConditionalWrites::always;
    const auto store = test_store(config_, clock_);
    const auto bytes = noise(2'000'000);
    for (int i = 0; i < 5; ++i) {
        const auto written = put(*store, keys_.next<BlobKey>(), bytes);
        ASSERT_TRUE(written) << written.error().log_text;
    }
    EXPECT_GE(server.requests().size(), 5U);
    for (const SeenRequest& request : server.requests())
        EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(request.body)), bytes));
}

}  // namespace
}  // namespace safelight::s3
