// Changes the size of a picture while its rows come in: in linear light, with alpha premultiplied, by a
// windowed kernel. Memory is a few dozen rows of the source and the result, whatever the ratio.
//
// A shrink by 4 or more is begun with a box of whole pixels, which leaves a factor of 2 to 3 to the kernel.
#pragma once

#include <boost/align/aligned_allocator.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "imaging/geometry.h"
#include "imaging/pixels.h"
#include "imaging/resample/kernels.h"
#include "imaging/resample/taps.h"

namespace safelight {

/// Lanes that no register is loaded from two cache lines of.
using Lanes = std::vector<std::int16_t, boost::alignment::aligned_allocator<std::int16_t, 64>>;

/// One picture, one thread.
class Resampler {
  public:
    /// Rows of `width_px` × `channels` samples will come, `height_px` of them; `plan` is in their pixels.
    Resampler(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t channels, const Plan& plan,
              const Kernels& kernels = fastest_kernels());

    /// The next rows from the top, in the encoding of Pixels, one behind the other.
    void push_rows(const std::uint8_t* rows, std::size_t row_bytes, std::uint32_t count);

    /// The result; all rows must have come.
    [[nodiscard]] Pixels take();

  private:
    void push_row(const std::uint8_t* row);
    void plan_boxes(std::uint32_t height_px, const Plan& plan);
    void allocate();
    void copy_row(const std::uint8_t* row, std::uint32_t y);
    void store_row(const std::uint8_t* row);
    /// True when the last row has to be stored together with the next one.
    [[nodiscard]] bool waits_for_pair() const;
    void add_to_box(const std::uint8_t* row);
    void finish_box();
    void emit_ready_rows();
    void emit_row(std::uint32_t y);
    void encode_row(std::uint8_t* out);
    /// Where the samples of a reduced row go: its lane i at [2 * i].
    [[nodiscard]] std::int16_t* slot_of(std::uint32_t reduced_row);
    [[nodiscard]] std::size_t lanes() const { return plane_ * channels_; }

    // Constant after construction.
    std::uint32_t width_px_;
    std::uint32_t height_px_;
    std::uint32_t channels_;
    bool copies_;  // nothing to resample
    const Kernels& kernels_;
    std::uint32_t box_x_ = 1;
    std::uint32_t box_y_ = 1;
    std::uint32_t first_column_ = 0;  // of the reduced columns, those that the result needs
    std::uint32_t columns_ = 0;
    std::uint32_t first_row_ = 0;  // of the reduced rows, the first that the result needs
    std::size_t plane_ = 0;        // lanes from one channel of a row to the next
    Taps across_;
    Taps down_;

    std::uint32_t rows_seen_ = 0;     // of the source
    std::uint32_t reduced_seen_ = 0;  // whole ones after the box
    std::uint32_t boxed_rows_ = 0;    // in box_sums_
    std::uint32_t emitted_ = 0;
    const std::uint8_t* upper_ = nullptr;   // of a pair, until the lower one has come; what is needed of it
    std::vector<std::uint8_t> kept_upper_;  // its samples, when the lower one comes with another call
    std::vector<std::uint64_t> box_sums_;
    Lanes ring_;                              // pairs of reduced rows, planar, the two interleaved
    std::vector<const std::int16_t*> pairs_;  // those of the row that is being emitted
    Lanes combined_;                          // one row after the vertical pass, planar
    std::vector<std::int16_t> resampled_;     // one row after both passes, planar
    Pixels result_;
};

/// The same for a picture whose pixels are all there.
[[nodiscard]] Pixels resample(const Pixels& source, const Plan& plan);

}  // namespace safelight
