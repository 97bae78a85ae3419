#include "imaging/resample/resampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "imaging/resample/light.h"

namespace safelight {
namespace {

constexpr double box_from_ratio = 4;  // below it, the kernel alone

std::uint32_t box_of(double ratio) {
    return ratio < box_from_ratio ? 1 : static_cast<std::uint32_t>(std::floor(ratio / 2));
}

constexpr std::uint32_t parts(std::uint32_t whole, std::uint32_t part) {
    return (whole + part - 1) / part;
}

constexpr std::size_t rounded_up(std::size_t value, std::size_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

const std::array<std::int16_t, 256>& light_of_alpha() {
    static const auto table = [] {
        std::array<std::int16_t, 256> values{};
        for (int i = 0; i < 256; ++i) {
            values[static_cast<std::size_t>(i)] = static_cast<std::int16_t>((i * light_one + 127) / 255);
        }
        return values;
    }();
    return table;
}

/// Calls store(channel, x, light) for each sample, colours multiplied by alpha.
template <std::uint32_t Channels, class Store>
void each_light(const std::uint8_t* row, std::uint32_t count, Store store) {
    const std::int16_t* light = light_of_srgb().data();
    const std::int16_t* alpha = light_of_alpha().data();
    for (std::uint32_t x = 0; x < count; ++x, row += Channels) {
        if constexpr (has_alpha(Channels)) {
            const int opacity = alpha[row[Channels - 1]];
            for (std::uint32_t c = 0; c + 1 < Channels; ++c) {
                store(c, x, static_cast<std::int16_t>((light[row[c]] * opacity + light_one / 2) / light_one));
            }
            store(Channels - 1, x, static_cast<std::int16_t>(opacity));
        } else {
            for (std::uint32_t c = 0; c < Channels; ++c) store(c, x, light[row[c]]);
        }
    }
}

template <class Store>
void each_light(std::uint32_t channels, const std::uint8_t* row, std::uint32_t count, Store store) {
    switch (channels) {
        case 1:
            return each_light<1>(row, count, store);
        case 2:
            return each_light<2>(row, count, store);
        case 3:
            return each_light<3>(row, count, store);
        default:
            return each_light<4>(row, count, store);
    }
}

/// Adds the light of a row of `count` pixels, box by box, to planar sums.
template <std::uint32_t Channels>
void add_boxes(const std::uint8_t* row, std::uint32_t count, std::uint32_t box, std::size_t plane,
               std::uint64_t* sums) {
    const auto add = [&](std::uint32_t wide) {
        std::array<std::uint64_t, Channels> sum{};  // kept out of memory, which may be that of the row
        each_light<Channels>(row, wide, [&sum](std::uint32_t channel, std::uint32_t, std::int16_t light) {
            sum[channel] += static_cast<std::uint64_t>(light);
        });
        for (std::uint32_t channel = 0; channel < Channels; ++channel) sums[channel * plane] += sum[channel];
        row += std::size_t{wide} * Channels;
        ++sums;
    };
    for (; count >= box; count -= box) add(box);
    if (count > 0) add(count);
}

/// Divides sums of light by how many there are, to the nearest, without a division: those would take as long
/// as all else of a box. What is rounded down lies half a step above a multiple of the step, or more, so that
/// the error of the reciprocal does not show.
class Mean {
  public:
    explicit Mean(std::uint64_t count) : half_(count / 2), reciprocal_(1 / static_cast<double>(count)) {}

    [[nodiscard]] std::int16_t of(std::uint64_t sum) const {
        const auto above = static_cast<double>(static_cast<std::int64_t>(sum + half_)) + 0.5;
        return static_cast<std::int16_t>(above * reciprocal_);
    }

  private:
    std::uint64_t half_;
    double reciprocal_;
};

/// From a planar row in linear light, alpha premultiplied, to the encoding of Pixels.
template <std::uint32_t Channels>
void encode_with_alpha(const std::int16_t* row, std::size_t width, std::uint8_t* out) {
    constexpr std::uint32_t colours = Channels - 1;
    const std::uint8_t* srgb = srgb_of_light().data();
    for (std::size_t x = 0; x < width; ++x, out += Channels) {
        const int opacity = std::clamp<int>(row[colours * width + x], 0, light_one);
        for (std::uint32_t channel = 0; channel < colours; ++channel) {
            const int premultiplied = row[channel * width + x];
            const int light = opacity == 0 ? 0 : (premultiplied * light_one + opacity / 2) / opacity;
            out[channel] = srgb[std::clamp(light, 0, light_one)];
        }
        out[colours] = static_cast<std::uint8_t>((opacity * 255 + light_one / 2) / light_one);
    }
}

/// The same without alpha. `row` is cut to the range on the way: a pass of its own, which needs no branches.
template <std::uint32_t Channels>
void encode_opaque(std::int16_t* row, std::size_t width, std::uint8_t* out) {
    constexpr std::int16_t darkest = 0;
    constexpr std::int16_t brightest = light_one;
    for (std::size_t i = 0; i < Channels * width; ++i) row[i] = std::clamp(row[i], darkest, brightest);
    const std::uint8_t* srgb = srgb_of_light().data();
    for (std::size_t x = 0; x < width; ++x, out += Channels) {
        for (std::uint32_t channel = 0; channel < Channels; ++channel)
            out[channel] = srgb[row[channel * width + x]];
    }
}

/// The boxes of a side of `side_px` pixels that lie wholly in the bounds; where there is none, those that
/// they touch.
Window visible_of(double begin_px, double extent_px, std::uint32_t side_px, std::uint32_t box) {
    const double begin = begin_px / box;
    const double end = (begin_px + extent_px) / box;
    const double highest = parts(side_px, box) - 1.0;
    double first = std::ceil(begin);
    // The last box of a side may be narrower than the others and lie wholly in the bounds all the same.
    double last = begin_px + extent_px > side_px - 1.0 ? highest : std::floor(end) - 1;
    if (last < first) {
        first = std::floor(begin);
        last = std::ceil(end) - 1;
    }
    last = std::clamp(last, 0.0, highest);
    return {static_cast<std::uint32_t>(std::clamp(first, 0.0, last)), static_cast<std::uint32_t>(last)};
}

/// True for whole pixels that keep their size: they are copied, and so stay exactly what they are.
bool takes_pixels_as_they_are(const Plan& plan) {
    const Region& region = plan.region;
    return region.width == plan.width_px && region.height == plan.height_px &&
           region.left == std::floor(region.left) && region.top == std::floor(region.top);
}

}  // namespace

Resampler::Resampler(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t channels,
                     const Plan& plan, const Kernels& kernels)
    : width_px_(width_px),
      height_px_(height_px),
      channels_(channels),
      copies_(takes_pixels_as_they_are(plan)),
      kernels_(kernels),
      result_(plan.width_px, plan.height_px, channels) {
    if (copies_) {
        first_column_ = static_cast<std::uint32_t>(plan.region.left);
        first_row_ = static_cast<std::uint32_t>(plan.region.top);
        return;
    }
    plan_boxes(height_px, plan);
    allocate();
}

void Resampler::plan_boxes(std::uint32_t height_px, const Plan& plan) {
    const Region& region = plan.region;
    const Region bounds =
        plan.bounds.value_or(Region{0, 0, static_cast<double>(width_px_), static_cast<double>(height_px)});
    box_x_ = box_of(region.width / plan.width_px);
    box_y_ = box_of(region.height / plan.height_px);
    // Rows are combined in pairs, hence the alignment and the grain of 2.
    down_ = make_taps(visible_of(bounds.top, bounds.height, height_px, box_y_), region.top / box_y_,
                      region.height / box_y_, plan.height_px, 2, 2);
    across_ = make_taps(visible_of(bounds.left, bounds.width, width_px_, box_x_), region.left / box_x_,
                        region.width / box_x_, plan.width_px, 1, static_cast<std::uint32_t>(tap_block));
    first_row_ = down_.first.front();
    first_column_ = across_.first.front();
    columns_ = across_.last.back() - first_column_ + 1;
    for (std::uint32_t& first : across_.first) first -= first_column_;
}

void Resampler::allocate() {
    // The last outputs read a whole block of taps, weight 0 where the row has ended.
    plane_ = rounded_up(std::max<std::size_t>(columns_, across_.first.back() + across_.count), lane_block);
    pairs_.resize(down_.count / 2);
    ring_.assign(pairs_.size() * 2 * lanes(), 0);
    combined_.resize(lanes());
    resampled_.resize(std::size_t{result_.width_px} * channels_);
    if (box_x_ > 1 || box_y_ > 1) box_sums_.assign(lanes(), 0);
}

void Resampler::push_rows(const std::uint8_t* rows, std::size_t row_bytes, std::uint32_t count) {
    for (std::uint32_t y = 0; y < count; ++y) push_row(rows + y * row_bytes);
    if (upper_ == nullptr || upper_ == kept_upper_.data()) return;
    kept_upper_.assign(upper_, upper_ + std::size_t{columns_} * channels_);
    upper_ = kept_upper_.data();
}

void Resampler::push_row(const std::uint8_t* row) {
    const std::uint32_t y = rows_seen_++;
    if (copies_) return copy_row(row, y);
    const bool needed = emitted_ < result_.height_px && y / box_y_ >= first_row_;
    if (box_sums_.empty()) {
        if (needed) store_row(row);
    } else {
        if (needed) add_to_box(row);
        if (rows_seen_ % box_y_ != 0 && rows_seen_ != height_px_) return;
        if (needed) finish_box();
    }
    ++reduced_seen_;
    // A row that waits for its lower neighbour is not in the ring yet.
    if (!waits_for_pair()) emit_ready_rows();
}

void Resampler::copy_row(const std::uint8_t* row, std::uint32_t y) {
    if (y < first_row_ || y - first_row_ >= result_.height_px) return;
    std::memcpy(result_.row(y - first_row_), row + std::size_t{first_column_} * channels_,
                result_.row_bytes());
}

std::int16_t* Resampler::slot_of(std::uint32_t reduced_row) {
    const std::size_t pair = (reduced_row / 2) % pairs_.size();
    return ring_.data() + pair * 2 * lanes() + reduced_row % 2;
}

bool Resampler::waits_for_pair() const {
    const bool comes_in_pairs = box_sums_.empty() && !has_alpha(channels_);
    return comes_in_pairs && reduced_seen_ % 2 == 1 && rows_seen_ != height_px_;
}

void Resampler::store_row(const std::uint8_t* row) {
    const std::uint8_t* samples = row + std::size_t{first_column_} * channels_;
    if (has_alpha(channels_)) {
        std::int16_t* slot = slot_of(reduced_seen_);
        return each_light(channels_, samples, columns_,
                          [slot, plane = plane_](std::uint32_t channel, std::uint32_t x, std::int16_t light) {
                              slot[2 * (channel * plane + x)] = light;
                          });
    }
    // The first row that is needed is an upper one: its number is even.
    if (reduced_seen_ % 2 == 0) upper_ = samples;
    if (reduced_seen_ % 2 == 0 && rows_seen_ != height_px_) return;
    kernels_.spread_light(std::exchange(upper_, nullptr), samples, channels_, columns_, plane_,
                          slot_of(reduced_seen_ / 2 * 2));
}

void Resampler::add_to_box(const std::uint8_t* row) {
    ++boxed_rows_;
    const std::uint32_t begin = first_column_ * box_x_;
    const std::uint32_t end = std::min(width_px_, (first_column_ + columns_) * box_x_);
    const std::uint8_t* samples = row + std::size_t{begin} * channels_;
    switch (channels_) {
        case 1:
            return add_boxes<1>(samples, end - begin, box_x_, plane_, box_sums_.data());
        case 2:
            return add_boxes<2>(samples, end - begin, box_x_, plane_, box_sums_.data());
        case 3:
            return add_boxes<3>(samples, end - begin, box_x_, plane_, box_sums_.data());
        default:
            return add_boxes<4>(samples, end - begin, box_x_, plane_, box_sums_.data());
    }
}

void Resampler::finish_box() {
    // The last box of a row, and the last row of boxes, may hold less than the others.
    const std::uint32_t last = columns_ - 1;
    const std::uint32_t wide = std::min(box_x_, width_px_ - (first_column_ + last) * box_x_);
    const Mean mean(box_x_ * std::uint64_t{boxed_rows_});
    const Mean mean_of_last(wide * std::uint64_t{boxed_rows_});
    std::int16_t* slot = slot_of(reduced_seen_);
    for (std::uint32_t channel = 0; channel < channels_; ++channel) {
        const std::uint64_t* sums = box_sums_.data() + channel * plane_;
        std::int16_t* out = slot + 2 * (channel * plane_);
        for (std::uint32_t x = 0; x < last; ++x) out[2 * x] = mean.of(sums[x]);
        out[std::size_t{2} * last] = mean_of_last.of(sums[last]);
    }
    std::ranges::fill(box_sums_, 0);
    boxed_rows_ = 0;
}

void Resampler::emit_ready_rows() {
    while (emitted_ < result_.height_px && down_.last[emitted_] < reduced_seen_) emit_row(emitted_++);
}

void Resampler::emit_row(std::uint32_t y) {
    const std::size_t first_pair = down_.first[y] / 2;
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
        pairs_[p] = ring_.data() + (first_pair + p) % pairs_.size() * 2 * lanes();
    }
    kernels_.combine_rows(pairs_, down_.weights_of(y).data(), lanes(), combined_.data());
    for (std::uint32_t channel = 0; channel < channels_; ++channel) {
        kernels_.combine_columns(combined_.data() + channel * plane_, across_.first, across_.weights.data(),
                                 across_.count, resampled_.data() + std::size_t{channel} * result_.width_px);
    }
    encode_row(result_.row(y));
}

void Resampler::encode_row(std::uint8_t* out) {
    switch (channels_) {
        case 1:
            return encode_opaque<1>(resampled_.data(), result_.width_px, out);
        case 2:
            return encode_with_alpha<2>(resampled_.data(), result_.width_px, out);
        case 3:
            return encode_opaque<3>(resampled_.data(), result_.width_px, out);
        default:
            return encode_with_alpha<4>(resampled_.data(), result_.width_px, out);
    }
}

Pixels Resampler::take() {
    return std::move(result_);
}

Pixels resample(const Pixels& source, const Plan& plan) {
    Resampler resampler(source.width_px, source.height_px, source.channels, plan);
    resampler.push_rows(source.samples.data(), source.row_bytes(), source.height_px);
    Pixels result = resampler.take();
    result.gamut = source.gamut;
    return result;
}

}  // namespace safelight
