// Walks the boxes of an ISO base media file, or of one box of it: AVIF, HEIC and JPEG XL.
#pragma once

#include <optional>
#include <string_view>

#include "imaging/container/byte_view.h"

namespace safelight {

struct Box {
    ByteView whole;  // from the size on
    ByteView payload;
    [[nodiscard]] bool is(std::string_view type) const { return whole.has_text(4, type); }
};

class Boxes {
  public:
    explicit Boxes(ByteView part) : part_(part) {}

    /// Nothing at the end of the bytes, or when a box goes past it (then is_broken()).
    [[nodiscard]] std::optional<Box> next();
    [[nodiscard]] bool is_broken() const { return broken_; }

  private:
    ByteView part_;
    std::uint64_t at_ = 0;
    bool broken_ = false;
};

/// The first box of a type in `part`.
[[nodiscard]] std::optional<Box> find_box(ByteView part, std::string_view type);

}  // namespace safelight
