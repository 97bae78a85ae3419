#include "service/resumable_ingest.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "image/format.h"
#include "service/blob_reservation.h"
#include "service/slot.h"

namespace safelight {
namespace {

constexpr std::size_t read_bytes = 256 * 1'024;

/// What all appends share.
struct Shared {
    const ResumableIngestConfig config;
    const ResumableIngestParts parts;
    std::atomic<std::uint32_t> appends = 0;

    [[nodiscard]] BlobParts blob_parts() const { return {parts.ledger, parts.blobs, parts.log}; }
    [[nodiscard]] Timestamp expiry() const { return parts.clock.now() + config.lifetime; }
};

/// The upload will never become a job, whatever comes next.
bool is_final(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::unsupported_image:
        case ErrorCode::invalid_image:
        case ErrorCode::image_too_large:
        case ErrorCode::too_many_frames:
        case ErrorCode::too_many_scans:
        case ErrorCode::unsupported_transform:
        case ErrorCode::corrupt_blob:
            return true;
        default:
            return false;
    }
}

/// A part that is being written.
struct OpenPart {
    BlobReservation reservation;  // outlives the writer
    std::unique_ptr<BlobWriter> writer;
    std::uint64_t size_bytes;
    Timestamp begun_at;
};

/// A part that is whole, and not in the catalog yet.
struct WholePart {
    BlobReservation reservation;
    UploadPart part;
};

std::unexpected<Error> fenced() {
    return failure(ErrorCode::fenced, "Another request has gone on with this upload, or ended it.");
}

/// The sweeper took the blob for one that nobody writes any more.
std::unexpected<Error> overdue() {
    return failure(ErrorCode::timeout, "The upload took too long.");
}

class PartwiseAppend final : public UploadAppend {
  public:
    PartwiseAppend(Shared& shared, Slot slot, const ResumableUpload& upload,
                   const std::optional<Checksum>& checksum)
        : slot_(std::move(slot)),
          shared_(shared),
          parts_(shared.parts),
          upload_(upload),
          checksum_(checksum) {
        if (checksum) hasher_.emplace(checksum->algorithm);
    }

    Status write(std::span<const std::byte> bytes) override {
        return unless_over([&] { return accept(bytes); });
    }

    Result<UploadProgress> finish(const UploadDetails& details) override {
        return unless_over([&]() -> Result<UploadProgress> {
            TRY(end_part());
            if (hasher_ && hasher_->finish() != *checksum_)
                return failure(ErrorCode::digest_mismatch, "The bytes are not what Upload-Checksum says.");
            hasher_.reset();
            TRY(store_whole_parts());
            if (end() == upload_.size_bytes) return become_job(details);
            return UploadProgress{.received_bytes = upload_.received_bytes, .expires_at = upload_.expires_at};
        });
    }

    Result<std::uint64_t> keep() override {
        return unless_over([&]() -> Result<std::uint64_t> {
            if (hasher_) return cut_off();
            TRY(end_part());
            TRY(store_whole_parts());
            return cut_off();  // what would end it needs the request's end
        });
    }

  private:
    template <class Work>
    auto unless_over(Work&& work) -> decltype(work()) {
        if (over_) return std::unexpected(*over_);
        auto result = work();
        if (!result) {
            over_ = result.error();
            open_.reset();
            whole_.clear();
            if (is_final(over_->code)) give_up();
        }
        return result;
    }

    /// What is not durable is given up.
    std::uint64_t cut_off() {
        over_ = Error{ErrorCode::cancelled, "The request was cut off.", {}, {}};
        open_.reset();
        whole_.clear();
        return upload_.received_bytes;
    }

    /// Of all that has come.
    [[nodiscard]] std::uint64_t end() const {
        std::uint64_t bytes = upload_.received_bytes + (open_ ? open_->size_bytes : 0);
        for (const WholePart& whole : whole_) bytes += whole.part.size_bytes;
        return bytes;
    }

    Status accept(std::span<const std::byte> bytes) {
        if (bytes.size() > upload_.size_bytes - end()) {
            return failure(
                ErrorCode::payload_too_large,
                fmt::format("The upload was to have {} bytes, and these are more.", upload_.size_bytes));
        }
        if (!hasher_ && end() == 0 && bytes.size() >= sniff_bytes && !sniff(bytes)) {
            return failure(ErrorCode::unsupported_image,
                           "The content is no picture of a format that is accepted.");
        }
        if (hasher_) hasher_->update(bytes);
        while (!bytes.empty()) {
            if (!open_) TRY(begin_part());
            const auto room = shared_.config.part_bytes - open_->size_bytes;
            const auto piece = bytes.first(std::min<std::uint64_t>(room, bytes.size()));
            TRY(open_->writer->write(piece));
            open_->size_bytes += piece.size();
            bytes = bytes.subspan(piece.size());
            const bool is_old = parts_.clock.now() - open_->begun_at >= shared_.config.part_age;
            if (open_->size_bytes == shared_.config.part_bytes || is_old) TRY(end_part());
        }
        return {};
    }

