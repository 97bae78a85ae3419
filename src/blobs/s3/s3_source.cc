#include "blobs/s3/s3_source.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace safelight::s3 {
namespace {

/// Holds one piece of the blob and no connection: between two reads anything may take as long as it likes.
/// A piece is twice as long as the one before as long as reading goes forward.
class S3Source final : public ByteSource {
  public:
    S3Source(Bucket& bucket, ReadBudget& budget, const S3Config& config, std::string object)
        : bucket_(bucket),
          budget_(budget),
          object_(std::move(object)),
          piece_bytes_min_(config.read_bytes_min),
          piece_bytes_max_(config.read_bytes_max),
          next_piece_bytes_(config.read_bytes_min) {}

    /// The first piece, and with it the length.
    [[nodiscard]] Status start() {
        std::vector<std::byte> bytes(piece_bytes_min_);
        TRY_ASSIGN(const Piece piece, plain(bucket_.get(object_, 0, bytes)));
        size_bytes_ = piece.total_bytes;
        etag_ = piece.etag;
        if (piece.count == 0 && size_bytes_ > 0) return changed();
        bytes.resize(piece.count);
        bytes.shrink_to_fit();
        piece_ = std::move(bytes);
        return {};
    }

    [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        if (offset >= size_bytes_) return 0;
        out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_bytes_ - offset)));
        for (std::size_t filled = 0; filled < out.size();) {
            const std::uint64_t position = offset + filled;
            const auto rest = out.subspan(filled);
            if (const std::size_t held = copy_held(position, rest); held > 0) {
                filled += held;
            } else if (rest.size() >= piece_bytes_max_) {
                const auto whole = rest.first(piece_bytes_max_);
                TRY(fetch(position, whole));
                filled += whole.size();
            } else {
                TRY(fetch_piece(position));
            }
        }
        return out.size();
    }

  private:
    [[nodiscard]] std::size_t copy_held(std::uint64_t position, std::span<std::byte> out) const {
        if (position < piece_offset_ || position - piece_offset_ >= piece_.size()) return 0;
        const auto held = std::span(piece_).subspan(static_cast<std::size_t>(position - piece_offset_));
        const std::size_t count = std::min(held.size(), out.size());
        std::memcpy(out.data(), held.data(), count);
        return count;
    }

    [[nodiscard]] Status fetch_piece(std::uint64_t position) {
        const bool goes_on = position == piece_offset_ + piece_.size();
        next_piece_bytes_ = goes_on ? std::min(2 * next_piece_bytes_, piece_bytes_max_) : piece_bytes_min_;
        piece_ = std::vector<std::byte>();  // one piece at a time is held
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(next_piece_bytes_, size_bytes_ - position));
        std::vector<std::byte> bytes(affordable(wanted));
        TRY(fetch(position, bytes));
        piece_ = std::move(bytes);
        piece_offset_ = position;
        return {};
    }

    /// As many bytes as are wanted where the budget has room for them, else few. Nothing is held now.
    [[nodiscard]] std::size_t affordable(std::size_t wanted) {
        share_ = ReadBudget::Share();
        if (wanted <= piece_bytes_min_) return wanted;
        share_ = budget_.take(wanted - piece_bytes_min_);
        if (share_.bytes() > 0) return wanted;
        next_piece_bytes_ = piece_bytes_min_;
        return piece_bytes_min_;
    }

    /// Fills `out`, which ends within the blob.
    [[nodiscard]] Status fetch(std::uint64_t position, std::span<std::byte> out) {
        TRY_ASSIGN(const Piece piece, plain(bucket_.get(object_, position, out)));
        if (piece.total_bytes != size_bytes_ || piece.etag != etag_ || piece.count != out.size())
            return changed();
        return {};
    }

    [[nodiscard]] Status changed() const {
        return failure(ErrorCode::corrupt_blob, "The stored content is damaged.",
                       object_ + " became another object while it was read");
    }

    Bucket& bucket_;
    ReadBudget& budget_;
    const std::string object_;
    const std::size_t piece_bytes_min_;
    const std::size_t piece_bytes_max_;
    std::uint64_t size_bytes_ = 0;
    std::string etag_;
    ReadBudget::Share share_;  // of what piece_ has beyond piece_bytes_min_
    std::vector<std::byte> piece_;
    std::uint64_t piece_offset_ = 0;
    std::size_t next_piece_bytes_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_s3_source(Bucket& bucket, ReadBudget& budget, const S3Config& config,
                                                   const ObjectNames& names, BlobKey key) {
    auto source = std::make_unique<S3Source>(bucket, budget, config, names.name_of(key));
    TRY(source->start());
    return source;
}

}  // namespace safelight::s3
