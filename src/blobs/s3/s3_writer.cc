#include "blobs/s3/s3_writer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/sha256.h"
#include "base/text.h"

namespace safelight::s3 {
namespace {

constexpr std::size_t parts_max = 10'000;  // S3's limit

std::unexpected<Error> taken(const std::string& object) {
    return failure(ErrorCode::conflict, "The blob exists already.", object);
}

/// Collects one part. What fits into it is sent as one PUT at the commit; else, or when it lasts, it becomes
/// a multipart upload, of which the store knows from its start.
class S3Writer final : public BlobWriter {
  public:
    S3Writer(const WriterParts& parts, BlobKey key, WritesInProgress::Place place)
        : parts_(parts),
          object_(parts.names.name_of(key)),
          place_(std::move(place)),
          mark_(new_mark()),
          started_at_(parts.clock.now()) {}

    ~S3Writer() override {
        if (!committed_) discard();
    }

    Status write(std::span<const std::byte> bytes) override {
        TRY(check_usable());
        usable_ = false;
        hasher_.update(bytes);
        size_bytes_ += bytes.size();
        while (!bytes.empty()) {
            if (buffer_.size() == parts_.config.part_bytes) TRY(send_part());
            const auto piece = bytes.first(std::min(bytes.size(), parts_.config.part_bytes - buffer_.size()));
            hold(piece);
            bytes = bytes.subspan(piece.size());
        }
        if (!is_announced() && age() >= parts_.config.announce_after) TRY(announce());
        usable_ = true;
        return {};
    }

    Result<BlobInfo> commit() override {
        TRY(check_usable());
        usable_ = false;
        TRY(check_not_removed());
        const BlobInfo info{size_bytes_, hasher_.finish()};
        TRY(is_announced() ? finish_upload() : put_whole(info.sha256));
        is_visible_ = true;
        TRY(check_not_removed());  // a removal meanwhile may have gone before the blob was there
        committed_ = true;
        buffer_ = std::vector<std::byte>();  // the writer may live on for a while
        return info;
    }

    /// From now on the store knows of the write.
    [[nodiscard]] Status announce() {
        TRY(check_not_removed());
        TRY_ASSIGN(upload_, plain(parts_.bucket.start_upload(object_, mark_)));
        return {};
    }

  private:
    /// A bug in the caller; but one that would give a blob with a hole its name.
    [[nodiscard]] Status check_usable() const {
        if (usable_) return {};
        return failure(ErrorCode::internal, "Something went wrong.", "a blob writer was used after its end");
    }

    [[nodiscard]] Status check_not_removed() const {
        if (!place_.is_removed()) return {};
        return cancelled("was removed while it was written");
    }

    [[nodiscard]] std::unexpected<Error> cancelled(const std::string& why) const {
        return failure(ErrorCode::cancelled, "The write was called off.", object_ + " " + why);
    }

    [[nodiscard]] bool is_announced() const { return !upload_.id.empty(); }
    [[nodiscard]] Milliseconds age() const { return parts_.clock.now() - started_at_; }

    /// Grows by doubling, but never beyond one part.
    void hold(std::span<const std::byte> piece) {
        const std::size_t wanted = buffer_.size() + piece.size();
        if (wanted > buffer_.capacity())
            buffer_.reserve(std::min(parts_.config.part_bytes, std::max(wanted, 2 * buffer_.capacity())));
        buffer_.insert(buffer_.end(), piece.begin(), piece.end());
    }

    [[nodiscard]] Status send_part() {
        TRY(check_not_removed());
        if (!is_announced()) TRY(announce());
        if (etags_.size() == parts_max) {
            return failure(ErrorCode::storage_full, "The content is too long for the storage.",
                           object_ + " has more than 10000 parts; part_bytes has to be more");
        }
        auto etag = parts_.bucket.upload_part(object_, upload_.id, etags_.size() + 1, buffer_);
        if (!etag && etag.error().refusal == Refusal::no_such_upload)
            return cancelled("was removed while it was written");
        if (!etag) return std::unexpected(std::move(etag).error().error);
        etags_.push_back(std::move(*etag));
        buffer_.clear();
        return {};
    }

