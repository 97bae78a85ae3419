// A file that is no larger than somebody can use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "image/format.h"
#include "imaging/vips/save.h"

namespace safelight {

/// Encodes the same pixels, as often as it is called. The same options give the same bytes.
using EncodeCall = std::function<Result<std::vector<std::byte>>(const SaveOptions& options)>;

/// The pixels of `call` as a file of at most `bytes_max` bytes, with the best quality that fits. `options`
/// are tried first; then, where no effort was asked for and more of it makes a smaller file at bearable cost,
/// the same with that; then, for a format with quality that is not lossless, every step of a bisection
/// between 1 and the quality of `options`: 9 calls at most. Sizes need not grow with quality: what is
/// returned was measured, and a better one may be passed over where they do not. The sides never change.
/// Errors: unsupported_transform, with the size of the smallest file that was seen, and those of `call`.
[[nodiscard]] Result<std::vector<std::byte>> encode_within(std::uint32_t bytes_max, Format format,
                                                           const SaveOptions& options,
                                                           const EncodeCall& call);

}  // namespace safelight
