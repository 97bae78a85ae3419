#include "imaging/metadata/xmp.h"

#include <charconv>
#include <optional>
#include <vector>

#include "imaging/metadata/text.h"

namespace safelight {
namespace {

constexpr std::size_t items_max = 16;
constexpr auto npos = std::string_view::npos;

void append_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
        return;
    }
    const unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    out += static_cast<char>((0xff00U >> (more + 1) & 0xffU) | code >> 6 * more);
    for (unsigned i = more; i > 0; --i) out += static_cast<char>(0x80 | (code >> 6 * (i - 1) & 0x3f));
}

/// "amp", "#233", "#xe9"; nothing for entities that XML does not have.
std::optional<std::uint32_t> code_of(std::string_view entity) {
    if (entity == "amp") return '&';
    if (entity == "lt") return '<';
    if (entity == "gt") return '>';
    if (entity == "quot") return '"';
    if (entity == "apos") return '\'';
    if (!entity.starts_with('#')) return std::nullopt;
    const bool is_hex = entity.starts_with("#x");
    const std::string_view digits = entity.substr(is_hex ? 2 : 1);
    std::uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, is_hex ? 16 : 10);
    if (error != std::errc() || end != digits.data() + digits.size() || code == 0 || code > 0x10ffff)
        return std::nullopt;
    return code;
}

/// Character data as text: entities resolved.
std::string text_of_xml(std::string_view xml) {
    constexpr std::size_t entity_bytes_max = 12;
    if (xml.size() > 4 * metadata_text_bytes_max) return {};
    std::string text;
    for (std::size_t at = 0; at < xml.size();) {
        const std::size_t end = xml[at] == '&' ? xml.substr(at, entity_bytes_max).find(';') : npos;
        const auto code = end == npos ? std::nullopt : code_of(xml.substr(at + 1, end - 1));
        if (code) {
            append_utf8(text, *code);
            at += end + 1;
        } else {
            text += xml[at++];
        }
    }
    return text_of(ByteView(std::as_bytes(std::span(text))));
}

/// What lies between the tags of the first element of a name, from `at` on, which is moved behind it.
std::optional<std::string_view> next_element(std::string_view text, std::string_view name, std::size_t& at) {
    const std::string open = "<" + std::string(name);
    const std::string close = "</" + std::string(name) + ">";
    while ((at = text.find(open, at)) != npos) {
        at += open.size();
        if (at >= text.size() || !std::string_view("> \t\r\n/").contains(text[at]))
            continue;  // a longer name
        const std::size_t begin = text.find('>', at);
        if (begin == npos) return std::nullopt;
        at = begin;  // nothing is looked at twice
        if (text[begin - 1] == '/') continue;
        const std::size_t end = text.find(close, begin);
        if (end == npos) return std::nullopt;
        at = end + close.size();
        return text.substr(begin + 1, end - begin - 1);
    }
    return std::nullopt;
}

/// name="value" or name='value'.
std::optional<std::string_view> attribute(std::string_view text, std::string_view name) {
    const std::string start = std::string(name) + "=";
    const std::size_t at = text.find(start);
    if (at == npos || at + start.size() >= text.size()) return std::nullopt;
    const char quote = text[at + start.size()];
    if (quote != '"' && quote != '\'') return std::nullopt;
    const std::size_t begin = at + start.size() + 1;
    const std::size_t end = text.find(quote, begin);
    if (end == npos) return std::nullopt;
    return text.substr(begin, end - begin);
}

std::vector<std::string> values(ByteView packet, std::string_view property) {
    const std::string_view text = packet.text();
    std::size_t at = 0;
    const auto element = next_element(text, property, at);
    if (!element) {
        const auto value = attribute(text, property);
        return value ? std::vector{text_of_xml(*value)} : std::vector<std::string>{};
    }
    std::vector<std::string> found;
    at = 0;
    while (found.size() < items_max) {
        const auto item = next_element(*element, "rdf:li", at);
        if (!item) break;
        found.push_back(text_of_xml(*item));
    }
    if (found.empty() && !element->contains('<')) found.push_back(text_of_xml(*element));
    return found;
}

}  // namespace

std::string xmp_text(ByteView packet, std::string_view property) {
    std::string all;
    for (const std::string& value : values(packet, property)) {
        if (!value.empty()) all += (all.empty() ? "" : "; ") + value;
    }
    return all.size() > metadata_text_bytes_max ? std::string() : all;
}

std::string first_xmp_text(ByteView packet, std::string_view property) {
    for (std::string& value : values(packet, property)) {
        if (!value.empty()) return std::move(value);
    }
    return {};
}

}  // namespace safelight
