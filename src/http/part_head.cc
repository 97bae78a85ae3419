#include "http/part_head.h"

#include <utility>

#include "base/text.h"
#include "http/framing.h"

namespace safelight::http {
namespace {

std::unexpected<Error> malformed(std::string text) {
    return failure(ErrorCode::invalid_argument, std::move(text));
}

/// The parameter's value at the front of `text`, which becomes the rest. Browsers write a quote as %22 and
/// leave a backslash as it is (a Windows path); older clients escape both with a backslash.
std::optional<std::string> take_value(std::string_view& text) {
    std::string value;
    if (!text.starts_with('"')) {
        const auto end = std::min(text.size(), text.find_first_of("; \t"));
        value = text.substr(0, end);
        text.remove_prefix(end);
        return is_token(value) ? std::optional(value) : std::nullopt;
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return value;
        }
        const bool is_escape =
            text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
        if (is_escape) {
            value.push_back(text[++i]);
        } else if (text.substr(i, 3) == "%22") {
            value.push_back('"');
            i += 2;
        } else {
            value.push_back(text[i]);
        }
    }
    return std::nullopt;
}

Status parse_disposition(std::string_view text, PartHead& head) {
    const auto type_end = std::min(text.size(), text.find(';'));
    if (!same_name(trim(text.substr(0, type_end)), "form-data")) {
        return malformed("A part's Content-Disposition is not \"form-data\".");
    }
    bool has_name = false;
    text.remove_prefix(type_end);
    while (!text.empty()) {
        text = trim(text.substr(1));
        if (text.empty()) break;
        const auto equals = text.find('=');
        const std::string_view parameter = text.substr(0, equals);
        if (equals == std::string_view::npos || !is_token(parameter)) {
            return malformed("A part's Content-Disposition is malformed.");
        }
        text.remove_prefix(equals + 1);
        auto value = take_value(text);
        text = trim(text);
        if (!value || (!text.empty() && text.front() != ';')) {
            return malformed("A part's Content-Disposition is malformed.");
        }
        // RFC 7578 section 4.2 forbids "filename*": it is passed over, like every parameter that is not
        // known.
        if (same_name(parameter, "name")) {
            if (std::exchange(has_name, true)) return malformed("A part has two names.");
            head.name = std::move(*value);
        } else if (same_name(parameter, "filename")) {
            if (head.filename) return malformed("A part has two file names.");
            head.filename = std::move(*value);
        }
    }
    if (!has_name) return malformed("A part has no name.");
    return {};
}

bool is_plain_encoding(std::string_view encoding) {
    return same_name(encoding, "binary") || same_name(encoding, "8bit") || same_name(encoding, "7bit");
}

}  // namespace

Result<PartHead> parse_part_head(std::string_view text) {
    PartHead head;
    bool has_disposition = false;
    while (!text.empty()) {
        const auto end = text.find("\r\n");
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 2);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
            return malformed("A part's header field has a malformed name.");
        }
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = trim(line.substr(colon + 1));
        if (!is_field_value(value)) return malformed("A part's header field has a control character.");
        if (same_name(name, "Content-Disposition")) {
            if (std::exchange(has_disposition, true))
                return malformed("A part has two Content-Dispositions.");
            TRY(parse_disposition(value, head));
        } else if (same_name(name, "Content-Type")) {
            if (same_name(value.substr(0, 10), "multipart/"))
                return malformed("A part must not be multipart itself.");
            head.content_type = value;
        } else if (same_name(name, "Content-Transfer-Encoding") && !is_plain_encoding(value)) {
            return malformed("A part must not have a transfer encoding.");
        }
    }
    if (!has_disposition) return malformed("A part has no Content-Disposition.");
    return head;
}

}  // namespace safelight::http
