#include "telemetry/log_line.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "base/text.h"

namespace safelight::telemetry {
namespace {

constexpr std::string_view cut_mark = "…";

struct LevelStyle {
    std::string_view name;
    std::string_view padding;  // so that events stand in one column
    std::string_view colour;
};

constexpr std::array<LevelStyle, 4> level_styles{{{"debug", "", "\x1b[2m"},
                                                  {"info", " ", "\x1b[32m"},
                                                  {"warn", " ", "\x1b[33m"},
                                                  {"error", "", "\x1b[31m"}}};
constexpr std::string_view colour_off = "\x1b[0m";

const LevelStyle& style_of(Level level) {
    return level_styles.at(static_cast<std::size_t>(level));
}

/// Well-formed UTF-8 of a bounded length.
std::string clean(std::string_view text) {
    if (text.size() <= value_bytes_max) return to_valid_utf8(text);
    std::size_t end = value_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return to_valid_utf8(text.substr(0, end)) + std::string(cut_mark);
}

struct Character {
    std::uint32_t code_point;
    std::size_t length;
};

/// `text` is well-formed and not empty.
Character first_character(std::string_view text) {
    const auto byte = [&](std::size_t i) -> std::uint32_t { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x80) return {byte(0), 1};
    if (byte(0) < 0xe0) return {((byte(0) & 0x1f) << 6) | (byte(1) & 0x3f), 2};
    if (byte(0) < 0xf0) return {((byte(0) & 0x0f) << 12) | ((byte(1) & 0x3f) << 6) | (byte(2) & 0x3f), 3};
    return {((byte(0) & 0x07) << 18) | ((byte(1) & 0x3f) << 12) | ((byte(2) & 0x3f) << 6) | (byte(3) & 0x3f),
            4};
}

/// What could steer a terminal, end a line, or make a reader see another text than the one that is there.
bool is_dangerous(std::uint32_t c) {
    const bool control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
    const bool line_end = c == 0x2028 || c == 0x2029;
    const bool direction = c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
                           (c >= 0x2066 && c <= 0x2069);
    return control || line_end || direction || c == 0xfeff;
}

void append_quoted(std::string& out, std::string_view text) {
    const std::string valid = clean(text);
    out.push_back('"');
    for (std::string_view rest = valid; !rest.empty();) {
        const auto [c, length] = first_character(rest);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(static_cast<char>(c));
        } else if (c == '\n') {
            out += "\\n";
        } else if (is_dangerous(c)) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
        } else {
            out += rest.substr(0, length);
        }
        rest.remove_prefix(length);
    }
    out.push_back('"');
}

bool needs_quotes(std::string_view text) {
    if (text.empty() || text.size() > value_bytes_max) return true;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte >= 0x7f || c == '"' || c == '=' || c == '\\') return true;
    }
    return false;
}

void append_word(std::string& out, std::string_view text) {
    if (needs_quotes(text)) {
        append_quoted(out, text);
    } else {
        out += text;
    }
}

struct NumberWriter {
    std::string& out;

    void operator()(bool value) const { out += value ? "true" : "false"; }
    void operator()(std::int64_t value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
    void operator()(std::uint64_t value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
    void operator()(double value) const {
        const char* const form = std::isfinite(value) ? "{}" : "\"{}\"";
        fmt::format_to(std::back_inserter(out), fmt::runtime(form), value);
    }
};

struct TextValueWriter : NumberWriter {
    using NumberWriter::operator();
    void operator()(std::string_view value) const { append_word(out, value); }
};

struct JsonValueWriter : NumberWriter {
    using NumberWriter::operator();
    void operator()(std::string_view value) const { append_quoted(out, value); }
};

}  // namespace

std::string to_text_line(const Event& event, bool colour) {
    const LevelStyle& style = style_of(event.level);
    std::string line = to_rfc3339(event.time);
    line.push_back(' ');
    if (colour) line += style.colour;
    line += style.name;
    if (colour) line += colour_off;
    line += style.padding;
    line.push_back(' ');
    append_word(line, event.name);
    for (const Field& field : event.fields) {
        line.push_back(' ');
        append_word(line, field.name);
        line.push_back('=');
        std::visit(TextValueWriter{{line}}, field.value);
    }
    return line;
}

std::string to_json_line(const Event& event) {
    std::string line = "{\"time\":\"";
    line += to_rfc3339(event.time);
    line += "\",\"level\":\"";
    line += style_of(event.level).name;
    line += "\",\"event\":";
    append_quoted(line, event.name);
    for (const Field& field : event.fields) {
        line.push_back(',');
        append_quoted(line, field.name);
        line.push_back(':');
        std::visit(JsonValueWriter{{line}}, field.value);
    }
    line.push_back('}');
    return line;
}

}  // namespace safelight::telemetry
