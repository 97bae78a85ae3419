// The picture that is uploaded: a file, or one that is made; made larger or unique by JPEG comment segments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace safelight::bench {

struct Picture {
    std::string name;
    std::string bytes;
};

/// Errors: invalid_argument (cannot be read, or is empty).
[[nodiscard]] Result<Picture> read_picture(const std::string& path);

/// A JPEG with smooth parts, edges and grain, as large in bytes as a photo of its size; the same at each
/// call.
[[nodiscard]] Picture make_picture(int width_px, int height_px, int quality);

[[nodiscard]] bool is_jpeg(std::string_view bytes);
/// By the first bytes; "application/octet-stream" for what is unknown.
[[nodiscard]] std::string_view media_type_of(std::string_view bytes);

/// The JPEG with comment segments in front of its pixel data so that it has exactly `bytes_wanted`, or four
/// bytes more. Errors: invalid_argument (no JPEG, or larger already).
[[nodiscard]] Result<std::string> pad_jpeg(const std::string& jpeg, std::uint64_t bytes_wanted);

/// A comment segment that no other call, in this process or another, returns. All have the same length.
class UniqueComments {
  public:
    UniqueComments();
    [[nodiscard]] std::string next();

  private:
    std::uint64_t run_;  // drawn at random
    std::uint64_t serial_ = 0;
};

}  // namespace safelight::bench
