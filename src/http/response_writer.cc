#include "http/response_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>

#include "http/framing.h"

namespace safelight::http {
namespace {

constexpr std::size_t piece_bytes = 65'536;
constexpr std::chrono::milliseconds pool_retry_pause{20};

std::string_view reason_of(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return {};  // RFC 9112 section 4: it may be empty
    }
}

void append_number(std::string& out, std::uint64_t number, int base = 10) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    out.append(digits.data(), end);
}

/// Fields that the server sets by itself.
bool is_ours(std::string_view name) {
    constexpr std::array<std::string_view, 5> ours{"Content-Length", "Date", "Connection", "X-Request-Id",
                                                   "Transfer-Encoding"};
    return std::ranges::any_of(ours, [&](std::string_view other) { return same_name(name, other); });
}

bool has_no_body(int status) {
    return status == 204 || status == 304;
}

std::string_view bytes_at_hand(const Response& response) {
    if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
    if (const auto* fixed = std::get_if<StaticBody>(&response.body)) return fixed->bytes;
    return {};
}

/// Pulls a stream's bytes on the pool.
class PieceReader {
  public:
    /// All outlive the reader.
    PieceReader(ServerCore& core, Channel& channel, StreamedBody& body)
        : core_(core),
          channel_(channel),
          stream_(*body.stream),
          remaining_(body.length_bytes),
          buffer_(std::make_unique_for_overwrite<std::byte[]>(size())) {}

    [[nodiscard]] std::uint64_t remaining() const { return remaining_; }
    [[nodiscard]] const std::string& error() const { return error_; }

    /// Fills the buffer as far as the stream goes; empty after an error.
    [[nodiscard]] Task<std::optional<std::string_view>> next() {
        const std::size_t wanted = size();
        Result<std::size_t> filled = 0;
        const auto deadline = std::chrono::steady_clock::now() + core_.config.send_timeout;
        const std::function<void()> work = [&] { filled = fill(wanted); };
        while (!co_await run_on_pool(core_.pool, work)) {
            const bool is_late = std::chrono::steady_clock::now() >= deadline;
            if (is_late || !co_await channel_.pause(pool_retry_pause)) {
                error_ = "The thread pool had no room for reading the response.";
                co_return std::nullopt;
            }
        }
        if (!filled) {
            error_ = filled.error().log_text.empty() ? filled.error().public_text : filled.error().log_text;
            co_return std::nullopt;
        }
        remaining_ -= *filled;
        co_return std::string_view(reinterpret_cast<const char*>(buffer_.get()), *filled);
    }

  private:
    [[nodiscard]] std::size_t size() const {
        return static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, remaining_));
    }

    /// On a pool thread.
    Result<std::size_t> fill(std::size_t wanted) {
        try {
            std::size_t have = 0;
            while (have < wanted) {
                auto read = stream_.read(std::span(buffer_.get() + have, wanted - have));
                if (!read) return read;
                if (*read == 0) return failure(ErrorCode::corrupt_blob, "The response stream ended early.");
                have += *read;
            }
            return have;
        } catch (const std::exception& exception) {
            return failure(ErrorCode::internal, "The response stream failed.", exception.what());
        }
    }

    ServerCore& core_;
    Channel& channel_;
    ResponseStream& stream_;
    std::uint64_t remaining_;
    std::unique_ptr<std::byte[]> buffer_;
    std::string error_;
};

/// The first piece is read before the head goes out, so that a stream that fails at once still gives a clean
/// error.
Task<SendResult> send_stream(ServerCore& core, Channel& channel, StreamedBody& body, std::string_view head) {
    PieceReader reader(core, channel, body);
    SendResult result;
    while (reader.remaining() > 0) {
        const auto piece = co_await reader.next();
        if (!piece) {
            result.error = reader.error();
            result.unsendable = !head.empty();
            if (head.empty()) channel.abort();
            co_return result;
        }
        const IoResult written = co_await channel.write(head, *piece, core.config.send_timeout);
        result.body_bytes += written.bytes - std::min(written.bytes, head.size());
        if (written.end != IoEnd::done) {
            channel.abort();
            co_return result;
        }
        head = {};
    }
    result.sent = true;
    co_return result;
}

