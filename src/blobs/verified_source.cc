#include "blobs/verified_source.h"

#include <utility>

namespace safelight {
namespace {

std::unexpected<Error> damaged(std::string log_text) {
    return failure(ErrorCode::corrupt_blob, "The stored content is damaged.", std::move(log_text));
}

class VerifiedSource final : public ByteSource {
  public:
    VerifiedSource(std::unique_ptr<ByteSource> source, const Sha256& sha256)
        : source_(std::move(source)), expected_(sha256) {}

    [[nodiscard]] std::uint64_t size_bytes() const override { return source_->size_bytes(); }

    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        if (offset >= size_bytes() || out.empty()) return 0;
        if (offset != position_) {
            return failure(ErrorCode::internal, "Something went wrong.",
                           "a verified blob was not read in order");
        }
        TRY_ASSIGN(const std::size_t count, source_->read_at(offset, out));
        if (count == 0) return damaged("a blob ended before its length");
        hasher_.update(out.first(count));
        position_ += count;
        if (position_ < size_bytes()) return count;
        TRY(verify());
        return count;
    }

    /// At most once, when all has been read.
    [[nodiscard]] Status verify() {
        const Sha256 actual = hasher_.finish();
        if (actual == expected_) return {};
        return damaged("SHA-256 is " + actual.to_hex() + " instead of " + expected_.to_hex());
    }

  private:
    const std::unique_ptr<ByteSource> source_;
    const Sha256 expected_;
    Sha256Hasher hasher_;
    std::uint64_t position_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> make_verified_source(std::unique_ptr<ByteSource> source,
                                                         std::uint64_t size_bytes, const Sha256& sha256) {
    if (source->size_bytes() != size_bytes) {
        return damaged(std::to_string(source->size_bytes()) + " bytes instead of " +
                       std::to_string(size_bytes));
    }
    auto verified = std::make_unique<VerifiedSource>(std::move(source), sha256);
    if (size_bytes == 0) TRY(verified->verify());
    return verified;
}

}  // namespace safelight
