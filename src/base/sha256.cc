#include "base/sha256.h"

#include <openssl/evp.h>

#include <new>
#include <stdexcept>

#include "base/text.h"

namespace safelight {
namespace {

EVP_MD_CTX* as_context(void* context) {
    return static_cast<EVP_MD_CTX*>(context);
}

void require(int ok) {
    if (ok != 1) throw std::runtime_error("OpenSSL refused a SHA-256 operation");
}

}  // namespace

std::string Sha256::to_hex() const {
    return hex_encode(bytes);
}

std::optional<Sha256> Sha256::from_hex(std::string_view text) {
    const auto decoded = hex_decode(text);
    Sha256 hash;
    if (!decoded || decoded->size() != hash.bytes.size()) return std::nullopt;
    std::copy(decoded->begin(), decoded->end(), hash.bytes.begin());
    return hash;
}

void Sha256Hasher::Free::operator()(void* context) const {
    EVP_MD_CTX_free(as_context(context));
}

Sha256Hasher::Sha256Hasher() : context_(EVP_MD_CTX_new()) {
    if (!context_) throw std::bad_alloc();
    require(EVP_DigestInit_ex(as_context(context_.get()), EVP_sha256(), nullptr));
}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::update(std::span<const std::byte> bytes) {
    require(EVP_DigestUpdate(as_context(context_.get()), bytes.data(), bytes.size()));
}

Sha256 Sha256Hasher::finish() {
    Sha256 hash;
    unsigned length = 0;
    require(EVP_DigestFinal_ex(as_context(context_.get()),
                               reinterpret_cast<unsigned char*>(hash.bytes.data()), &length));
    return hash;
}

Sha256 sha256_of(std::span<const std::byte> bytes) {
    Sha256Hasher hasher;
    hasher.update(bytes);
    return hasher.finish();
}

}  // namespace safelight
