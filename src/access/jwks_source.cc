#include "access/jwks_source.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <fstream>
#include <new>
#include <utility>

#include "access/jwt_keys.h"
#include "access/token_config.h"

namespace safelight {
namespace {

constexpr long connect_timeout_ms = 3'000;
constexpr long fetch_timeout_ms = 5'000;

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

struct FreeEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

/// Cuts off what is too long.
std::size_t on_body(char* data, std::size_t size, std::size_t count, void* text) {
    auto& body = *static_cast<std::string*>(text);
    if (size * count > jwks_bytes_max - body.size()) return 0;
    body.append(data, size * count);
    return size * count;
}

class JwksUrl final : public JwksSource {
  public:
    explicit JwksUrl(std::string url) : url_(std::move(url)) {}

    Result<std::string> read() override {
        static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);  // once for each process
        const Easy handle(started == CURLE_OK ? curl_easy_init() : nullptr);
        if (!handle) throw std::bad_alloc();
        std::string body;
        prepare(handle.get(), body);
        const CURLcode outcome = curl_easy_perform(handle.get());
        if (outcome != CURLE_OK) return unreadable(fmt::format("{}: {}", url_, curl_easy_strerror(outcome)));
        const char* elsewhere = nullptr;
        curl_easy_getinfo(handle.get(), CURLINFO_REDIRECT_URL, &elsewhere);
        if (elsewhere != nullptr) return unreadable(fmt::format("{} redirects to another address", url_));
        return body;
    }

  private:
    void prepare(CURL* handle, std::string& body) const {
        curl_easy_setopt(handle, CURLOPT_URL, url_.c_str());
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
        // The keys come from the address that was configured, whatever the environment says of proxies.
        curl_easy_setopt(handle, CURLOPT_PROXY, "");
        curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, fetch_timeout_ms);
        curl_easy_setopt(handle, CURLOPT_USERAGENT, "safelight");
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
    }

    const std::string url_;
};

}  // namespace

std::unique_ptr<JwksSource> make_jwks_source(const std::string& jwks) {
    if (is_url(jwks)) return std::make_unique<JwksUrl>(jwks);
    return std::make_unique<JwksFile>(jwks);
}

}  // namespace safelight
