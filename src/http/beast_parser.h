// Boost.Beast's parser of requests, behind a wall that keeps Beast's headers out of the other files. Here is
// no policy: what Beast lets through although it should not be served is refused by framing.cc and
// chunked.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace safelight::http {

/// The views point into the text that was parsed.
struct ParsedHead {
    std::string_view method;
    std::string_view target;
    bool is_http_1_0 = false;
    Headers headers;
    bool keep_alive = false;
    bool chunked = false;
    std::optional<std::uint64_t> content_length;
};

struct HeadFault {
    enum class Cause {
        method,
        target,
        version,
        field,
        content_length,
        contradictory_framing,
        too_large,
        cut
    };

    Cause cause = Cause::cut;
    std::size_t line_start = 0;  // of the faulty line within the text
};

/// `text` is a whole head, with its empty line.
[[nodiscard]] std::expected<ParsedHead, HeadFault> parse_with_beast(std::string_view text,
                                                                    std::size_t bytes_max);

/// The framing of one chunked body. Not usable any more after a refusal.
class ChunkParser {
  public:
    /// What stands between the data of two chunks, or behind the last.
    struct Section {
        std::uint64_t size_bytes = 0;  // 0: the body has ended
        std::string_view extensions;
        Headers trailers;
    };

    ChunkParser();
    ~ChunkParser();
    ChunkParser(ChunkParser&&) = delete;
    ChunkParser& operator=(ChunkParser&&) = delete;
    ChunkParser(const ChunkParser&) = delete;
    ChunkParser& operator=(const ChunkParser&) = delete;

    /// `text` is whole: the CRLF behind the data of the chunk before, if there was one, then a size line,
    /// then for the last chunk the trailers and the empty line. Empty when Beast refuses it.
    [[nodiscard]] std::optional<Section> read_section(std::string_view text);
    /// Data of the chunk that the last section announced, and no more than it announced.
    void pass_data(std::string_view data);

  private:
    class Parser;

    std::unique_ptr<Parser> parser_;
};

}  // namespace safelight::http
