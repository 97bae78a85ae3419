#include "http/multipart.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "http/framing.h"
#include "http/part_head.h"

namespace safelight::http {
namespace {

constexpr std::size_t boundary_bytes_max = 70;
constexpr std::size_t preamble_bytes_max = 4'096;
constexpr std::size_t padding_bytes_max = 256;  // blanks behind a boundary

std::unexpected<Error> malformed(std::string text) {
    return failure(ErrorCode::invalid_argument, std::move(text));
}

/// RFC 2046 section 5.1.1.
bool is_boundary(std::string_view boundary) {
    const auto is_boundary_character = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
    };
    return !boundary.empty() && boundary.size() <= boundary_bytes_max && boundary.back() != ' ' &&
           std::ranges::all_of(boundary, is_boundary_character);
}

std::size_t find(std::string_view text, std::string_view needle) {
    const void* const found = ::memmem(text.data(), text.size(), needle.data(), needle.size());
    if (found == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

/// How many bytes at the end of `text` may be the front of `delimiter`. A boundary has no CR, so that only
/// the last CR can begin one.
std::size_t open_end(std::string_view text, std::string_view delimiter) {
    const std::string_view tail = text.substr(text.size() - std::min(text.size(), delimiter.size() - 1));
    const auto begin = tail.rfind('\r');
    if (begin == std::string_view::npos || !delimiter.starts_with(tail.substr(begin))) return 0;
    return tail.size() - begin;
}

/// The value of the parameter `wanted` in what follows a media type; empty when it is not there.
Result<std::string> parameter(std::string_view text, std::string_view wanted) {
    std::optional<std::string> found;
    while (!text.empty()) {
        text = trim(text.substr(1));
        const auto equals = std::min(text.size(), text.find('='));
        const std::string_view name = text.substr(0, equals);
        text.remove_prefix(std::min(text.size(), equals + 1));
        std::string value;
        if (text.starts_with('"')) {
            const auto end = text.find('"', 1);
            if (end == std::string_view::npos) return malformed("Content-Type is malformed.");
            value = text.substr(1, end - 1);
            text.remove_prefix(end + 1);
        } else {
            const auto end = std::min(text.size(), text.find(';'));
            value = trim(text.substr(0, end));
            text.remove_prefix(end);
        }
        text = trim(text);
        if (!text.empty() && text.front() != ';') return malformed("Content-Type is malformed.");
        if (!same_name(name, wanted)) continue;
        if (found) return malformed("Content-Type has two boundaries.");
        found = std::move(value);
    }
    return found.value_or("");
}

}  // namespace

Result<std::string> multipart_boundary(std::string_view content_type) {
    const auto type_end = std::min(content_type.size(), content_type.find(';'));
    if (!same_name(trim(content_type.substr(0, type_end)), "multipart/form-data")) {
        return malformed("Content-Type is not multipart/form-data.");
    }
    TRY_ASSIGN(std::string boundary, parameter(trim(content_type.substr(type_end)), "boundary"));
    if (!is_boundary(boundary)) return malformed("Content-Type has no valid boundary of 1 to 70 characters.");
    return boundary;
}

MultipartParser::MultipartParser(std::string boundary, const MultipartLimits& limits, MultipartSink& sink)
    : delimiter_("\r\n--" + std::move(boundary)), limits_(limits), sink_(sink) {
    // The first boundary may stand at the very beginning: as if a line had ended before it.
    held_ = "\r\n";
}

Status MultipartParser::feed(std::span<const std::byte> bytes) {
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!text.empty()) {
        switch (state_) {
            case State::preamble:
            case State::part_body:
                TRY(take_text(text));
                break;
            case State::after_boundary:
                TRY(take_after_boundary(text));
                break;
            case State::part_head:
                TRY(take_part_head(text));
                break;
            case State::epilogue:
                return {};
        }
    }
    return {};
}

Status MultipartParser::finish() {
    if (state_ != State::epilogue) return malformed("The closing boundary is missing.");
    return {};
}

/// Up to the next delimiter. `held_` is the front of one that the last bytes broke off in.
Status MultipartParser::take_text(std::string_view& bytes) {
    if (!held_.empty()) {
        const std::size_t held_bytes = held_.size();
        const std::size_t joined = std::min(bytes.size(), delimiter_.size() - 1);
        held_ += bytes.substr(0, joined);
        const std::string window = std::exchange(held_, {});
        const std::size_t at = find(window, delimiter_);
        if (at != std::string::npos) {
            bytes.remove_prefix(at + delimiter_.size() - held_bytes);
            TRY(pass_on(std::string_view(window).substr(0, at)));
            return boundary_found();
        }
        if (joined < bytes.size()) return pass_on(std::string_view(window).substr(0, held_bytes));
        bytes = {};
        const std::size_t open = open_end(window, delimiter_);
        held_ = window.substr(window.size() - open);
        return pass_on(std::string_view(window).substr(0, window.size() - open));
    }
    const std::size_t at = find(bytes, delimiter_);
    if (at != std::string_view::npos) {
        const std::string_view data = bytes.substr(0, at);
        bytes.remove_prefix(at + delimiter_.size());
        TRY(pass_on(data));
        return boundary_found();
    }
    const std::string_view data = bytes.substr(0, bytes.size() - open_end(bytes, delimiter_));
    held_ = bytes.substr(data.size());
    bytes = {};
    return pass_on(data);
}

Status MultipartParser::pass_on(std::string_view text) {
    if (text.empty()) return {};
    if (state_ == State::part_body) return sink_.part_data(std::as_bytes(std::span(text)));
    preamble_bytes_ += text.size();
    if (preamble_bytes_ > preamble_bytes_max) return malformed("The first boundary is missing.");
    return {};
}

Status MultipartParser::boundary_found() {
    if (state_ == State::part_body) TRY(sink_.part_ends());
    state_ = State::after_boundary;
    return {};
}

/// Two dashes: the end. Else blanks and CRLF: a part.
Status MultipartParser::take_after_boundary(std::string_view& bytes) {
    held_.push_back(bytes.front());
    bytes.remove_prefix(1);
    if (held_ == "--") {
        state_ = State::epilogue;
        held_.clear();
        return {};
    }
    if (held_ == "-") return {};
    if (held_.ends_with("\r\n") && held_.find_first_not_of(" \t") == held_.size() - 2) {
        if (++parts_ > limits_.parts_max) return malformed("There are too many parts.");
        state_ = State::part_head;
        held_.clear();
        return {};
    }
    const auto first = held_.find_first_not_of(" \t");
    const bool may_end = first == std::string::npos || (first == held_.size() - 1 && held_.back() == '\r');
    if (!may_end || held_.size() > padding_bytes_max) return malformed("A boundary's line is malformed.");
    return {};
}

Status MultipartParser::take_part_head(std::string_view& bytes) {
    const std::size_t before = held_.size();
    held_ += bytes.substr(0, limits_.part_header_bytes_max - before);
    const std::size_t end = held_.starts_with("\r\n") ? 0 : find(held_, "\r\n\r\n");
    if (end == std::string::npos) {
        if (held_.size() == limits_.part_header_bytes_max) return malformed("A part's header is too long.");
        bytes = {};
        return {};
    }
    const std::size_t head_bytes = end == 0 ? 2 : end + 4;
    bytes.remove_prefix(head_bytes - before);
    held_.resize(head_bytes - 2);
    TRY_ASSIGN(const PartHead head, parse_part_head(held_));
    held_.clear();
    state_ = State::part_body;
    TRY(sink_.part_begins(head));
    return {};
}

}  // namespace safelight::http
