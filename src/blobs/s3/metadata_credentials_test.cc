#include "blobs/s3/metadata_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/temporary_folder.h"
#include "blobs/s3/testing/fault_server.h"

namespace safelight::s3 {
namespace {

using testing::HasSubstr;
using testing::Not;

const Timestamp start = *parse_rfc3339("2026-11-25T12:00:00Z");

/// Keys numbered by how often they were asked for, valid for an hour of the clock.
class MetadataTest : public testing::Test {
  protected:
    Treatment lease() {
        const std::string number = std::to_string(++leases_);
        return answer("200 OK", R"({"Code":"Success","AccessKeyId":"key)" + number +
                                    R"(","SecretAccessKey":"hush)" + number +
                                    R"(","Token":"token","Expiration":")" +
                                    to_rfc3339(clock_.now() + std::chrono::hours(1)) + "\"}");
    }
    Treatment instance(const SeenRequest& request) {
        if (is_down_) return answer("500 Oops", "hush");
        if (request.is("PUT", "/latest/api/token")) return answer("200 OK", "session");
        if (!request.head.contains("x-aws-ec2-metadata-token: session")) return answer("401 Unauthorized");
        if (request.target == "/latest/meta-data/iam/security-credentials/")
            return answer("200 OK", "my-role\n");
        if (request.target == "/latest/meta-data/iam/security-credentials/my-role") return lease();
        return answer("404 Not Found");
    }

    ManualClock clock_{start};
    std::atomic<int> leases_ = 0;
    std::atomic<bool> is_down_ = false;
    FaultServer server_{0, [this](const SeenRequest& request) { return instance(request); }};
};

TEST_F(MetadataTest, AMachinesRoleGivesKeysThatAreKept) {
    const auto provider = make_instance_credentials(clock_, {}, server_.url());
    for (int i = 0; i < 3; ++i) {
        const auto credentials = provider->current();
        ASSERT_TRUE(credentials) << credentials.error().log_text;
        EXPECT_EQ(credentials->access_key, "key1");
        EXPECT_EQ(credentials->secret_key, "hush1");
        EXPECT_EQ(credentials->session_token, "token");
    }
    EXPECT_EQ(server_.requests().size(), 3U) << "session, role, keys";
}

TEST_F(MetadataTest, KeysAreRenewedBeforeTheyExpire) {
    const auto provider = make_instance_credentials(clock_, {}, server_.url());
    ASSERT_TRUE(provider->current());
    clock_.advance(std::chrono::minutes(54));
    EXPECT_EQ(provider->current()->access_key, "key1");
    clock_.advance(std::chrono::minutes(2));
    EXPECT_EQ(provider->current()->access_key, "key2");
}

TEST_F(MetadataTest, WhenTheServiceIsDownValidKeysStayInUse) {
    const auto provider = make_instance_credentials(clock_, {}, server_.url());
    ASSERT_TRUE(provider->current());
    is_down_ = true;
    clock_.advance(std::chrono::minutes(57));
    EXPECT_EQ(provider->current()->access_key, "key1");
    clock_.advance(std::chrono::minutes(4));
    const auto expired = provider->current();
    ASSERT_FALSE(expired);
    EXPECT_EQ(expired.error().code, ErrorCode::unavailable);
    EXPECT_THAT(expired.error().log_text + expired.error().public_text, Not(HasSubstr("hush")));
    is_down_ = false;
    clock_.advance(std::chrono::seconds(1));
    EXPECT_EQ(provider->current()->access_key, "key2");
}

TEST_F(MetadataTest, AServiceThatHangsIsWaitedForByOneForAll) {
    std::atomic<int> asked = 0;
    FaultServer container(0, [&](const SeenRequest&) {
        ++asked;
        return hang();
    });
    const auto provider =
        make_container_credentials(clock_, {.timeout = Milliseconds(300)}, container.url(), "", "");
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_FALSE(provider->current()); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(asked, 1);
}

TEST_F(MetadataTest, KeysThatTheStoreCallsExpiredAreAskedForAgain) {
    const auto provider = make_instance_credentials(clock_, {}, server_.url());
    ASSERT_TRUE(provider->current());
    provider->expire();
    EXPECT_EQ(provider->current()->access_key, "key2");
}

TEST_F(MetadataTest, AContainersTokenIsReadFromItsFileEachTime) {
    const TemporaryFolder folder;
    const std::string file = folder.path() / "token";
    std::string expected = "first";
    FaultServer container(0, [&](const SeenRequest& request) {
        return request.head.contains("authorization: " + expected + "\r\n") ? lease()
                                                                            : answer("403 Forbidden");
    });
    const auto provider =
        make_container_credentials(clock_, {}, container.url() + "/v1/credentials", "", file);
    EXPECT_FALSE(provider->current()) << "no such file";
    std::ofstream(file) << "first\n";
    clock_.advance(std::chrono::seconds(1));
    ASSERT_TRUE(provider->current());
    expected = "second";
    std::ofstream(file) << "second\n";
    provider->expire();
    EXPECT_TRUE(provider->current());
}

TEST_F(MetadataTest, WhatIsNoAnswerGivesNoKeys) {
    for (const std::string body :
         {"", "nonsense", "[]", "{}",
          R"({"AccessKeyId":1,"SecretAccessKey":"b","Expiration":"2026-11-25T13:00:00Z"})",
          R"({"AccessKeyId":"a","SecretAccessKey":"b"})"}) {
        FaultServer container(0, [&](const SeenRequest&) { return answer("200 OK", body); });
        const auto credentials = make_container_credentials(clock_, {}, container.url(), "", "")->current();
        ASSERT_FALSE(credentials) << body;
        EXPECT_EQ(credentials.error().code, ErrorCode::unavailable);
    }
}

TEST_F(MetadataTest, AServiceThatHangsDoesNotHoldUpForLong) {
    FaultServer container(0, [](const SeenRequest&) { return hang(); });
    const auto begin = std::chrono::steady_clock::now();
    const auto provider =
        make_container_credentials(clock_, {.timeout = Milliseconds(300)}, container.url(), "", "");
    EXPECT_FALSE(provider->current());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(StaticCredentials, EmptyOnesAreNone) {
    EXPECT_TRUE(make_static_credentials({"a", "b"})->current());
    EXPECT_FALSE(make_static_credentials({"a", ""})->current());
    EXPECT_FALSE(make_static_credentials({"", "b"})->current());
}

}  // namespace
}  // namespace safelight::s3
