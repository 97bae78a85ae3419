#include "blobs/s3/s3_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safelight {
namespace {

using testing::HasSubstr;
using testing::Not;

S3Config valid_config() {
    S3Config config;
    config.bucket = "pictures";
    config.endpoint = "http://127.0.0.1:9000";
    return config;
}

std::vector<std::string> faults_of(const S3Config& config) {
    const auto status = config.validate();
    std::vector<std::string> names;
    if (!status) {
        EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
        for (const Fault& fault : status.error().faults) names.push_back(fault.pointer);
    }
    return names;
}

std::string fault_of_url(std::string_view url) {
    const auto config = parse_s3_url(url);
    EXPECT_FALSE(config) << url;
    if (config || config.error().faults.empty()) return "none";
    return config.error().faults.front().pointer;
}

TEST(S3Url, SaysWhereTheBlobsAre) {
    const auto config =
        parse_s3_url("s3://pictures/a/b?endpoint=http://127.0.0.1:9000/&region=eu&style=path");
    ASSERT_TRUE(config) << config.error().public_text;
    EXPECT_EQ(config->bucket, "pictures");
    EXPECT_EQ(config->prefix, "a/b");
    EXPECT_EQ(config->endpoint, "http://127.0.0.1:9000");
    EXPECT_EQ(config->region, "eu");
    EXPECT_EQ(config->addressing, S3Addressing::path);
}

TEST(S3Url, ClientsMayKnowTheStoreByAnotherAddress) {
    const auto config =
        parse_s3_url("s3://pictures?endpoint=http://minio:9000&public_endpoint=https://pictures.example/");
    ASSERT_TRUE(config) << config.error().public_text;
    EXPECT_EQ(config->public_endpoint, "https://pictures.example");
    EXPECT_EQ(fault_of_url("s3://pictures?public_endpoint=ftp://x"), "public_endpoint");
    EXPECT_EQ(fault_of_url("s3://pictures?public_endpoint=https://10.0.0.1"), "public_endpoint")
        << "Amazon is addressed by virtual host";
}

TEST(S3Url, ABucketIsEnough) {
    const auto config = parse_s3_url("s3://pictures");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->prefix, "");
    EXPECT_EQ(config->endpoint, "");
    EXPECT_EQ(config->region, "us-east-1");
    EXPECT_EQ(config->addressing, S3Addressing::virtual_host);
    EXPECT_EQ(parse_s3_url("s3://pictures?endpoint=http://minio:9000")->addressing, S3Addressing::path);
    EXPECT_EQ(parse_s3_url("s3://my.pictures")->addressing, S3Addressing::path);
}

TEST(S3Url, PartsArePercentEncoded) {
    const auto config = parse_s3_url(
        "s3://pictures/a%20b%2Bc%25/%C3%BC%3F/?endpoint=http%3A%2F%2F%5B%3A%3A1%5D:9000"
        "&ca_file=%2Fetc%2Fca.pem&proxy=http://proxy:3128&conditional=never");
    ASSERT_TRUE(config) << config.error().public_text;
    EXPECT_EQ(config->prefix, "a b+c%/ü?");
    EXPECT_EQ(config->endpoint, "http://[::1]:9000");
    EXPECT_EQ(config->ca_file, "/etc/ca.pem");
    EXPECT_EQ(config->proxy, "http://proxy:3128");
    EXPECT_EQ(config->conditional_writes, ConditionalWrites::never);
}

TEST(S3Url, WhatIsWrongIsNamed) {
    EXPECT_EQ(fault_of_url("http://pictures"), "");
    EXPECT_EQ(fault_of_url("s3://"), "bucket");
    EXPECT_EQ(fault_of_url("s3://no/prefix"), "bucket");
    EXPECT_EQ(fault_of_url("s3://pict ures"), "bucket");
    EXPECT_EQ(fault_of_url("s3://pictures//a"), "prefix");
    EXPECT_EQ(fault_of_url("s3://pictures/a/../b"), "prefix");
    EXPECT_EQ(fault_of_url("s3://pictures/%0a"), "prefix");
    EXPECT_EQ(fault_of_url("s3://pictures/%ff"), "prefix");
    EXPECT_EQ(fault_of_url("s3://pictures/%zz"), "prefix");
    EXPECT_EQ(fault_of_url("s3://pictures?endpoint=ftp://x"), "endpoint");
    EXPECT_EQ(fault_of_url("s3://pictures?endpoint=http://x/path"), "endpoint");
    EXPECT_EQ(fault_of_url("s3://pictures?region="), "region");
    EXPECT_EQ(fault_of_url("s3://pictures?style=odd"), "style");
    EXPECT_EQ(fault_of_url("s3://pictures?conditional=maybe"), "conditional");
    EXPECT_EQ(fault_of_url("s3://pictures?colour=red"), "colour");
    EXPECT_EQ(fault_of_url("s3://my.pictures?style=virtual"), "style");
    EXPECT_EQ(fault_of_url("s3://pictures?endpoint=http://127.0.0.1:9000&style=virtual"), "style");
}

TEST(S3Url, CredentialsAreRefusedAndNotRepeated) {
    const auto config = parse_s3_url("s3://AKIA:hush-hush@pictures");
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().public_text + config.error().log_text, Not(HasSubstr("hush")));
    EXPECT_THAT(config.error().public_text, HasSubstr("Credentials"));
}

TEST(S3Config, IsValidAsItComes) {
    EXPECT_TRUE(valid_config().validate());
}

TEST(S3Config, EachFaultIsNamed) {
    S3Config config = valid_config();
    config.bucket = "a";
    config.prefix = "/";
    config.part_bytes = 5 * MiB - 1;
    config.read_bytes_max = config.read_bytes_min - 1;
    config.list_page_max = 1'001;
    config.attempts_max = 0;
    config.stall_timeout = Milliseconds(0);
    config.announce_after = config.unannounced_max + Milliseconds(1);
    config.pause_max = config.pause_min - Milliseconds(1);
    config.proxy = "nonsense";
    EXPECT_THAT(faults_of(config),
                testing::UnorderedElementsAre("bucket", "prefix", "part_bytes", "read_bytes_max",
                                              "list_page_max", "attempts_max", "stall_timeout",
                                              "announce_after", "pause_max", "proxy"));
}

}  // namespace
}  // namespace safelight
