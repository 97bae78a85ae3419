// An HTTP/1.1 server: strict framing, streaming both ways, a limit and a deadline on everything.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "http/router.h"

namespace safelight::http {

struct ServerConfig {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;  // 0: any free one
    std::uint32_t io_threads = 1;
    std::uint32_t connections_max = 1'024;
    std::uint32_t header_bytes_max = 16'384;
    std::uint32_t header_fields_max = 100;
    std::uint32_t target_bytes_max = 8'192;
    std::uint64_t body_bytes_max = 27'000'000;  // above the picture limit: multipart framing comes on top
    Milliseconds header_timeout{20'000};        // from the first byte of a request to the end of its header
    Milliseconds idle_timeout{60'000};          // between requests
    Milliseconds send_timeout{30'000};          // without any progress of a response
    std::uint32_t body_rate_min_bytes_per_s = 500;  // averaged from body_rate_grace on
    Milliseconds body_rate_grace{20'000};
    Milliseconds linger_timeout{2'000};  // for a client that still sends while it is refused
    Milliseconds drain_timeout{15'000};

    [[nodiscard]] Status validate() const;
};

/// What the server says by itself (no handler took part). The API renders it as a problem document.
enum class ServerProblem {
    bad_request,      // framing, malformed target
    length_required,  // unused by HTTP/1.1 chunked bodies; a body method with neither length nor chunks
    payload_too_large,
    uri_too_long,
    header_fields_too_large,
    request_timeout,
    not_found,
    method_not_allowed,
    not_implemented,  // an unknown transfer coding or method token the server does not speak
    version_not_supported,
    expectation_failed,
    handler_failed,  // an exception left a handler
    too_many_connections,
};

/// One finished exchange, for logs and metrics. Called on an I/O thread; must not block.
struct Exchange {
    std::string_view method, path, route, remote_address, request_id, trace_id;
    int status = 0;
    std::uint64_t request_body_bytes = 0;
    std::uint64_t response_body_bytes = 0;
    std::chrono::microseconds duration{0};
    bool aborted = false;    // the client went away before the response was sent
    std::string_view error;  // for the operator, when a handler threw
};

struct ServerHooks {
    /// Renders what the server says by itself; `request` is null when its header could not be read.
    std::function<Response(ServerProblem, std::string_view detail, const Request*)> problem;
    /// The last hand on a response before it is sent, also on the server's own: `request` is what could be
    /// read of it. Not asked for connections that are refused at the door. Must not throw or block.
    std::function<void(const Request&, Response&)> dress;
    std::function<void(const Exchange&)> finished;
};

/// start → (serves on its own threads) → drain → destruction.
class Server {
  public:
    virtual ~Server() = default;

    /// The port that is listened on.
    [[nodiscard]] virtual std::uint16_t port() const = 0;

    /// Stops accepting, lets requests in flight, and those that idle connections have sent already, end until
    /// drain_timeout, cuts the rest, ends the threads. Blocks; idempotent; any thread but the server's own.
    virtual void drain() = 0;

    /// For metrics.
    [[nodiscard]] virtual std::uint32_t open_connections() const = 0;

    /// Whether every I/O thread gets round to something within `timeout`. Blocks; any thread but the server's
    /// own, before `drain`.
    [[nodiscard]] virtual bool is_responsive(Milliseconds timeout) = 0;
};

/// Binds, listens and serves at once. `router`, `pool` (for reading response streams) and `ids` outlive the
/// server. Errors: invalid_argument (the address), unavailable (the port is taken, no thread is left).
[[nodiscard]] Result<std::unique_ptr<Server>> start_server(const ServerConfig& config, const Router& router,
                                                           ServerHooks hooks, ThreadPool& pool,
                                                           IdGenerator& ids);

}  // namespace safelight::http
