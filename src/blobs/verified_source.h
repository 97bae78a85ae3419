// Reading a whole blob without ever passing off a damaged one as complete.
#pragma once

#include <cstdint>
#include <memory>

#include "base/byte_source.h"
#include "base/result.h"
#include "base/sha256.h"

namespace safelight {

/// A source to be read once, from front to back, in pieces of any length. It hashes what passes; when the sum
/// is wrong, the read that would have returned the last byte says corrupt_blob instead, so that whoever sends
/// the bytes on ends short of the length that was announced. Has no descriptor(): bytes read past it would
/// not be checked.
///
/// Errors: corrupt_blob, at once, when `source` is not of that size, or when it is empty and its hash is
/// wrong. Of read_at: as of `source`; internal when it is not called in order.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> make_verified_source(std::unique_ptr<ByteSource> source,
                                                                       std::uint64_t size_bytes,
                                                                       const Sha256& sha256);

}  // namespace safelight
