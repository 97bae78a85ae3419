#include "blobs/s3/testing/test_store.h"

#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "blobs/s3/s3_writer.h"

namespace safelight::s3 {
namespace {

std::string from_environment(const char* name) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
    throw std::runtime_error(std::string(name) + " is not set: ./test starts an S3 server and sets it");
}

}  // namespace

S3Config test_config() {
    auto config = parse_s3_url(from_environment("SAFELIGHT_TEST_S3"));
    if (!config) throw std::runtime_error("SAFELIGHT_TEST_S3: " + config.error().public_text);
    config->prefix = "test " + new_mark();
    config->part_bytes = 5 * MiB;
    config->pause_min = Milliseconds(5);
    config->pause_max = Milliseconds(50);
    return *config;
}

Credentials test_credentials() {
    return {from_environment("SAFELIGHT_TEST_S3_ACCESS_KEY"),
            from_environment("SAFELIGHT_TEST_S3_SECRET_KEY")};
}

bool lists_uploads_by_prefix() {
    const char* const server = std::getenv("SAFELIGHT_TEST_S3_SERVER");
    return server == nullptr || std::string_view(server) != "minio";
}

int test_port() {
    const std::string endpoint = test_config().endpoint;
    return std::stoi(endpoint.substr(endpoint.rfind(':') + 1));
}

std::unique_ptr<S3Store> test_store(const S3Config& config, const Clock& clock, Credentials credentials) {
    auto store = open_s3_store(config, make_static_credentials(std::move(credentials)), clock);
    if (!store) throw std::runtime_error(store.error().public_text);
    return std::move(*store);
}

RawBucket::RawBucket(const S3Config& config, const Clock& clock)
    : config_(config),
      credentials_(make_static_credentials(test_credentials())),
      requester_(config_, *credentials_, clock),
      bucket_(requester_, 1'000) {}

bool RawBucket::place(const std::string& object, std::string_view content) {
    const auto bytes = std::as_bytes(std::span(content));
    return bucket_.put(object, bytes, sha256_of(bytes), "somebody", false).has_value();
}

std::vector<ListedUpload> RawBucket::uploads(const std::string& object) {
    const auto page = bucket_.list_uploads(object.empty() ? config_.prefix : object, {});
    if (!page) throw std::runtime_error(page.error().error.log_text);
    return page->uploads;
}

std::vector<std::string> RawBucket::objects() {
    const auto page = bucket_.list(config_.prefix, "");
    if (!page) throw std::runtime_error(page.error().error.log_text);
    std::vector<std::string> names;
    for (const ListedObject& object : page->objects) names.push_back(object.name);
    return names;
}

}  // namespace safelight::s3
