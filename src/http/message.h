// Requests and responses as values. Nothing of the HTTP library shows here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/task.h"

namespace safelight::http {

/// Header fields in order; names compare without case. A field may occur more than once.
class Headers {
  public:
    void add(std::string name, std::string value);
    /// Replaces every field of that name.
    void set(std::string name, std::string value);
    /// The value of the only field of that name; several are joined with ", " (RFC 9110 section 5.3).
    [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// The query of a target, decoded; in order, names may repeat.
using Query = std::vector<std::pair<std::string, std::string>>;

/// The body of a request, as it streams in.
class RequestBody {
  public:
    virtual ~RequestBody() = default;

    /// Content-Length; empty for a chunked body.
    [[nodiscard]] virtual std::optional<std::uint64_t> length_bytes() const = 0;

    /// Waits for at least one byte and returns how many were put into `buffer`; 0 at the end of the body.
    /// The first call answers `Expect: 100-continue`: call it only when the request may be served.
    /// Errors: payload_too_large (past the server's or `limit`'s maximum), invalid_argument (broken framing),
    /// timeout (too slow), cancelled (the client went away, or the drain deadline passed).
    /// After an error the server closes the connection once the response is sent. A response of 400 or above
    /// that follows broken framing, a body cut short, or one too slow is replaced by the server's own 400 or
    /// 408.
    [[nodiscard]] virtual Task<Result<std::size_t>> read(std::span<std::byte> buffer) = 0;

    /// Lowers the limit for this request.
    virtual void limit(std::uint64_t bytes_max) = 0;

    /// Whether the client is known to be gone, or to have closed its side, once the body was read to its end:
    /// for handlers that take long. One that has sent another request already is not known to be.
    [[nodiscard]] virtual bool is_abandoned() { return false; }
};

/// Reads the whole body into memory, at most `bytes_max`.
[[nodiscard]] Task<Result<std::string>> read_text(RequestBody& body, std::uint64_t bytes_max);

struct Request {
    std::string method;
    std::string path;  // as it came, still encoded; without the query
    Query query;
    std::map<std::string, std::string, std::less<>>
        path_parameters;  // decoded, from the route's {name} parts
    std::string route;    // the pattern that matched, e.g. "/v1/jobs/{id}"; for logs and metrics
    Headers headers;
    std::string request_id;
    std::string trace_id;  // of a valid W3C traceparent; else empty
    std::string remote_address;
    RequestBody* body = nullptr;  // never null while a handler runs
};

/// Bytes of a response that are pulled as the client takes them. `read` runs on the server's pool and may
/// block.
class ResponseStream {
  public:
    virtual ~ResponseStream() = default;
    /// Fills the front of `buffer`; 0 is the end. An error after the head was sent cuts the connection.
    [[nodiscard]] virtual Result<std::size_t> read(std::span<std::byte> buffer) = 0;
};

struct StreamedBody {
    std::unique_ptr<ResponseStream> stream;
    std::uint64_t length_bytes = 0;  // exactly what the stream delivers
};

/// What a response says as it happens, for as long as there is something to come.
class LiveSource {
  public:
    virtual ~LiveSource() = default;
    /// Waits for what is to be said next, on an I/O thread: must not block. Empty is the end. It is asked
    /// again when the client has taken what it was given before, so that a slow one holds no memory; one that
    /// takes nothing for the server's send_timeout is cut. It has to end when Event::wait says so for the
    /// drain (is_draining), and must not throw. The request outlives it.
    [[nodiscard]] virtual Task<std::string> next() = 0;
};

/// Of unknown length; the connection closes after it.
struct LiveBody {
    std::unique_ptr<LiveSource> source;
};

/// Text that lives as long as the program: embedded assets.
struct StaticBody {
    std::string_view bytes;
};

struct Response {
    int status = 200;
    Headers headers;  // Content-Length, Date, Connection and X-Request-Id are the server's
    std::variant<std::string, StaticBody, StreamedBody, LiveBody> body;

    /// Empty when it is not known.
    [[nodiscard]] std::optional<std::uint64_t> length_bytes() const;
};

/// Called on an I/O thread; must not block. The request outlives the task. For HEAD the server calls the GET
/// handler with method "HEAD" and sends the head of its response only; a stream is never read then.
using Handler = std::function<Task<Response>(Request&)>;

}  // namespace safelight::http