    Status begin_part() {
        if (upload_.parts + whole_.size() >= shared_.config.parts_max) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("The upload came in {} parts and is given up; send more at a time.",
                                       shared_.config.parts_max));
        }
        TRY_ASSIGN(BlobReservation reservation, BlobReservation::take(shared_.blob_parts(), parts_.keys, 1));
        TRY_ASSIGN(auto writer, parts_.blobs.create(reservation.keys().front()));
        open_.emplace(std::move(reservation), std::move(writer), 0U, parts_.clock.now());
        return {};
    }

    /// Makes it durable; and known to the catalog, unless the checksum has to be checked first.
    Status end_part() {
        if (!open_) return {};
        const Result<BlobInfo> info = open_->writer->commit();
        open_->writer.reset();
        if (!info && info.error().code == ErrorCode::cancelled) return overdue();
        if (!info) return std::unexpected(info.error());
        if (info->size_bytes != open_->size_bytes) {
            return failure(ErrorCode::internal, "The part could not be stored.",
                           fmt::format("{} of {} bytes were stored", info->size_bytes, open_->size_bytes));
        }
        const std::uint64_t offset = end() - open_->size_bytes;
        const BlobKey key = open_->reservation.keys().front();
        whole_.emplace_back(std::move(open_->reservation),
                            UploadPart{offset, key, info->size_bytes, info->sha256});
        open_.reset();
        if (hasher_) return {};
        return store_whole_parts();
    }

    /// In the catalog; all but the one with the last byte.
    Status store_whole_parts() {
        std::span<WholePart> known(whole_);
        if (end() == upload_.size_bytes && !known.empty()) known = known.first(known.size() - 1);
        if (known.empty()) return {};
        std::vector<UploadPart> parts;
        for (WholePart& whole : known) {
            parts.push_back(whole.part);
            whole.reservation.linking();
        }
        const Timestamp expires_at = shared_.expiry();
        if (const Status stored = parts_.uploads.append(upload_.owner, upload_.id, parts, expires_at);
            !stored) {
            if (stored.error().code == ErrorCode::conflict) return overdue();
            return stored;
        }
        for (WholePart& whole : known) whole.reservation.linked();
        upload_.received_bytes = parts.back().offset + parts.back().size_bytes;
        upload_.parts += static_cast<std::uint32_t>(parts.size());
        upload_.expires_at = expires_at;
        std::vector<WholePart> last;
        if (known.size() < whole_.size()) last.push_back(std::move(whole_.back()));
        whole_ = std::move(last);
        return {};
    }

    Result<UploadProgress> become_job(const UploadDetails& details) {
        TRY_ASSIGN(const std::vector<UploadPart> stored, parts_.uploads.parts(upload_.owner, upload_.id));
        const Timestamp expires_at = shared_.expiry();
        Result<Job> job = ingest(stored, details, expires_at);
        if (!job) {
            // Whoever ended it meanwhile has removed the parts that could not be read.
            TRY(require_unchanged());
            if (job.error().code == ErrorCode::not_found) return damaged("a part is missing");
            return std::unexpected(job.error());
        }
        std::vector<BlobKey> doomed;
        for (const UploadPart& part : stored) doomed.push_back(part.blob);
        remove_doomed(shared_.blob_parts(), doomed);
        return UploadProgress{upload_.size_bytes, expires_at, std::move(*job)};
    }

    /// Errors: fenced.
    Status require_unchanged() {
        const auto now_is = parts_.uploads.find(upload_.owner, upload_.id);
        if (!now_is && now_is.error().code != ErrorCode::not_found) return {};  // it is not known
        if (!now_is || now_is->job || now_is->received_bytes != upload_.received_bytes) return fenced();
        return {};
    }

    Result<Job> ingest(const std::vector<UploadPart>& stored, const UploadDetails& details,
                       Timestamp expires_at) {
        TRY_ASSIGN(const auto all, parts_.ingest.begin(upload_.owner));
        std::uint64_t offset = 0;
        for (const UploadPart& part : stored) TRY(pass_on(part, offset, *all));
        if (offset != upload_.received_bytes) return fenced();
        for (const WholePart& whole : whole_) TRY(pass_on(whole.part, offset, *all));
        UploadDetails ending = details;
        ending.with.upload =
            UploadEnd{.id = upload_.id, .received_bytes = upload_.received_bytes, .expires_at = expires_at};
        return all->finish(ending);
    }

    Status pass_on(const UploadPart& part, std::uint64_t& offset, Upload& all) {
        if (part.offset != offset) return damaged("a part is missing");
        TRY_ASSIGN(const auto source, parts_.blobs.open(part.blob));
        const auto buffer = std::make_unique_for_overwrite<std::byte[]>(read_bytes);
        Sha256Hasher hasher;
        std::uint64_t done = 0;
        while (done < part.size_bytes) {
            TRY_ASSIGN(const std::size_t count, source->read_at(done, std::span(buffer.get(), read_bytes)));
            if (count == 0) break;
            const std::span<const std::byte> bytes(buffer.get(), count);
            hasher.update(bytes);
            TRY(all.write(bytes));
            done += count;
        }
        if (done != part.size_bytes || hasher.finish() != part.sha256)
            return damaged(fmt::format("part {} is not what was stored", part.blob.to_string()));
        offset += done;
        return {};
    }

    static std::unexpected<Error> damaged(std::string how) {
        return failure(ErrorCode::corrupt_blob, "A part of the upload is damaged. Begin a new upload.",
                       std::move(how));
    }

    /// As far as nobody else has gone on with it. Should it fail, the upload expires in time.
    void give_up() {
        const auto blobs = parts_.uploads.give_up(upload_.owner, upload_.id, upload_.received_bytes);
        if (blobs) remove_doomed(shared_.blob_parts(), *blobs);
    }

    const Slot slot_;  // first: given back when all else is gone
    Shared& shared_;
    const ResumableIngestParts& parts_;
    ResumableUpload upload_;  // as it stands
    const std::optional<Checksum> checksum_;
    std::optional<ChecksumHasher> hasher_;  // until the checksum was checked
    std::optional<Error> over_;
    std::vector<WholePart> whole_;
    std::optional<OpenPart> open_;
};

