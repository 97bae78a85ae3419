#include "imaging/fit_bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "transform/transform.h"

namespace safelight {
namespace {

using Bytes = std::vector<std::byte>;

/// More effort where it pays in bytes: JPEG's own Huffman codes, the searches of lossless coding.
std::optional<std::uint8_t> thrifty_effort(Format format, bool lossless) {
    const bool pays = format == Format::jpeg || format == Format::png || (format == Format::webp && lossless);
    if (!pays) return std::nullopt;
    return static_cast<std::uint8_t>(effort_max);
}

/// Makes files and keeps the last one that fits.
class Search {
  public:
    Search(std::uint32_t bytes_max, const EncodeCall& call) : bytes_max_(bytes_max), call_(call) {}

    /// Whether the file that these options make fits.
    [[nodiscard]] Result<bool> tries(const SaveOptions& options) {
        TRY_ASSIGN(Bytes bytes, call_(options));
        smallest_bytes_ = std::min(smallest_bytes_, bytes.size());
        const bool fits = bytes.size() <= bytes_max_;
        if (fits) best_ = std::move(bytes);
        return fits;
    }

    [[nodiscard]] Result<Bytes> take_best() {
        if (best_) return *std::move(best_);
        return failure(
            ErrorCode::unsupported_transform,
            fmt::format("The smallest file that can be made of this picture without changing its sides "
                        "or format has {} bytes; max_bytes allows {}.",
                        smallest_bytes_, bytes_max_));
    }

  private:
    const std::uint32_t bytes_max_;
    const EncodeCall& call_;
    std::size_t smallest_bytes_ = std::numeric_limits<std::size_t>::max();
    std::optional<Bytes> best_;
};

/// Between a quality that fits, or none, and `too_large`.
Status bisect(Search& search, SaveOptions options, unsigned too_large) {
    unsigned fitting = 0;
    while (too_large - fitting > 1) {
        const unsigned middle = (fitting + too_large) / 2;
        options.quality = static_cast<std::uint8_t>(middle);
        TRY_ASSIGN(const bool fits, search.tries(options));
        (fits ? fitting : too_large) = middle;
    }
    return {};
}

}  // namespace

Result<Bytes> encode_within(std::uint32_t bytes_max, Format format, const SaveOptions& options,
                            const EncodeCall& call) {
    Search search(bytes_max, call);
    SaveOptions tried = options;
    TRY_ASSIGN(bool fits, search.tries(tried));
    if (!fits && !tried.effort) {
        tried.effort = thrifty_effort(format, tried.lossless);
        if (tried.effort) {
            TRY_ASSIGN(fits, search.tries(tried));
        }
    }
    if (!fits && has_quality(format) && !tried.lossless) TRY(bisect(search, tried, options.quality));
    return search.take_best();
}

}  // namespace safelight
