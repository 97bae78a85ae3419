// multipart/form-data (RFC 7578) as a stream: bytes in, part events out; nothing is gathered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace safelight::http {

/// The boundary of a Content-Type "multipart/form-data; boundary=…".
/// Errors: invalid_argument (another type, no boundary, one that is empty, longer than 70, or with forbidden
/// characters).
[[nodiscard]] Result<std::string> multipart_boundary(std::string_view content_type);

struct MultipartLimits {
    std::uint32_t parts_max = 16;
    std::uint32_t part_header_bytes_max = 4'096;
};

struct PartHead {
    std::string name;
    std::optional<std::string> filename;  // as the client sent it: any bytes but CR, LF, NUL
    std::string content_type;
};

/// Gets the events of a parse. An error ends the parse and is returned from `feed`.
class MultipartSink {
  public:
    virtual ~MultipartSink() = default;
    [[nodiscard]] virtual Status part_begins(const PartHead& head) = 0;
    [[nodiscard]] virtual Status part_data(std::span<const std::byte> bytes) = 0;
    [[nodiscard]] virtual Status part_ends() = 0;
};

/// Push parser. One thread at a time. Memory is bounded by the limits and the boundary's length.
class MultipartParser {
  public:
    MultipartParser(std::string boundary, const MultipartLimits& limits, MultipartSink& sink);

    /// Errors: invalid_argument (broken structure, a limit), and those of the sink.
    [[nodiscard]] Status feed(std::span<const std::byte> bytes);
    /// At the end of the body. Errors: invalid_argument (the closing boundary is missing).
    [[nodiscard]] Status finish();

  private:
    enum class State { preamble, after_boundary, part_head, part_body, epilogue };

    /// Each takes from the front of `bytes`.
    [[nodiscard]] Status take_text(std::string_view& bytes);
    [[nodiscard]] Status take_after_boundary(std::string_view& bytes);
    [[nodiscard]] Status take_part_head(std::string_view& bytes);
    [[nodiscard]] Status pass_on(std::string_view text);
    [[nodiscard]] Status boundary_found();

    const std::string delimiter_;  // CRLF, two dashes, the boundary
    const MultipartLimits limits_;
    MultipartSink& sink_;
    State state_ = State::preamble;
    std::string held_;  // the front of what may become a delimiter, a delimiter's line, or a part's head
    std::uint32_t parts_ = 0;
    std::size_t preamble_bytes_ = 0;
};

}  // namespace safelight::http