    [[nodiscard]] Status put_whole(const Sha256& sha256) {
        // A removal by another process cannot have been seen. It comes long after a write is given up, so
        // that only a writer of that age has to fear one.
        if (age() >= parts_.config.unannounced_max) return cancelled("was not committed for too long");
        if (!parts_.conditional.is_sure()) TRY(check_new());
        const bool is_asked_for = parts_.conditional.is_asked_for();
        auto put = parts_.bucket.put(object_, buffer_, sha256, mark_, is_asked_for);
        if (!put && put.error().refusal == Refusal::not_implemented && is_asked_for) {
            parts_.conditional.is_ignored();
            put = parts_.bucket.put(object_, buffer_, sha256, mark_, false);
        }
        if (put) return {};
        if (put.error().refusal != Refusal::exists) return failed(std::move(put.error()));
        parts_.conditional.is_heeded();
        return lost_or_repeated(put.error());
    }

    [[nodiscard]] Status finish_upload() {
        if (!buffer_.empty() || etags_.empty()) TRY(send_part());
        // Always asked for beforehand: fewer stores heed the condition here than with a PUT.
        TRY(check_new());
        auto completed =
            parts_.bucket.complete_upload(object_, upload_.id, etags_, parts_.conditional.is_asked_for());
        if (completed) return end_upload();
        Failure& refused = completed.error();
        if (refused.refusal == Refusal::no_such_upload) {
            if (refused.may_have_acted && is_ours(Patience::full)) return end_upload();
            return cancelled("was removed while it was written");
        }
        if (refused.refusal == Refusal::exists) return lost_or_repeated(refused);
        return failed(std::move(refused));
    }

    /// The upload is no more. A second one, whose answer was lost, may still be.
    [[nodiscard]] Status end_upload() {
        const bool may_be_twice = upload_.may_be_twice;
        upload_ = {};
        if (may_be_twice) tidy_up(parts_.bucket.abort_uploads_of(object_, Patience::once));
        return {};
    }

    [[nodiscard]] Status check_new() {
        TRY_ASSIGN(const auto found, plain(parts_.bucket.head(object_)));
        if (found) return taken(object_);
        return {};
    }

    /// The object is there. After a lost answer, it may be the one that was sent the first time.
    [[nodiscard]] Status lost_or_repeated(const Failure& refused) {
        if (refused.may_have_acted && is_ours(Patience::full)) return {};
        return taken(object_);
    }

    [[nodiscard]] Status failed(Failure refused) {
        is_visible_ = refused.may_have_acted;
        return std::unexpected(std::move(refused.error));
    }

    [[nodiscard]] bool is_ours(Patience patience) {
        const auto found = parts_.bucket.head(object_, patience);
        return found && found->value_or(ObjectHead{}).mark == mark_;
    }

    /// As well as it goes: what stays is found by the key, or by `list`.
    static void tidy_up(const Outcome<void>& /*tried*/) {}

    void discard() {
        if (is_visible_ && is_ours(Patience::once)) tidy_up(parts_.bucket.remove(object_, Patience::once));
        if (!is_announced()) return;
        const auto aborted = parts_.bucket.abort_upload(object_, upload_.id, Patience::once);
        if (aborted && upload_.may_be_twice) tidy_up(parts_.bucket.abort_uploads_of(object_, Patience::once));
    }

    const WriterParts parts_;
    const std::string object_;
    const WritesInProgress::Place place_;
    const std::string mark_;
    const Timestamp started_at_;
    std::vector<std::byte> buffer_;
    Sha256Hasher hasher_;
    std::uint64_t size_bytes_ = 0;
    StartedUpload upload_;  // without an id, none
    std::vector<std::string> etags_;
    bool usable_ = true;
    bool is_visible_ = false;  // or may be
    bool committed_ = false;
};

}  // namespace

std::string new_mark() {
    std::array<std::uint8_t, 16> random{};
    fill_random(random);
    return hex_encode(std::as_bytes(std::span(random)));
}

Result<std::unique_ptr<BlobWriter>> start_s3_writer(const WriterParts& parts, BlobKey key) {
    auto place = parts.writes.enter(key);
    if (!place) return taken(parts.names.name_of(key));
    auto writer = std::make_unique<S3Writer>(parts, key, std::move(place));
    if (parts.config.announce_after.count() == 0) TRY(writer->announce());
    return writer;
}

}  // namespace safelight::s3