class PartwiseIngest final : public ResumableIngest {
  public:
    PartwiseIngest(const ResumableIngestConfig& config, const ResumableIngestParts& parts)
        : shared_{config, parts} {}

    Result<ResumableUpload> create(AccountId owner, std::uint64_t size_bytes, std::string details) override {
        if (size_bytes == 0)
            return failure(ErrorCode::empty_payload, "The upload is to have no bytes at all.");
        if (size_bytes > shared_.config.bytes_max) {
            return failure(ErrorCode::payload_too_large,
                           fmt::format("A picture may have at most {} bytes.", shared_.config.bytes_max));
        }
        ResumableUpload upload;
        upload.id = shared_.parts.ids.next<UploadId>();
        upload.owner = owner;
        upload.size_bytes = size_bytes;
        upload.details = std::move(details);
        upload.expires_at = shared_.expiry();
        TRY(shared_.parts.uploads.create(upload, shared_.config.unfinished_max));
        return upload;
    }

    Result<ResumableUpload> find(AccountId owner, UploadId id) override {
        TRY_ASSIGN(ResumableUpload upload, shared_.parts.uploads.find(owner, id));
        if (upload.expires_at <= shared_.parts.clock.now())
            return failure(ErrorCode::not_found, "There is no such upload any more.");
        return upload;
    }

    Result<std::unique_ptr<UploadAppend>> append(const ResumableUpload& upload,
                                                 const std::optional<Checksum>& checksum) override {
        TRY_ASSIGN(Slot slot, Slot::take(shared_.appends, shared_.config.appends_max,
                                         "Too many uploads are under way. Try again later."));
        return std::make_unique<PartwiseAppend>(shared_, std::move(slot), upload, checksum);
    }

    Status remove(AccountId owner, UploadId id) override {
        TRY_ASSIGN(const std::vector<BlobKey> blobs, shared_.parts.uploads.remove(owner, id));
        remove_doomed(shared_.blob_parts(), blobs);
        return {};
    }

  private:
    Shared shared_;
};

}  // namespace

Status ResumableIngestConfig::validate() const {
    std::vector<Fault> faults;
    const auto require = [&faults](bool holds, std::string member) {
        if (!holds) faults.push_back({std::move(member), "must be above 0"});
    };
    require(bytes_max > 0, "bytes_max");
    require(part_bytes > 0, "part_bytes");
    require(part_age > Milliseconds::zero(), "part_age");
    require(parts_max > 0, "parts_max");
    require(appends_max > 0, "appends_max");
    require(unfinished_max > 0, "unfinished_max");
    require(lifetime > Milliseconds::zero(), "lifetime");
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

std::unique_ptr<ResumableIngest> make_resumable_ingest(const ResumableIngestConfig& config,
                                                       const ResumableIngestParts& parts) {
    return std::make_unique<PartwiseIngest>(config, parts);
}

}  // namespace safelight
