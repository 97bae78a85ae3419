#include "base/checksum.h"

#include <openssl/evp.h>

#include <new>
#include <stdexcept>

namespace safelight {
namespace {

EVP_MD_CTX* as_context(void* context) {
    return static_cast<EVP_MD_CTX*>(context);
}

const EVP_MD* digest_of(ChecksumAlgorithm algorithm) {
    switch (algorithm) {
        case ChecksumAlgorithm::md5:
            return EVP_md5();
        case ChecksumAlgorithm::sha1:
            return EVP_sha1();
        case ChecksumAlgorithm::sha256:
            return EVP_sha256();
    }
    return EVP_sha256();
}

void require(int ok) {
    if (ok != 1) throw std::runtime_error("OpenSSL refused a checksum operation");
}

}  // namespace

std::optional<ChecksumAlgorithm> checksum_algorithm_from_name(std::string_view name) {
    if (name == "md5") return ChecksumAlgorithm::md5;
    if (name == "sha1") return ChecksumAlgorithm::sha1;
    if (name == "sha256") return ChecksumAlgorithm::sha256;
    return std::nullopt;
}

std::size_t size_of(ChecksumAlgorithm algorithm) {
    return static_cast<std::size_t>(EVP_MD_get_size(digest_of(algorithm)));
}

void ChecksumHasher::Free::operator()(void* context) const {
    EVP_MD_CTX_free(as_context(context));
}

ChecksumHasher::ChecksumHasher(ChecksumAlgorithm algorithm)
    : algorithm_(algorithm), context_(EVP_MD_CTX_new()) {
    if (!context_) throw std::bad_alloc();
    require(EVP_DigestInit_ex(as_context(context_.get()), digest_of(algorithm), nullptr));
}
ChecksumHasher::~ChecksumHasher() = default;
ChecksumHasher::ChecksumHasher(ChecksumHasher&&) noexcept = default;
ChecksumHasher& ChecksumHasher::operator=(ChecksumHasher&&) noexcept = default;

void ChecksumHasher::update(std::span<const std::byte> bytes) {
    require(EVP_DigestUpdate(as_context(context_.get()), bytes.data(), bytes.size()));
}

Checksum ChecksumHasher::finish() {
    Checksum checksum{.algorithm = algorithm_, .value = std::vector<std::byte>(size_of(algorithm_))};
    require(EVP_DigestFinal_ex(as_context(context_.get()),
                               reinterpret_cast<unsigned char*>(checksum.value.data()), nullptr));
    return checksum;
}

}  // namespace safelight
