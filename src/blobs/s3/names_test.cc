#include <gtest/gtest.h>

#include "blobs/s3/endpoint.h"
#include "blobs/s3/object_names.h"

namespace safelight::s3 {
namespace {

const BlobKey key = *BlobKey::parse("01934b7e-5f00-7abc-8def-0123456789ab");

TEST(ObjectNames, AKeyLiesUnderThePrefix) {
    EXPECT_EQ(ObjectNames("").name_of(key), key.to_string());
    EXPECT_EQ(ObjectNames("a b/c").name_of(key), "a b/c/" + key.to_string());
}

TEST(ObjectNames, OnlyNamesThatAreGivenHereAreKeys) {
    const ObjectNames names("p");
    EXPECT_EQ(names.parse("p/" + key.to_string()), key);
    for (const std::string name :
         {"", "p/", "p/x", "q/01934b7e-5f00-7abc-8def-0123456789ab", "01934b7e-5f00-7abc-8def-0123456789ab",
          "p/01934B7E-5F00-7ABC-8DEF-0123456789AB", "p/01934b7e-5f00-7abc-8def-0123456789ab/",
          "p/q/01934b7e-5f00-7abc-8def-0123456789ab"})
        EXPECT_FALSE(names.parse(name)) << name;
    EXPECT_EQ(names.short_name("p/somebody else's"), "somebody else's");
}

TEST(Endpoint, IsASchemeAHostAndAPort) {
    EXPECT_EQ(parse_endpoint("http://127.0.0.1:9000"), (Endpoint{false, true, "127.0.0.1:9000"}));
    EXPECT_EQ(parse_endpoint("https://S3.Example.org"), (Endpoint{true, false, "s3.example.org"}));
    EXPECT_EQ(parse_endpoint("https://s3.example.org:443"), (Endpoint{true, false, "s3.example.org"}));
    EXPECT_EQ(parse_endpoint("http://s3.example.org:443"), (Endpoint{false, false, "s3.example.org:443"}));
    EXPECT_EQ(parse_endpoint("http://[::1]:9000"), (Endpoint{false, true, "[::1]:9000"}));
    EXPECT_EQ(parse_endpoint("http://[::1]"), (Endpoint{false, true, "[::1]"}));
    for (const char* url : {"", "ftp://a", "http://", "http://:80", "http://a:", "http://a:b",
                            "http://a:123456", "http://a/b", "http://a?b", "http://u:p@a", "http://a b",
                            "http://[::1", "http://[]", "http://a\r\nb", "http://[::1]x"})
        EXPECT_FALSE(parse_endpoint(url)) << url;
}

TEST(Endpoint, TheBucketStandsInThePathOrInTheHost) {
    S3Config config;
    config.bucket = "pictures";
    config.endpoint = "http://localhost:9000";
    const BucketUrl by_path = bucket_url(config);
    EXPECT_EQ(by_path.host, "localhost:9000");
    EXPECT_EQ(by_path.path_of(""), "/pictures");
    EXPECT_EQ(by_path.path_of("a b/ü"), "/pictures/a%20b/%C3%BC");
    config.addressing = S3Addressing::virtual_host;
    const BucketUrl by_host = bucket_url(config);
    EXPECT_EQ(by_host.host, "pictures.localhost:9000");
    EXPECT_EQ(by_host.path_of(""), "/");
    EXPECT_EQ(by_host.path_of("a b"), "/a%20b");
    config.endpoint.clear();
    config.region = "eu-central-1";
    EXPECT_EQ(bucket_url(config).host, "pictures.s3.eu-central-1.amazonaws.com");
    EXPECT_EQ(bucket_url(config).scheme, "https://");
}

}  // namespace
}  // namespace safelight::s3
