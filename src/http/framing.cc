#include "http/framing.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace safelight::http {
namespace {

constexpr std::size_t method_bytes_max = 32;

std::unexpected<Refusal> refuse(std::string_view detail, ServerProblem problem = ServerProblem::bad_request) {
    return std::unexpected(Refusal{problem, detail});
}

constexpr Refusal target_too_long{ServerProblem::uri_too_long, "The request target is too long."};
constexpr Refusal header_too_large{ServerProblem::header_fields_too_large,
                                   "The request header is too large."};
constexpr Refusal too_many_fields{ServerProblem::header_fields_too_large,
                                  "The request has too many header fields."};

/// The line at the front of `text`, without its CRLF; `text` becomes the rest. HeadScanner saw to the line
/// endings.
std::string_view take_line(std::string_view& text) {
    const auto end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    return line;
}

bool is_target_text(std::string_view target) {
    return !target.empty() &&
           std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool is_host(std::string_view host) {
    return std::ranges::all_of(host, [](char c) {
        return is_token({&c, 1}) || std::string_view("()[]:;=,").find(c) != std::string_view::npos;
    });
}

/// RFC 9112 section 3.2: origin form, absolute form, and "*" for OPTIONS.
bool split_target(std::string_view target, RequestHead& head) {
    if (!target.starts_with('/')) {
        const bool is_absolute =
            same_name(target.substr(0, 7), "http://") || same_name(target.substr(0, 8), "https://");
        if (is_absolute) {
            target.remove_prefix(target.find("//") + 2);
            target.remove_prefix(std::min(target.size(), target.find_first_of("/?")));
        } else if (target != "*" || head.method != "OPTIONS") {
            return false;
        }
    }
    const auto mark = target.find('?');
    head.path = target.substr(0, mark);
    if (head.path.empty()) head.path = "/";
    if (mark != std::string_view::npos) head.query = target.substr(mark + 1);
    return true;
}

std::optional<Refusal> parse_version(std::string_view version, RequestHead& head) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
        !is_digit(version[7])) {
        return Refusal{ServerProblem::bad_request, "The request line is malformed."};
    }
    if (version[5] != '1') {
        return Refusal{ServerProblem::version_not_supported, "This server speaks HTTP/1.1."};
    }
    head.is_http_1_0 = version[7] == '0';
    return std::nullopt;
}

std::optional<Refusal> parse_request_line(std::string_view line, const HeadLimits& limits,
                                          RequestHead& head) {
    const auto first_blank = line.find(' ');
    const auto last_blank = line.rfind(' ');
    if (first_blank == std::string_view::npos || first_blank == last_blank) {
        return Refusal{ServerProblem::bad_request, "The request line is malformed."};
    }
    head.method = line.substr(0, first_blank);
    const std::string_view target = line.substr(first_blank + 1, last_blank - first_blank - 1);
    if (!is_token(head.method)) return Refusal{ServerProblem::bad_request, "The method is malformed."};
    if (auto refusal = parse_version(line.substr(last_blank + 1), head)) return refusal;
    if (head.method.size() > method_bytes_max || head.method == "CONNECT") {
        return Refusal{ServerProblem::not_implemented, "The method is not known."};
    }
    if (target.size() > limits.target_bytes_max) return target_too_long;
    if (!is_target_text(target) || !split_target(target, head)) {
        return Refusal{ServerProblem::bad_request, "The request target is malformed."};
    }
    return std::nullopt;
}

std::optional<Refusal> parse_fields(std::string_view text, const HeadLimits& limits, Headers& headers) {
    for (std::size_t count = 1;; ++count) {
        const std::string_view line = take_line(text);
        if (line.empty()) return std::nullopt;
        if (count > limits.header_fields_max) return too_many_fields;
        if (line.front() == ' ' || line.front() == '\t') {
            return Refusal{ServerProblem::bad_request, "A header field is folded over several lines."};
        }
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
            return Refusal{ServerProblem::bad_request, "A header field's name is malformed."};
        }
        const std::string_view value = line.substr(colon + 1);
        if (!is_field_value(value)) {
            return Refusal{ServerProblem::bad_request, "A header field's value has a control character."};
        }
        headers.add(std::string(line.substr(0, colon)), std::string(trim(value)));
    }
}

/// What the fields that matter for framing say. One pass over all of them.
struct FramingFields {
    std::size_t hosts = 0;
    std::size_t lengths = 0;
    std::size_t codings = 0;
    std::string_view host;
    std::string_view length;
    std::string_view coding;  // of the last field
    bool close = false;
    bool keep_alive = false;
    bool expects = false;
    std::string_view expectation;
};

