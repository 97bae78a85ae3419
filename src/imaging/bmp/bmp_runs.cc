#include "imaging/bmp/bmp_runs.h"

#include "imaging/container/faults.h"

namespace safelight {
namespace {

class RunDecoder {
  public:
    explicit RunDecoder(const BmpHeader& header)
        : header_(header),
          in_(header.pixels),
          has_halves_(header.packing == BmpPacking::runs_of_4_bits),
          indices_(std::size_t{header.width_px} * header.height_px) {}

    Result<std::vector<std::uint8_t>> run() {
        while (!has_ended_) {
            if (!in_.holds(at_, 2)) {
                // Not every writer ends what is complete.
                if (y_ >= header_.height_px) break;
                if (y_ + 1 == header_.height_px && x_ == header_.width_px) break;
                return damaged("BMP", "the runs end too early");
            }
            const std::uint8_t count = in_.u8(at_);
            const std::uint8_t value = in_.u8(at_ + 1);
            at_ += 2;
            TRY(count > 0 ? repeat(count, value) : escape(value));
        }
        return std::move(indices_);
    }

  private:
    Status escape(std::uint8_t code) {
        switch (code) {
            case 0:
                x_ = 0;
                ++y_;
                return {};
            case 1:
                has_ended_ = true;
                return {};
            case 2:
                return move();
            default:
                return copy(code);
        }
    }

    Status move() {
        if (!in_.holds(at_, 2)) return damaged("BMP", "a short move");
        x_ += in_.u8(at_);
        y_ += in_.u8(at_ + 1);
        at_ += 2;
        if (x_ > header_.width_px || y_ > header_.height_px) return damaged("BMP", "a move past the end");
        return {};
    }

    Status repeat(std::uint8_t count, std::uint8_t value) {
        TRY(check_room(count));
        for (unsigned i = 0; i < count; ++i) put(has_halves_ ? half(value, i) : value);
        return {};
    }

    /// As many pixels as they are, padded to 16 bits.
    Status copy(std::uint8_t count) {
        const std::size_t bytes = has_halves_ ? (std::size_t{count} + 1) / 2 : count;
        TRY(check_room(count));
        if (!in_.holds(at_, bytes)) return damaged("BMP", "short pixels");
        for (unsigned i = 0; i < count; ++i)
            put(has_halves_ ? half(in_.u8(at_ + i / 2), i) : in_.u8(at_ + i));
        at_ += bytes + bytes % 2;
        return {};
    }

    [[nodiscard]] Status check_room(std::uint8_t count) const {
        if (y_ < header_.height_px && count <= header_.width_px - x_) return {};
        return damaged("BMP", "a run past the end");
    }

    static std::uint8_t half(std::uint8_t value, unsigned index) {
        return index % 2 == 0 ? static_cast<std::uint8_t>(value >> 4)
                              : static_cast<std::uint8_t>(value & 0x0f);
    }

    /// There is room.
    void put(std::uint8_t index) {
        const std::size_t row = header_.height_px - 1 - y_;  // stored from the bottom
        indices_[row * header_.width_px + x_++] = index;
    }

    const BmpHeader& header_;
    ByteView in_;
    bool has_halves_;
    std::vector<std::uint8_t> indices_;
    std::uint64_t at_ = 0;
    std::uint32_t x_ = 0;  // at most the width
    std::uint32_t y_ = 0;  // from the bottom
    bool has_ended_ = false;
};

}  // namespace

Result<std::vector<std::uint8_t>> unpack_bmp_runs(const BmpHeader& header) {
    return RunDecoder(header).run();
}

}  // namespace safelight
