#include "http/framing.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "http/beast_parser.h"

namespace safelight::http {
namespace {

constexpr std::size_t method_bytes_max = 32;
constexpr std::string_view line_end = "\r\n";

std::unexpected<Refusal> refuse(std::string_view detail) {
    return std::unexpected(Refusal{ServerProblem::bad_request, detail});
}

constexpr Refusal target_too_long{ServerProblem::uri_too_long, "The request target is too long."};
constexpr Refusal header_too_large{ServerProblem::header_fields_too_large,
                                   "The request header is too large."};
constexpr Refusal too_many_fields{ServerProblem::header_fields_too_large,
                                  "The request has too many header fields."};
constexpr Refusal target_malformed{ServerProblem::bad_request, "The request target is malformed."};
constexpr Refusal length_malformed{ServerProblem::bad_request, "Content-Length is not one decimal number."};
constexpr Refusal body_too_large{ServerProblem::payload_too_large, "The request body is too large."};

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

bool is_decimal(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Beast has the same error for a version that is none and for one that it does not speak.
bool names_other_version(std::string_view head) {
    const std::string_view line = head.substr(0, head.find(line_end));
    const std::string_view version = line.substr(line.rfind(' ') + 1);
    return version.size() == 8 && version.starts_with("HTTP/") && is_decimal(version.substr(5, 1)) &&
           version[6] == '.' && is_decimal(version.substr(7)) && version != "HTTP/1.1" &&
           version != "HTTP/1.0";
}

/// Beast has the same error for a length that is no number and for one beyond 64 bits.
bool is_number_field(std::string_view line) {
    line = line.substr(0, line.find(line_end));
    return is_decimal(trim(line.substr(line.find(':') + 1)));
}

Refusal refusal_of(const HeadFault& fault, std::string_view head) {
    using Cause = HeadFault::Cause;
    switch (fault.cause) {
        case Cause::method:
            return {ServerProblem::bad_request, "The method is malformed."};
        case Cause::target:
            return target_malformed;
        case Cause::version:
            if (names_other_version(head))
                return {ServerProblem::version_not_supported, "This server speaks HTTP/1.1."};
            break;
        case Cause::field:
            return {ServerProblem::bad_request, "A header field is malformed."};
        case Cause::content_length:
            return is_number_field(head.substr(fault.line_start)) ? body_too_large : length_malformed;
        case Cause::contradictory_framing:
            return {ServerProblem::bad_request, "The length of the request body is told twice."};
        case Cause::too_large:
            return header_too_large;
        case Cause::cut:
            break;
    }
    return {ServerProblem::bad_request, "The request line is malformed."};
}

/// Beast takes any method, targets of any length and form, and bytes beyond ASCII in them.
std::optional<Refusal> check_request_line(const ParsedHead& parsed, const HeadLimits& limits,
                                          RequestHead& head) {
    if (parsed.method.size() > method_bytes_max || parsed.method == "CONNECT") {
        return Refusal{ServerProblem::not_implemented, "The method is not known."};
    }
    if (parsed.target.size() > limits.target_bytes_max) return target_too_long;
    if (!is_target_text(parsed.target) || !split_target(parsed.target, head)) return target_malformed;
    return std::nullopt;
}

/// The fields that matter for framing, as they came. One pass over all of them.
struct FramingFields {
    std::size_t hosts = 0;
    std::size_t lengths = 0;
    std::size_t codings = 0;
    std::string_view host;
    std::string_view length;
    std::string_view coding;
    std::optional<std::string_view> expectation;
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
            found.expectation = value;
        }
    }
    return found;
}

/// Beast passes over codings that it does not know, and then sees no body, or that of a Content-Length; it
/// stops reading the list at junk; it takes several fields when only the last says "chunked", and codings
/// before that; and all of it in HTTP/1.0.
std::optional<Refusal> check_coding(const FramingFields& fields, const ParsedHead& parsed) {
    if (fields.lengths > 0) {
        return Refusal{ServerProblem::bad_request,
                       "Content-Length and Transfer-Encoding exclude each other."};
    }
    if (parsed.is_http_1_0 || fields.codings > 1) {
        return Refusal{ServerProblem::bad_request, "Transfer-Encoding is not understood."};
    }
    const std::string_view last = trim(fields.coding.substr(fields.coding.rfind(',') + 1));
    if (!parsed.chunked || !same_name(last, "chunked")) {
        return Refusal{ServerProblem::bad_request, "Transfer-Encoding does not end in one \"chunked\"."};
    }
    if (last.size() != fields.coding.size()) {
        return Refusal{ServerProblem::not_implemented, "The only known transfer coding is \"chunked\"."};
    }
    return std::nullopt;
}

/// Beast takes a length that is repeated, in several fields or as a list, if it is the same each time.
std::optional<Refusal> check_length(const FramingFields& fields, const ParsedHead& parsed) {
    if (fields.lengths > 1 || !is_decimal(fields.length)) return length_malformed;
    if (parsed.content_length.value_or(UINT64_MAX) > INT64_MAX) return body_too_large;
    return std::nullopt;
}

/// Beast knows nothing of Host, and leaves Expect to its user.
std::optional<Refusal> check_fields(const ParsedHead& parsed, RequestHead& head) {
    const FramingFields fields = gather(parsed.headers);
    if (fields.hosts > 1 || (fields.hosts == 0 && !parsed.is_http_1_0) || !is_host(fields.host)) {
        return Refusal{ServerProblem::bad_request, "The request needs exactly one valid Host field."};
    }
    if (fields.codings > 0) {
        if (auto refusal = check_coding(fields, parsed)) return refusal;
    } else if (fields.lengths > 0) {
        if (auto refusal = check_length(fields, parsed)) return refusal;
    }
    if (fields.expectation && !parsed.is_http_1_0) {
        if (!same_name(*fields.expectation, "100-continue")) {
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

bool has_folded_line(std::string_view text) {
    return text.find("\r\n ") != std::string_view::npos || text.find("\r\n\t") != std::string_view::npos;
}

std::expected<RequestHead, Refusal> parse_head(std::string_view head_text, const HeadLimits& limits) {
    if (has_folded_line(head_text)) return refuse("A header field is folded over several lines.");
    auto parsed = parse_with_beast(head_text, limits.header_bytes_max);
    if (!parsed) return std::unexpected(refusal_of(parsed.error(), head_text));
    RequestHead head;
    head.bytes = head_text.size();
    head.method = parsed->method;
    if (auto refusal = check_request_line(*parsed, limits, head)) return std::unexpected(*refusal);
    if (auto refusal = check_fields(*parsed, head)) return std::unexpected(*refusal);
    head.headers = std::move(parsed->headers);
    head.content_length = parsed->content_length;
    head.chunked = parsed->chunked;
    head.keep_alive = parsed->keep_alive;
    head.is_http_1_0 = parsed->is_http_1_0;
    return head;
}

}  // namespace safelight::http
