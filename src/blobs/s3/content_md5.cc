#include "blobs/s3/content_md5.h"

#include <openssl/evp.h>

#include <array>

#include "base/text.h"

namespace safelight::s3 {

std::optional<std::string> content_md5(std::span<const std::byte> body) {
    std::array<std::byte, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    const int made = EVP_Digest(body.data(), body.size(), reinterpret_cast<unsigned char*>(digest.data()),
                                &length, EVP_md5(), nullptr);
    if (made != 1) return std::nullopt;
    return base64_encode(std::span(digest).first(length));
}

}  // namespace safelight::s3
