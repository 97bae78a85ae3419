#include <algorithm>
#include <array>

#include "http/framing.h"

namespace safelight::http {
namespace {

using Step = ChunkDecoder::Step;
using Kind = ChunkDecoder::Kind;

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view size_ends = "; \t";  // the line itself, or an extension
constexpr std::string_view size_malformed = "A chunk's size is malformed.";
constexpr std::string_view trailer_malformed = "A trailer is malformed or not allowed.";

Step fault(std::string_view text) {
    return {Kind::fault, 0, {}, text};
}

/// The line at the front of `input`, without its CRLF.
struct Line {
    bool complete = false;
    bool valid = true;
    std::string_view text;
};

Line line_of(std::string_view input, std::size_t bytes_max) {
    const auto newline = input.substr(0, bytes_max).find('\n');
    if (newline == std::string_view::npos) return {false, input.size() < bytes_max, {}};
    if (newline == 0 || input[newline - 1] != '\r') return {true, false, {}};
    return {true, true, input.substr(0, newline - 1)};
}

/// Beast takes any number of digits, and says nothing of junk behind the last chunk's size until the trailers
/// are there.
bool is_size(std::string_view line, std::size_t digits) {
    return digits > 0 && digits <= 16 && (digits == line.size() || size_ends.contains(line[digits]));
}

/// Fields that would change the meaning of what was already acted upon.
bool is_forbidden_trailer(std::string_view name) {
    constexpr std::array<std::string_view, 6> forbidden{
        "Content-Length", "Transfer-Encoding", "Host", "Connection", "Expect", "Authorization"};
    return std::ranges::any_of(forbidden, [&](std::string_view other) { return same_name(name, other); });
}

}  // namespace

Step ChunkDecoder::next(std::string_view input, std::size_t data_bytes_max) {
    if (ended_) return {Kind::end, 0, {}, {}};
    if (remaining_ > 0) return data(input.substr(0, data_bytes_max));
    if (trailer_scanner_) return trailers(*trailer_scanner_, input);
    return size_line(input);
}

Step ChunkDecoder::data(std::string_view input) {
    if (input.empty()) return {};
    const std::string_view data =
        input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size())));
    parser_.pass_data(data);
    remaining_ -= data.size();
    if (remaining_ == 0) line_start_ = line_end.size();
    return {Kind::data, data.size(), data, {}};
}

/// Beast wants the CRLF behind a chunk's data together with the line that follows, and looks at neither until
/// both are there.
Step ChunkDecoder::size_line(std::string_view input) {
    if (line_start_ > 0 && !line_end.starts_with(input.substr(0, line_start_)))
        return fault("A chunk does not end where its size says.");
    if (input.size() < line_start_) return {};
    const Line line = line_of(input.substr(line_start_), limits_.size_line_bytes_max);
    if (!line.valid) return fault("A chunk's size line is too long or does not end in CRLF.");
    if (!line.complete) return {};
    const auto digits = std::min(line.text.find_first_not_of("0123456789abcdefABCDEF"), line.text.size());
    if (!is_size(line.text, digits)) return fault(size_malformed);
    if (line.text.find_first_not_of('0') >= digits) {
        const HeadLimits section_limits{line.text.size() + line_end.size() + limits_.trailer_bytes_max,
                                        limits_.trailer_fields_max, limits_.size_line_bytes_max};
        return trailers(trailer_scanner_.emplace(section_limits), input);
    }
    return section(input.substr(0, line_start_ + line.text.size() + line_end.size()));
}

/// The last size line and the trailers have the shape of a head, and Beast wants them whole.
Step ChunkDecoder::trailers(HeadScanner& scanner, std::string_view input) {
    const auto length = scanner.scan(input.substr(line_start_));
    if (!length) return fault("The trailers are too long or too many, or a line does not end in CRLF.");
    if (const std::optional<std::size_t> bytes = *length)
        return section(input.substr(0, line_start_ + *bytes));
    return {};
}

Step ChunkDecoder::section(std::string_view text) {
    // Beast unfolds.
    if (has_folded_line(text.substr(line_start_))) return fault(trailer_malformed);
    const auto parsed = parser_.read_section(text);
    // Beast takes 64 bits, and whatever stands between quotes.
    if (!parsed || parsed->size_bytes > INT64_MAX || !is_field_value(parsed->extensions)) {
        return fault(trailer_scanner_ ? trailer_malformed : size_malformed);
    }
    for (const auto& [name, value] : parsed->trailers.all()) {
        if (is_forbidden_trailer(name)) return fault(trailer_malformed);
    }
    remaining_ = parsed->size_bytes;
    ended_ = remaining_ == 0;
    return {ended_ ? Kind::end : Kind::need_more, text.size(), {}, {}};
}

}  // namespace safelight::http
