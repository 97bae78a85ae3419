// Where a request ends and the next begins, with no I/O. Boost.Beast parses; around it stand the limits and
// the checks for what Beast lets through: two parsers that disagree about framing are how requests get
// smuggled, so whatever has two readings is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "http/beast_parser.h"
#include "http/message.h"
#include "http/server.h"

namespace safelight::http {

/// Why the server refuses a request by itself. The text lives for ever.
struct Refusal {
    ServerProblem problem = ServerProblem::bad_request;
    std::string_view detail;
};

struct HeadLimits {
    std::size_t header_bytes_max = 16'384;  // request line and fields together
    std::size_t header_fields_max = 100;
    std::size_t target_bytes_max = 8'192;
};

/// A parsed head. The views point into the text that was parsed.
struct RequestHead {
    std::size_t bytes = 0;  // of the head, with its empty line
    std::string_view method;
    std::string_view path;   // still encoded
    std::string_view query;  // still encoded, without "?"
    Headers headers;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
    bool expects_continue = false;
    bool is_http_1_0 = false;
};

/// Finds the end of a head in bytes that arrive bit by bit, and refuses what can never become a head.
class HeadScanner {
  public:
    explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

    /// `buffered` begins where it began at the last call and has grown. The head's length, with its empty
    /// line; or empty when more bytes are needed.
    [[nodiscard]] std::expected<std::optional<std::size_t>, Refusal> scan(std::string_view buffered);

  private:
    const HeadLimits limits_;
    std::size_t line_start_ = 0;
    std::size_t searched_ = 0;
    std::size_t lines_ = 0;
};

/// `head` ends with its empty line, as HeadScanner found it.
[[nodiscard]] std::expected<RequestHead, Refusal> parse_head(std::string_view head, const HeadLimits& limits);

/// True when a line goes on from the line before it, which RFC 9112 section 5.2 has given up.
[[nodiscard]] bool has_folded_line(std::string_view text);

/// RFC 9112 section 7.1, piece by piece. Trailers are checked and dropped.
class ChunkDecoder {
  public:
    struct Limits {
        std::size_t size_line_bytes_max = 256;  // chunk extensions carry nothing that anybody needs
        std::size_t trailer_bytes_max = 8'192;
        std::size_t trailer_fields_max = 32;
    };
    enum class Kind { need_more, data, end, fault };
    struct Step {
        Kind kind = Kind::need_more;
        std::size_t consumed = 0;  // bytes of the input that are done with
        std::string_view data;     // for `data`; within the input
        std::string_view fault;    // for `fault`; lives for ever
    };

    explicit ChunkDecoder(const Limits& limits) : limits_(limits) {}

    /// Takes a step into `input`, whose unconsumed rest is passed again, with more behind it. At most
    /// `data_bytes_max` bytes of data come out of one step.
    [[nodiscard]] Step next(std::string_view input, std::size_t data_bytes_max);

    /// What is still missing of the chunk that is being read. Until it is 0, `input` may be any next piece of
    /// that chunk.
    [[nodiscard]] std::uint64_t chunk_remaining() const { return remaining_; }

  private:
    [[nodiscard]] Step data(std::string_view input);
    [[nodiscard]] Step size_line(std::string_view input);
    [[nodiscard]] Step trailers(HeadScanner& scanner, std::string_view input);
    [[nodiscard]] Step section(std::string_view text);

    const Limits limits_;
    ChunkParser parser_;
    std::size_t line_start_ = 0;  // of the size line within the input: behind the CRLF of the chunk before
    std::uint64_t remaining_ = 0;
    std::optional<HeadScanner> trailer_scanner_;  // once the last chunk's size line is there
    bool ended_ = false;
};

/// RFC 9110 section 5.6.2.
[[nodiscard]] bool is_token(std::string_view text);
/// No control characters but the tab.
[[nodiscard]] bool is_field_value(std::string_view text);
/// Field names and tokens compare without case.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);
/// The next element of a comma-separated list, without the blanks around it; `list` becomes the rest.
[[nodiscard]] std::string_view take_list_element(std::string_view& list);

}  // namespace safelight::http
