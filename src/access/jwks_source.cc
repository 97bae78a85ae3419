#include "access/jwks_source.h"

#include <fmt/format.h>

#include <fstream>
#include <utility>

#include "access/jwt_keys.h"
#include "access/token_config.h"
#include "outbound/client.h"

namespace safelight {
namespace {

constexpr Milliseconds connect_timeout{3'000};
constexpr Milliseconds fetch_timeout{5'000};

std::unexpected<Error> unreadable(const std::string& why) {
    return failure(ErrorCode::unavailable, "The keys for tokens cannot be read at the moment.", why);
}

class JwksFile final : public JwksSource {
  public:
    explicit JwksFile(std::string path) : path_(std::move(path)) {}

    Result<std::string> read() override {
        std::ifstream file(path_, std::ios::binary);
        std::string text(jwks_bytes_max + 1, '\0');
        if (!file.is_open() ||
            (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof()))
            return unreadable(fmt::format("{} cannot be read", path_));
        text.resize(static_cast<std::size_t>(file.gcount()));
        if (text.size() > jwks_bytes_max) return unreadable(fmt::format("{} is too long", path_));
        return text;
    }

  private:
    const std::string path_;
};

class JwksUrl final : public JwksSource {
  public:
    explicit JwksUrl(std::string url) : url_(std::move(url)) {}

    Result<std::string> read() override {
        auto text = read_text(*client_, {.url = url_,
                                         .bytes_max = jwks_bytes_max,
                                         .timeout = fetch_timeout,
                                         .connect_timeout = connect_timeout});
        if (!text) return unreadable(fmt::format("{}: {}", url_, text.error().log_text));
        return *std::move(text);
    }

  private:
    const std::string url_;
    // The operator has named the address: it may be anywhere.
    const std::unique_ptr<OutboundClient> client_ = make_outbound_client({});
};

}  // namespace

std::unique_ptr<JwksSource> make_jwks_source(const std::string& jwks) {
    if (is_url(jwks)) return std::make_unique<JwksUrl>(jwks);
    return std::make_unique<JwksFile>(jwks);
}

}  // namespace safelight
