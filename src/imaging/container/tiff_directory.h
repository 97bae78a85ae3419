// Reads the directories of a TIFF structure, which is also what EXIF is. Nothing is followed by itself: who
// asks for a further directory names its offset, so no chain and no loop can keep the reader busy.
#pragma once

#include <cstdint>
#include <optional>

#include "imaging/container/byte_view.h"

namespace safelight {

enum class TiffType : std::uint16_t {
    byte = 1,
    ascii = 2,
    u16 = 3,
    u32 = 4,
    rational = 5,
    undefined = 7,
    srational = 10,
    utf8 = 129,  // EXIF 3.0
};

/// Bytes of one value; 0 for types that do not exist.
[[nodiscard]] std::uint32_t bytes_of_type(std::uint16_t type);

struct TiffRational {
    std::uint32_t numerator = 0;
    std::uint32_t denominator = 0;
};

/// The values of one tag. Absent when count is 0.
struct TiffField {
    std::uint16_t tag = 0;
    std::uint16_t type = 0;
    std::uint32_t count = 0;
    ByteView values;
    bool little = true;

    [[nodiscard]] bool is_present() const { return count > 0; }
    [[nodiscard]] bool is(TiffType wanted) const { return type == static_cast<std::uint16_t>(wanted); }
    /// A value of type byte, u16 or u32; 0 for others and past the end.
    [[nodiscard]] std::uint32_t number(std::uint32_t index = 0) const;
    /// Of type rational or srational (as its bits); 0/0 for others and past the end.
    [[nodiscard]] TiffRational rational(std::uint32_t index = 0) const;
};

class TiffDirectory {
  public:
    /// The directory at `offset` of `structure`, which begins with "II" or "MM". Of one that is cut off, the
    /// entries that are there; of one that is longer than any real one, the first thousand.
    TiffDirectory(ByteView structure, std::uint64_t offset);

    /// The first one; nothing when this is no TIFF structure.
    [[nodiscard]] static std::optional<TiffDirectory> first_of(ByteView structure);

    /// False when it is empty, cut off, or absurdly long.
    [[nodiscard]] bool is_whole() const { return is_whole_; }

    /// Absent when there is no such tag, or when its values do not lie in the structure.
    [[nodiscard]] TiffField field(std::uint16_t tag) const;

    [[nodiscard]] std::uint16_t size() const { return entries_; }
    /// Of entry `index`, counted from 0. Absent (but with its tag) when its values do not lie in the
    /// structure.
    [[nodiscard]] TiffField entry(std::uint16_t index) const;

    /// The directory that a field of this one points to.
    [[nodiscard]] std::optional<TiffDirectory> directory(std::uint16_t tag) const;

  private:
    [[nodiscard]] std::uint16_t u16(std::uint64_t at) const {
        return little_ ? structure_.u16le(at) : structure_.u16be(at);
    }
    [[nodiscard]] std::uint32_t u32(std::uint64_t at) const {
        return little_ ? structure_.u32le(at) : structure_.u32be(at);
    }

    ByteView structure_;
    std::uint64_t offset_;
    bool little_;
    std::uint16_t entries_ = 0;
    bool is_whole_ = false;
};

}  // namespace safelight
