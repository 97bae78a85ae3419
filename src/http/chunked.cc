#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include "http/framing.h"

namespace safelight::http {
namespace {

using Step = ChunkDecoder::Step;
using Kind = ChunkDecoder::Kind;

Step fault(std::string_view text) {
    return {Kind::fault, 0, {}, text};
}

/// The line at the front of `input` without its CRLF; empty optional when its end has not come.
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

/// Behind a chunk's size: nothing, or extensions, which begin with ";".
bool is_extension(std::string_view text) {
    if (text.empty()) return true;
    const auto start = text.find_first_not_of(" \t");
    return start != std::string_view::npos && text[start] == ';' && is_field_value(text);
}

/// Fields that would change the meaning of what was already acted upon.
bool is_forbidden_trailer(std::string_view name) {
    constexpr std::array<std::string_view, 6> forbidden{
        "Content-Length", "Transfer-Encoding", "Host", "Connection", "Expect", "Authorization"};
    return std::ranges::any_of(forbidden, [&](std::string_view other) { return same_name(name, other); });
}

}  // namespace

Step ChunkDecoder::next(std::string_view input, std::size_t data_bytes_max) {
    switch (state_) {
        case State::size_line:
            return size_line(input);
        case State::data: {
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>({remaining_, input.size(), data_bytes_max}));
            if (count == 0) return {};
            skip_data(count);
            return {Kind::data, count, input.substr(0, count), {}};
        }
        case State::data_end:
            return data_end(input);
        case State::trailers:
            return trailer_line(input);
        case State::done:
            break;
    }
    return {Kind::end, 0, {}, {}};
}

void ChunkDecoder::skip_data(std::uint64_t bytes) {
    assert(state_ == State::data && bytes <= remaining_);
    remaining_ -= bytes;
    if (remaining_ == 0) state_ = State::data_end;
}

Step ChunkDecoder::size_line(std::string_view input) {
    const Line line = line_of(input, limits_.size_line_bytes_max);
    if (!line.valid) return fault("A chunk's size line is too long or does not end in CRLF.");
    if (!line.complete) return {};
    std::uint64_t size = 0;
    const char* const end = line.text.data() + line.text.size();
    const auto parsed = std::from_chars(line.text.data(), end, size, 16);
    const std::string_view rest(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    const bool is_number = !line.text.empty() && line.text.front() != '-' && parsed.ec == std::errc{};
    if (!is_number || size > INT64_MAX || line.text.size() - rest.size() > 16 || !is_extension(rest)) {
        return fault("A chunk's size is malformed.");
    }
    remaining_ = size;
    state_ = size == 0 ? State::trailers : State::data;
    return {Kind::need_more, line.text.size() + 2, {}, {}};
}

Step ChunkDecoder::data_end(std::string_view input) {
    if (input.empty()) return {};
    if (input[0] != '\r' || (input.size() > 1 && input[1] != '\n'))
        return fault("A chunk does not end where its size says.");
    if (input.size() == 1) return {};
    state_ = State::size_line;
    return {Kind::need_more, 2, {}, {}};
}

Step ChunkDecoder::trailer_line(std::string_view input) {
    const Line line = line_of(input, limits_.trailer_bytes_max - trailer_bytes_ + 1);
    if (!line.valid) return fault("The trailers are too long or a line of them does not end in CRLF.");
    if (!line.complete) return {};
    trailer_bytes_ += line.text.size() + 2;
    if (trailer_bytes_ > limits_.trailer_bytes_max) return fault("The trailers are too long.");
    const std::size_t consumed = line.text.size() + 2;
    if (line.text.empty()) {
        state_ = State::done;
        return {Kind::end, consumed, {}, {}};
    }
    const auto colon = line.text.find(':');
    const std::string_view name = line.text.substr(0, colon);
    if (colon == std::string_view::npos || !is_token(name) || !is_field_value(line.text.substr(colon + 1)) ||
        is_forbidden_trailer(name)) {
        return fault("A trailer is malformed or not allowed.");
    }
    if (++trailer_fields_ > limits_.trailer_fields_max) return fault("There are too many trailers.");
    return {Kind::need_more, consumed, {}, {}};
}

}  // namespace safelight::http
