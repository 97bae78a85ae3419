// Untrusted bytes as bits, the lowest of each byte first; past the end all of them are 0.
#pragma once

#include <cstdint>

#include "imaging/container/byte_view.h"

namespace safelight {

class BitView {
  public:
    explicit BitView(ByteView bytes) : bytes_(bytes) {}

    /// The next `count` bits, 32 at most; the first one read is the lowest.
    [[nodiscard]] std::uint32_t bits(unsigned count) {
        std::uint32_t value = 0;
        for (unsigned i = 0; i < count; ++i, ++at_)
            value |= static_cast<std::uint32_t>(bytes_.u8(at_ / 8) >> (at_ % 8) & 1U) << i;
        return value;
    }
    [[nodiscard]] bool flag() { return bits(1) == 1; }
    void skip(std::uint64_t count) { at_ += count; }

    /// True when more was read than there is.
    [[nodiscard]] bool is_past_end() const { return at_ > std::uint64_t{bytes_.size()} * 8; }

  private:
    ByteView bytes_;
    std::uint64_t at_ = 0;
};

}  // namespace safelight
