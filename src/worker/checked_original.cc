#include "worker/checked_original.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "base/sha256.h"
#include "base/units.h"

namespace safelight {
namespace {

/// Small enough for the hash to find the bytes in the processor's cache.
constexpr std::size_t piece_bytes = 256 * KiB;

std::unexpected<Error> corrupt(std::string what) {
    return failure(ErrorCode::corrupt_blob, "The stored original is damaged.", std::move(what));
}

/// An original that a record refers to and that is not there is as bad as a changed one.
std::unexpected<Error> failed_read(Error error) {
    if (error.code == ErrorCode::not_found) return corrupt("the blob is lost");
    return std::unexpected(std::move(error));
}

Result<std::unique_ptr<ByteSource>> checked(std::unique_ptr<ByteSource> source, const Image& image,
                                            std::vector<std::byte>& buffer) {
    if (source->size_bytes() != image.size_bytes) {
        return corrupt(fmt::format("{} of {} bytes", source->size_bytes(), image.size_bytes));
    }

    const auto size = static_cast<std::size_t>(image.size_bytes);
    const bool is_file = source->descriptor().has_value();
    const std::size_t needed = is_file ? std::min(size, piece_bytes) : size;
    if (buffer.size() < needed) buffer.resize(needed);
    Sha256Hasher hasher;
    for (std::size_t offset = 0; offset < size;) {
        const std::size_t wanted = std::min(piece_bytes, size - offset);
        const std::span<std::byte> piece = std::span(buffer).subspan(is_file ? 0 : offset, wanted);
        const auto count = source->read_at(offset, piece);
        if (!count) return failed_read(count.error());
        if (*count == 0) return corrupt(fmt::format("{} of {} bytes", offset, size));
        hasher.update(piece.first(*count));
        offset += *count;
    }
    if (hasher.finish() != image.sha256) return corrupt("the hash differs");
    if (is_file) return source;
    return std::make_unique<MemorySource>(std::span<const std::byte>(buffer).first(size));
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_checked_original(BlobStore& blobs, const Image& image,
                                                          std::uint64_t bytes_max,
                                                          std::vector<std::byte>& buffer,
                                                          LocalCopies* copies) {
    if (image.size_bytes > bytes_max) {
        return failure(ErrorCode::payload_too_large, "The original is larger than this worker accepts.");
    }
    if (auto copy = copies == nullptr ? nullptr : copies->open(image.blob)) {
        auto source = checked(std::move(copy), image, buffer);
        if (source) return source;
        copies->drop(image.blob);
    }
    auto opened = blobs.open(image.blob);
    if (!opened) return failed_read(std::move(opened).error());
    return checked(std::move(*opened), image, buffer);
}

}  // namespace safelight
