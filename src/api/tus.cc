#include "api/tus.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace safelight::tus {
namespace {

std::unexpected<Error> malformed(std::string detail) {
    return failure(ErrorCode::invalid_argument, std::move(detail));
}

/// "name value" at the first space.
std::pair<std::string_view, std::string_view> split(std::string_view text) {
    const auto space = text.find(' ');
    if (space == std::string_view::npos) return {text, {}};
    return {text.substr(0, space), text.substr(space + 1)};
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

}  // namespace

Result<Metadata> parse_metadata(std::string_view field) {
    Metadata metadata;
    if (trimmed(field).empty()) return metadata;
    for (;;) {
        const auto comma = field.find(',');
        const auto [name, encoded] = split(trimmed(field.substr(0, comma)));
        const bool is_known =
            std::ranges::find(metadata, name, &Metadata::value_type::first) != metadata.end();
        const bool is_visible = std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
        if (name.empty() || is_known || !is_visible)
            return malformed(
                "Upload-Metadata is a list of distinct names, each followed by a space and base64.");
        const auto value = base64_decode(encoded);
        if (!value) return malformed("A value of Upload-Metadata is not base64.");
        metadata.emplace_back(name, std::string(reinterpret_cast<const char*>(value->data()), value->size()));
        if (comma == std::string_view::npos) return metadata;
        field.remove_prefix(comma + 1);
    }
}

Result<Checksum> parse_checksum(std::string_view field) {
    const auto [name, encoded] = split(field);
    const auto algorithm = checksum_algorithm_from_name(name);
    if (!algorithm) return malformed("The algorithm of Upload-Checksum is one of: sha1, md5, sha256.");
    const auto value = base64_decode(encoded);
    if (!value || value->size() != size_of(*algorithm))
        return malformed("Upload-Checksum is an algorithm, a space, and the checksum's bytes in base64.");
    return Checksum{*algorithm, *value};
}

std::optional<std::uint64_t> parse_bytes(std::string_view field) {
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), bytes);
    if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
    return bytes;
}

bool is_spoken(const http::Request& request, bool may_be_silent) {
    const auto said = request.headers.get("Tus-Resumable");
    return said ? *said == version : may_be_silent;
}

}  // namespace safelight::tus