FramingFields gather(const Headers& headers) {
    FramingFields found;
    for (const auto& [name, value] : headers.all()) {
        if (same_name(name, "Host")) {
            ++found.hosts;
            found.host = value;
        } else if (same_name(name, "Content-Length")) {
            ++found.lengths;
            found.length = value;
        } else if (same_name(name, "Transfer-Encoding")) {
            ++found.codings;
            found.coding = value;
        } else if (same_name(name, "Expect")) {
            found.expects = true;
            found.expectation = value;
        } else if (same_name(name, "Connection")) {
            for (std::string_view rest = value; !rest.empty();) {
                const std::string_view option = take_list_element(rest);
                found.close |= same_name(option, "close");
                found.keep_alive |= same_name(option, "keep-alive");
            }
        }
    }
    return found;
}

std::optional<Refusal> check_coding(const FramingFields& fields, RequestHead& head) {
    if (fields.lengths > 0) {
        return Refusal{ServerProblem::bad_request,
                       "Content-Length and Transfer-Encoding exclude each other."};
    }
    if (head.is_http_1_0 || fields.codings > 1) {
        return Refusal{ServerProblem::bad_request, "Transfer-Encoding is not understood."};
    }
    std::size_t count = 0;
    std::size_t chunked = 0;
    std::string_view last;
    for (std::string_view rest = fields.coding; !rest.empty(); ++count) {
        last = take_list_element(rest);
        if (same_name(last, "chunked")) ++chunked;
    }
    if (chunked != 1 || !same_name(last, "chunked")) {
        return Refusal{ServerProblem::bad_request, "Transfer-Encoding does not end in one \"chunked\"."};
    }
    if (count > 1)
        return Refusal{ServerProblem::not_implemented, "The only known transfer coding is \"chunked\"."};
    head.chunked = true;
    return std::nullopt;
}

std::optional<Refusal> check_length(const FramingFields& fields, RequestHead& head) {
    std::uint64_t length = 0;
    const std::string_view text = fields.length;
    const bool all_digits =
        !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (fields.lengths > 1 || !all_digits) {
        return Refusal{ServerProblem::bad_request, "Content-Length is not one decimal number."};
    }
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), length);
    if (parsed.ec != std::errc{} || length > INT64_MAX) {
        return Refusal{ServerProblem::payload_too_large, "The request body is too large."};
    }
    head.content_length = length;
    return std::nullopt;
}

std::optional<Refusal> check_framing(RequestHead& head) {
    const FramingFields fields = gather(head.headers);
    if (fields.hosts > 1 || (fields.hosts == 0 && !head.is_http_1_0) || !is_host(fields.host)) {
        return Refusal{ServerProblem::bad_request, "The request needs exactly one valid Host field."};
    }
    if (fields.codings > 0) {
        if (auto refusal = check_coding(fields, head)) return refusal;
    } else if (fields.lengths > 0) {
        if (auto refusal = check_length(fields, head)) return refusal;
    }
    head.keep_alive = !fields.close && (!head.is_http_1_0 || fields.keep_alive);
    if (fields.expects && !head.is_http_1_0) {
        if (!same_name(fields.expectation, "100-continue")) {
            return Refusal{ServerProblem::expectation_failed,
                           "The only known expectation is \"100-continue\"."};
        }
        head.expects_continue = true;
    }
    return std::nullopt;
}

}  // namespace

std::expected<std::optional<std::size_t>, Refusal> HeadScanner::scan(std::string_view buffered) {
    for (;;) {
        const auto newline = buffered.find('\n', searched_);
        if (newline == std::string_view::npos) break;
        if (newline == line_start_ || buffered[newline - 1] != '\r')
            return refuse("A line does not end in CRLF.");
        const std::size_t line_bytes = newline - 1 - line_start_;
        searched_ = line_start_ = newline + 1;
        if (newline + 1 > limits_.header_bytes_max) break;
        if (lines_ == 0 && line_bytes > limits_.target_bytes_max + method_bytes_max + 16) {
            return std::unexpected(target_too_long);
        }
        if (line_bytes == 0) {
            if (lines_ == 0) return refuse("The request line is empty.");
            return newline + 1;
        }
        if (++lines_ > limits_.header_fields_max + 1) return std::unexpected(too_many_fields);
    }
    searched_ = std::max(searched_, buffered.size());
    if (lines_ == 0 && buffered.size() > limits_.target_bytes_max + method_bytes_max + 16) {
        return std::unexpected(target_too_long);
    }
    if (buffered.size() >= limits_.header_bytes_max) return std::unexpected(header_too_large);
    return std::nullopt;
}

std::expected<RequestHead, Refusal> parse_head(std::string_view head_text, const HeadLimits& limits) {
    RequestHead head;
    head.bytes = head_text.size();
    if (auto refusal = parse_request_line(take_line(head_text), limits, head))
        return std::unexpected(*refusal);
    if (auto refusal = parse_fields(head_text, limits, head.headers)) return std::unexpected(*refusal);
    if (auto refusal = check_framing(head)) return std::unexpected(*refusal);
    return head;
}

}  // namespace safelight::http