/// Empty after an exception, which `error` tells of: a stream that breaks off must not look complete.
Task<std::optional<std::string>> next_of(LiveSource& source, std::string& error) {
    try {
        co_return co_await source.next();
    } catch (const std::exception& exception) {
        error = exception.what();
    }
    co_return std::nullopt;
}

/// As chunks, or for HTTP/1.0 as it is. What the source says is on its way before it is asked for more.
Task<SendResult> send_live(ServerCore& core, Channel& channel, LiveSource& source, std::string_view head,
                           bool is_chunked) {
    SendResult result;
    IoResult written = co_await channel.write(head, {}, core.config.send_timeout);
    while (written.end == IoEnd::done) {
        auto text = co_await next_of(source, result.error);
        if (!text) break;
        const bool is_end = text->empty();
        result.body_bytes += text->size();
        std::string size_line;
        if (is_chunked) {
            append_number(size_line, text->size(), 16);
            size_line += "\r\n";
            *text += "\r\n";
        }
        written = co_await channel.write(size_line, *text, core.config.send_timeout);
        result.sent = is_end && written.end == IoEnd::done;
        if (is_end) break;
    }
    if (!result.sent) channel.abort();
    co_return result;
}

}  // namespace

bool render_head(std::string& out, const Response& response, const ResponseFrame& frame) {
    out.clear();
    if (response.status < 200 || response.status > 599) return false;
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::uint64_t>(response.status));
    out += ' ';
    out += reason_of(response.status);
    out += "\r\nDate: ";
    out += frame.date;
    out += "\r\nX-Request-Id: ";
    out += frame.request_id;
    bool has_sniff_rule = false;
    for (const auto& [name, value] : response.headers.all()) {
        if (!is_token(name) || !is_field_value(value)) return false;
        if (is_ours(name)) continue;
        has_sniff_rule |= same_name(name, "X-Content-Type-Options");
        out += "\r\n";
        out += name;
        out += ": ";
        out += value;
    }
    if (!has_sniff_rule) out += "\r\nX-Content-Type-Options: nosniff";
    if (!has_no_body(response.status)) {
        if (const auto length = response.length_bytes()) {
            out += "\r\nContent-Length: ";
            append_number(out, *length);
        } else if (!frame.is_http_1_0) {
            out += "\r\nTransfer-Encoding: chunked";
        }
    }
    if (!frame.keep_alive) out += "\r\nConnection: close";
    if (frame.keep_alive && frame.is_http_1_0) out += "\r\nConnection: keep-alive";
    out += "\r\n\r\n";
    return true;
}

Task<SendResult> send_response(ServerCore& core, Channel& channel, Response& response,
                               const ResponseFrame& frame, std::string& head) {
    SendResult result;
    if (!render_head(head, response, frame)) {
        result.unsendable = true;
        result.error = "The handler's response has a malformed status or header field.";
        co_return result;
    }
    const bool head_only = frame.head_only || has_no_body(response.status);
    auto* const streamed = std::get_if<StreamedBody>(&response.body);
    if (streamed != nullptr && !head_only && streamed->length_bytes > 0) {
        co_return co_await send_stream(core, channel, *streamed, head);
    }
    auto* const live = std::get_if<LiveBody>(&response.body);
    if (live != nullptr && !head_only)
        co_return co_await send_live(core, channel, *live->source, head, !frame.is_http_1_0);
    const std::string_view body = head_only ? std::string_view{} : bytes_at_hand(response);
    const IoResult written = co_await channel.write(head, body, core.config.send_timeout);
    result.body_bytes = written.bytes - std::min(written.bytes, head.size());
    result.sent = written.end == IoEnd::done;
    if (!result.sent) channel.abort();
    co_return result;
}

}  // namespace safelight::http
