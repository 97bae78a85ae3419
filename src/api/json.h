// The JSON of jobs, images and variants. Written straight into one string: what the catalog holds as JSON
// already (metadata, transforms) is taken over as it is.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/catalog.h"

namespace safelight {

/// Appends `text` as a JSON string; malformed UTF-8 becomes U+FFFD.
void append_quoted(std::string& json, std::string_view text);

[[nodiscard]] std::string to_json(const Job& job);
[[nodiscard]] std::string to_json(const Image& image);
[[nodiscard]] std::string to_json(const Variant& variant, ImageId image_id);
/// {"items": […], "next_cursor": …}
[[nodiscard]] std::string to_json(std::span<const Job> jobs, const std::optional<std::string>& next_cursor);
[[nodiscard]] std::string to_json(std::span<const Image> images,
                                  const std::optional<std::string>& next_cursor);

/// As a page of images that ends with it, each with its "distance".
[[nodiscard]] std::string to_json(std::span<const SimilarImage> images);

/// Of bytes in a format that only a newer version knows nothing is said: "application/octet-stream".
[[nodiscard]] std::string_view media_type_of_stored(std::optional<Format> format);

[[nodiscard]] std::string url_of(const Job& job);
[[nodiscard]] std::string url_of_original(ImageId id);
[[nodiscard]] std::string url_of_variant(ImageId id, std::string_view name);

/// The strong entity tag of stored bytes: their hash in quotes.
[[nodiscard]] std::string etag_of(const Sha256& sha256);

/// Reads a client's JSON object and writes it again without spaces; at most `metadata_depth_max` levels.
/// Errors: invalid_argument with one fault at `pointer`.
[[nodiscard]] Result<std::string> normalised_metadata(std::string_view text, std::string_view pointer);

inline constexpr std::size_t metadata_depth_max = 16;

}  // namespace safelight
