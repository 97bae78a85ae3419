// One HTTP exchange at a time and thread, over connections that are kept. The one place that sees libcurl.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "blobs/s3/name_value.h"

namespace safelight::s3 {

struct HttpClientConfig {
    Milliseconds connect_timeout{5'000};
    Milliseconds stall_timeout{15'000};
    std::size_t idle_connections_max = 16;
    std::string ca_file;  // empty: the system's
    std::string proxy;    // empty: none
};

struct HttpRequest {
    std::string method;
    std::string url;
    std::vector<NameValue> headers;
    std::span<const std::byte> body;  // sent with PUT and POST
    Milliseconds timeout{60'000};
    std::size_t answer_bytes_max = 65'536;  // of a body that goes into HttpAnswer::body
    std::span<std::byte> into;              // where the body of a successful answer goes, when not empty
};

struct HttpAnswer {
    int status = 0;
    std::vector<NameValue> headers;  // names in lower case
    std::string body;                // unless it went elsewhere
    std::size_t bytes_into = 0;      // how many went there

    /// The last value of that name; empty when there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct ExchangeFailure {
    std::string text;            // for the log: says nothing that the server sent
    bool may_pass = true;        // another attempt can succeed
    bool may_have_acted = true;  // the server may have got the request
    bool is_timeout = false;     // nothing, or too little, came in time
};

/// Any thread may call; calls block, and each uses a connection of its own. Redirects are not followed. Up to
/// idle_connections_max connections are kept for later calls.
class HttpClient {
  public:
    explicit HttpClient(HttpClientConfig config);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// An answer that is complete, whatever its status. One that is cut short, too long, or no HTTP is a
    /// failure.
    [[nodiscard]] std::expected<HttpAnswer, ExchangeFailure> exchange(const HttpRequest& request);

  private:
    class Pool;
    const HttpClientConfig config_;
    const std::unique_ptr<Pool> pool_;
};

}  // namespace safelight::s3
