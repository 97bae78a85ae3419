#include "base/hmac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <new>

namespace safelight {

Sha256 hmac_sha256(std::span<const std::byte> key, std::string_view text) {
    Sha256 code;
    unsigned length = 0;
    const auto* const made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                  reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                  reinterpret_cast<unsigned char*>(code.bytes.data()), &length);
    if (made == nullptr || length != code.bytes.size()) throw std::bad_alloc();  // nothing else fails here
    return code;
}

bool equal_in_constant_time(std::span<const std::byte> one, std::span<const std::byte> other) {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace safelight
