#include "image/svg_sniff.h"

#include <algorithm>
#include <cstddef>

namespace safelight {
namespace {

constexpr std::string_view white_space = " \t\r\n";

/// Takes `prefix` off the front of `text`.
bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// Passes over everything up to and with `end`; false when it is not there.
bool pass(std::string_view& text, std::string_view end) {
    const std::size_t at = text.find(end);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + end.size());
    return true;
}

/// A document type with what it declares in brackets; its texts in quotes may hold anything.
bool pass_document_type(std::string_view& text) {
    bool is_inside = false;
    while (!text.empty()) {
        if (take(text, "<!--")) {
            if (!pass(text, "-->")) return false;
            continue;
        }
        const char c = text.front();
        text.remove_prefix(1);
        if (c == '"' || c == '\'') {
            if (!pass(text, std::string_view(&c, 1))) return false;
        }
        if (c == '[') is_inside = true;
        if (c == ']') is_inside = false;
        if (c == '>' && !is_inside) return true;
    }
    return false;
}

/// What may stand before the root element, once.
bool pass_prolog(std::string_view& text, bool& is_over) {
    text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
    if (take(text, "<?")) return pass(text, "?>");
    if (take(text, "<!--")) return pass(text, "-->");
    if (take(text, "<!DOCTYPE")) return pass_document_type(text);
    is_over = true;
    return true;
}

}  // namespace

bool begins_svg(std::string_view text) {
    take(text, "\xef\xbb\xbf");
    for (bool is_over = false; !is_over;) {
        if (!pass_prolog(text, is_over)) return false;
    }
    if (!take(text, "<")) return false;
    const std::size_t end = text.find_first_of(" \t\r\n/>");
    if (end == std::string_view::npos) return false;
    std::string_view name = text.substr(0, end);
    if (const auto colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
    return name == "svg";
}

}  // namespace safelight
