#include "http/message.h"

#include <algorithm>

#include "http/framing.h"

namespace safelight::http {
namespace {

struct LengthOf {
    using Length = std::optional<std::uint64_t>;

    Length operator()(const std::string& text) const { return text.size(); }
    Length operator()(const StaticBody& body) const { return body.bytes.size(); }
    Length operator()(const StreamedBody& body) const { return body.length_bytes; }
    Length operator()(const LiveBody&) const { return std::nullopt; }
};

}  // namespace

void Headers::add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string name, std::string value) {
    std::erase_if(fields_, [&](const auto& field) { return same_name(field.first, name); });
    add(std::move(name), std::move(value));
}

std::optional<std::string> Headers::get(std::string_view name) const {
    std::optional<std::string> joined;
    for (const auto& [field_name, value] : fields_) {
        if (!same_name(field_name, name)) continue;
        if (joined) {
            *joined += ", ";
            *joined += value;
        } else {
            joined = value;
        }
    }
    return joined;
}

bool Headers::has(std::string_view name) const {
    return std::ranges::any_of(fields_, [&](const auto& field) { return same_name(field.first, name); });
}

std::optional<std::uint64_t> Response::length_bytes() const {
    return std::visit(LengthOf{}, body);
}

Task<Result<std::string>> read_text(RequestBody& body, std::uint64_t bytes_max) {
    constexpr std::size_t piece_bytes = 16'384;
    body.limit(bytes_max);
    std::string text;
    for (;;) {
        const std::size_t before = text.size();
        text.resize(before + piece_bytes);
        const auto read = co_await body.read(std::as_writable_bytes(std::span(text).subspan(before)));
        if (!read) co_return std::unexpected(read.error());
        text.resize(before + *read);
        if (*read == 0) co_return text;
    }
}

}  // namespace safelight::http
