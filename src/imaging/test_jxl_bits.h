// The first bits of a JPEG XL codestream, as tests spell them.
#pragma once

#include <cstdint>

#include "imaging/test_pictures.h"

namespace safelight::test {

/// Behind the signature; the lowest bit of a byte comes first.
class JxlBits {
  public:
    JxlBits& put(std::uint64_t value, unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            if (used_++ % 8 == 0) bytes_.push_back(std::byte{0});
            if ((value >> i & 1) != 0) bytes_.back() |= static_cast<std::byte>(1 << ((used_ - 1) % 8));
        }
        return *this;
    }
    [[nodiscard]] Bytes bytes() const { return bytes_; }

  private:
    Bytes bytes_ = bytes_of("\xff\x0a");
    unsigned used_ = 0;
};

}  // namespace safelight::test
