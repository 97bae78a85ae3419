#include "base/seal.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <new>

#include "base/random.h"

namespace safelight {
namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

unsigned char* bytes_of(char* text) {
    return reinterpret_cast<unsigned char*>(text);
}
const unsigned char* bytes_of(const char* text) {
    return reinterpret_cast<const unsigned char*>(text);
}

void require(bool holds) {
    if (!holds) throw std::bad_alloc();  // nothing else fails here
}

Context begin(const Sha256& key, const unsigned char* nonce, int is_sealing) {
    Context context(EVP_CIPHER_CTX_new());
    require(context != nullptr && EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                                                    reinterpret_cast<const unsigned char*>(key.bytes.data()),
                                                    nonce, is_sealing) == 1);
    return context;
}

}  // namespace

std::string seal(const Sha256& key, std::string_view text) {
    std::array<std::uint8_t, nonce_bytes> nonce{};
    fill_random(nonce);
    const Context context = begin(key, nonce.data(), 1);
    std::string sealed(nonce.begin(), nonce.end());
    sealed.resize(nonce_bytes + text.size() + tag_bytes);
    char* const cipher = sealed.data() + nonce_bytes;
    int length = 0;
    require(EVP_CipherUpdate(context.get(), bytes_of(cipher), &length, bytes_of(text.data()),
                             static_cast<int>(text.size())) == 1);
    require(EVP_CipherFinal_ex(context.get(), bytes_of(cipher) + length, &length) == 1);
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, cipher + text.size()) == 1);
    return sealed;
}

std::optional<std::string> unseal(const Sha256& key, std::string_view sealed) {
    if (sealed.size() < nonce_bytes + tag_bytes) return std::nullopt;
    std::string tag(sealed.substr(sealed.size() - tag_bytes));
    const std::string_view cipher = sealed.substr(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
    const Context context = begin(key, bytes_of(sealed.data()), 0);
    std::string text(cipher.size(), '\0');
    int length = 0;
    require(EVP_CipherUpdate(context.get(), bytes_of(text.data()), &length, bytes_of(cipher.data()),
                             static_cast<int>(cipher.size())) == 1);
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1);
    if (EVP_CipherFinal_ex(context.get(), bytes_of(text.data()) + length, &length) != 1) return std::nullopt;
    return text;
}

}  // namespace safelight
