#include "worker/overlays.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "renderer/memory_estimate.h"
#include "service/watermarks.h"
#include "worker/checked_original.h"

namespace safelight {
namespace {

std::unexpected<Error> refused(std::string text, std::string log_text = {}) {
    return failure(ErrorCode::unsupported_transform, std::move(text), std::move(log_text));
}

}  // namespace

Result<Overlays> Overlays::open(Catalog& catalog, BlobStore& blobs, const Claim& claim,
                                std::uint64_t bytes_max) {
    Overlays overlays;
    for (const ImageId id : watermarks_of(claim.pending)) {
        const Status added = overlays.add(catalog, blobs, claim.image.owner, id, bytes_max);
        if (added) continue;
        if (added.error().code != ErrorCode::unsupported_transform) return std::unexpected(added.error());
        overlays.faults_.emplace(id, added.error());
    }
    return overlays;
}

const Error* Overlays::fault_of(const Transform& transform) const {
    if (!transform.watermark) return nullptr;
    const auto found = faults_.find(transform.watermark->image);
    return found == faults_.end() ? nullptr : &found->second;
}

std::uint64_t Overlays::render_bytes(const ImageLimits& limits) const {
    std::uint64_t decoding = 0;
    for (const ImageFacts& facts : facts_)
        decoding = std::max(decoding, estimate_render_bytes(facts, 0, {}, limits));
    return bytes_ + decoding;
}

Status Overlays::add(Catalog& catalog, BlobStore& blobs, AccountId owner, ImageId id,
                     std::uint64_t bytes_max) {
    if (overlays_.size() == overlays_max) {
        return refused(
            fmt::format("The variants of this job name more than {} images as watermarks.", overlays_max));
    }
    const auto image = catalog.find_image(owner, id);
    if (!image && image.error().code == ErrorCode::not_found) {
        return refused(
            fmt::format("The watermark {} is none of your images, or not any more.", id.to_string()));
    }
    if (!image) return std::unexpected(image.error());
    if (image->is_unknown_format) {
        return failure(ErrorCode::unavailable,
                       fmt::format("The watermark {} is in a format that only a newer version knows, which "
                                   "this is left to.",
                                   id.to_string()));
    }
    if (image->size_bytes > bytes_max - bytes_) {
        return refused(
            fmt::format("The watermarks of this job have more than {} bytes together.", bytes_max));
    }
    auto opened = std::make_unique<Opened>();
    auto source = open_checked_original(blobs, *image, bytes_max, opened->buffer);
    if (!source && source.error().code == ErrorCode::corrupt_blob) {
        // Deleted since it was found is the likely cause, and then it has to be said.
        const auto again = catalog.find_image(owner, id);
        if (!again && again.error().code == ErrorCode::not_found)
            return refused(fmt::format("The watermark {} was deleted.", id.to_string()));
        return refused(fmt::format("The stored original of the watermark {} is damaged.", id.to_string()),
                       source.error().log_text);
    }
    if (!source) return std::unexpected(source.error());
    opened->source = std::move(*source);
    bytes_ += image->size_bytes;
    overlays_.push_back({id, opened->source.get()});
    facts_.push_back(image->facts);
    opened_.push_back(std::move(opened));
    return {};
}

}  // namespace safelight
