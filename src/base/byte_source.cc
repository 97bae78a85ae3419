#include "base/byte_source.h"

namespace safelight {

Result<std::vector<std::byte>> read_all(ByteSource& source, std::uint64_t max_bytes) {
    const std::uint64_t size = source.size_bytes();
    if (size > max_bytes) return failure(ErrorCode::payload_too_large, "The content is too large.");
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        TRY_ASSIGN(const std::size_t count, source.read_at(filled, std::span(bytes).subspan(filled)));
        if (count == 0) return failure(ErrorCode::corrupt_blob, "The content is shorter than expected.");
        filled += count;
    }
    return bytes;
}

}  // namespace safelight
