// The worked examples of AWS's documentation ("Signature Calculations for the Authorization Header" and
// "Authenticating Requests: Using Query Parameters", Amazon S3 API Reference).
#include "blobs/s3/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safelight::s3 {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr std::string_view empty_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const Credentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
const Timestamp time_of_examples = *parse_rfc3339("2013-05-24T00:00:00Z");
constexpr std::string_view region = "us-east-1";

UnsignedRequest example(std::string method, std::string path, std::string_view payload_sha256) {
    return {.method = std::move(method),
            .path = std::move(path),
            .query = {},
            .headers = {{"host", "examplebucket.s3.amazonaws.com"},
                        {"x-amz-content-sha256", std::string(payload_sha256)},
                        {"x-amz-date", "20130524T000000Z"}},
            .payload_sha256 = std::string(payload_sha256)};
}

TEST(SigV4, TheDateIsTheBasicFormat) {
    EXPECT_EQ(amz_date(time_of_examples), "20130524T000000Z");
    EXPECT_EQ(amz_date(*parse_rfc3339("2026-11-25T23:59:58.999Z")), "20261125T235958Z");
}

TEST(SigV4, GetObject) {
    UnsignedRequest request = example("GET", "/test.txt", empty_sha256);
    request.headers.emplace_back("range", "bytes=0-9");
    EXPECT_EQ(authorization(request, credentials, region, time_of_examples),
              "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
              "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
              "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, PutObject) {
    UnsignedRequest request = example("PUT", "/test%24file.text",
                                      "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    request.headers.emplace_back("date", "Fri, 24 May 2013 00:00:00 GMT");
    request.headers.emplace_back("x-amz-storage-class", "REDUCED_REDUNDANCY");
    EXPECT_THAT(authorization(request, credentials, region, time_of_examples),
                EndsWith("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(SigV4, GetBucketLifecycle) {
    UnsignedRequest request = example("GET", "/", empty_sha256);
    request.query = {{"lifecycle", ""}};
    EXPECT_THAT(authorization(request, credentials, region, time_of_examples),
                EndsWith("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(SigV4, ListObjects) {
    UnsignedRequest request = example("GET", "/", empty_sha256);
    request.query = {{"prefix", "J"}, {"max-keys", "2"}};
    EXPECT_THAT(authorization(request, credentials, region, time_of_examples),
                EndsWith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(SigV4, PresignedUrl) {
    const UnsignedRequest request{.method = "GET",
                                  .path = "/test.txt",
                                  .query = {},
                                  .headers = {{"host", "examplebucket.s3.amazonaws.com"}},
                                  .payload_sha256 = {}};
    EXPECT_EQ(presigned_query(request, credentials, region, time_of_examples, 86'400),
              "X-Amz-Algorithm=AWS4-HMAC-SHA256"
              "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
              "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
              "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4, ASessionTokenIsPartOfAPresignedUrl) {
    Credentials temporary = credentials;
    temporary.session_token = "a/b+c=";
    const UnsignedRequest request{
        .method = "GET", .path = "/", .query = {}, .headers = {{"host", "h"}}, .payload_sha256 = {}};
    EXPECT_THAT(presigned_query(request, temporary, region, time_of_examples, 60),
                HasSubstr("&X-Amz-Security-Token=a%2Fb%2Bc%3D&"));
}

TEST(SigV4, EverythingButUnreservedCharactersIsEncoded) {
    EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
    EXPECT_EQ(percent_encode("a b+c%/ü*'()!"), "a%20b%2Bc%25%2F%C3%BC%2A%27%28%29%21");
    EXPECT_EQ(percent_encode("a/b c", true), "a/b%20c");
}

TEST(SigV4, TheQueryIsSortedByItsEncodedForm) {
    const std::vector<NameValue> query{
        {"prefix", "a b"}, {"list-type", "2"}, {"A", ""}, {"a", "ü"}, {"a", "~"}};
    EXPECT_EQ(canonical_query(query), "A=&a=%C3%BC&a=~&list-type=2&prefix=a%20b");
}

}  // namespace
}  // namespace safelight::s3
