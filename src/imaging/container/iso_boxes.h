// Walks the boxes of an ISO base media file, or of one box of it: AVIF, HEIC and JPEG XL.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "imaging/container/byte_view.h"

namespace safelight {

struct IsoBox {
    ByteView header;  // from the size on
    ByteView payload;
    [[nodiscard]] bool is(std::string_view type) const { return header.has_text(4, type); }
};

class IsoBoxes {
  public:
    explicit IsoBoxes(ByteView part) : part_(part) {}

    /// Nothing at the end, or when a box goes past it (then is_broken()).
    [[nodiscard]] std::optional<IsoBox> next();
    [[nodiscard]] bool is_broken() const { return broken_; }

  private:
    ByteView part_;
    std::uint64_t at_ = 0;
    bool broken_ = false;
};

}  // namespace safelight
