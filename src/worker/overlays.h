// The originals that the variants of a job lay over their picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/byte_source.h"
#include "base/result.h"
#include "blobs/blob_store.h"
#include "catalog/catalog.h"
#include "renderer/renderer.h"

namespace safelight {

/// Belongs to one attempt.
class Overlays {
  public:
    /// Opens and checks every image that a pending variant names, of the same owner as the claim's. What is
    /// wrong for good with one of them is no failure here, see fault_of: not there any more, somebody else's,
    /// damaged, more than overlays_max, or together more than `bytes_max`. Errors: those that pass. Blocks.
    [[nodiscard]] static Result<Overlays> open(Catalog& catalog, BlobStore& blobs, const Claim& claim,
                                               std::uint64_t bytes_max);

    [[nodiscard]] std::span<const Overlay> all() const { return overlays_; }

    /// What a renderer takes at most for them: their files, and the largest of them while it is decoded.
    [[nodiscard]] std::uint64_t render_bytes(const ImageLimits& limits) const;

    /// Why the transform cannot be carried out; null when its watermark, if any, is there.
    [[nodiscard]] const Error* fault_of(const Transform& transform) const;

  private:
    struct Opened {
        std::vector<std::byte> buffer;
        std::unique_ptr<ByteSource> source;
    };

    /// Adds it, or says why not for good.
    [[nodiscard]] Status add(Catalog& catalog, BlobStore& blobs, AccountId owner, ImageId id,
                             std::uint64_t bytes_max);

    std::vector<std::unique_ptr<Opened>> opened_;
    std::vector<Overlay> overlays_;
    std::vector<ImageFacts> facts_;  // one for each
    std::uint64_t bytes_ = 0;
    std::map<ImageId, Error> faults_;
};

}  // namespace safelight
