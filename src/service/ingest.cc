#include "service/ingest.h"

#include <fmt/format.h>

#include <atomic>
#include <utility>

#include "image/format.h"
#include "renderer/memory_estimate.h"
#include "service/backlog_gauge.h"
#include "service/blob_reservation.h"
#include "service/filename.h"
#include "service/probe_gate.h"
#include "service/slot.h"
#include "service/watermarks.h"

namespace safelight {
namespace {

/// An upload up to this size is looked at in memory, so that a refusal never touches the disk. Times
/// uploads_max it bounds the memory that uploads take.
constexpr std::size_t held_bytes_max = 128 * 1024;

/// What all uploads share.
struct Shared {
    Shared(const IngestConfig& c, const IngestParts& p)
        : config(c), parts(p), backlog(p.clock, p.claims), probe_gate(c.probes_max) {}

    const IngestConfig config;
    const IngestParts parts;
    BacklogGauge backlog;
    ProbeGate probe_gate;
    std::atomic<std::uint32_t> uploads = 0;
};

class StreamedUpload final : public Upload {
  public:
    StreamedUpload(Shared& shared, Slot slot, AccountId owner)
        : shared_(shared), parts_(shared.parts), slot_(std::move(slot)), owner_(owner) {}

    ~StreamedUpload() override {
        if (!over_) parts_.metrics.upload(name_of(ErrorCode::cancelled), size_bytes_);
    }

    Status write(std::span<const std::byte> bytes) override {
        if (over_) return std::unexpected(*over_);
        Status status = accept(bytes);
        if (!status) end(status.error());
        return status;
    }

    Result<Job> finish(const UploadDetails& details) override {
        if (over_) return std::unexpected(*over_);
        Result<Job> job = store(details);
        if (!job) {
            end(job.error());
            return job;
        }
        over_ = Error{ErrorCode::conflict, "The upload is finished.", {}, {}};
        parts_.metrics.upload("accepted", size_bytes_);
        publish(*job);
        return job;
    }

  private:
    /// Nothing may be left of it from here on.
    void end(const Error& error) {
        over_ = error;
        held_ = std::vector<std::byte>();
        writer_.reset();
        reservation_.reset();
        parts_.metrics.upload(name_of(error.code), size_bytes_);
    }

    Status accept(std::span<const std::byte> bytes) {
        const std::uint64_t bytes_max = shared_.config.bytes_max;
        if (bytes.size() > bytes_max - size_bytes_) {
            return failure(
                ErrorCode::payload_too_large,
                fmt::format("The picture has more than the {} bytes that are allowed.", bytes_max));
        }
        size_bytes_ += bytes.size();
        if (writer_) return writer_->write(bytes);
        if (held_.size() + bytes.size() <= held_bytes_max) {
            hold(bytes);
            return held_.size() < sniff_bytes ? Status() : check_format();
        }
        const std::size_t missing = held_.size() < sniff_bytes ? sniff_bytes - held_.size() : 0;
        hold(bytes.first(missing));
        TRY(check_format());
        TRY(start_writing());
        return writer_->write(bytes.subspan(missing));
    }

    void hold(std::span<const std::byte> bytes) { held_.insert(held_.end(), bytes.begin(), bytes.end()); }

    Status check_format() {
        if (format_) return {};
        format_ = sniff(held_);
        if (format_) return {};
        return failure(ErrorCode::unsupported_image,
                       "The content is no picture of a format that is accepted.");
    }

    /// The ledger row, then the blob, then what was held back.
    Status start_writing() {
        const BlobParts blob_parts{parts_.ledger, parts_.blobs, parts_.log};
        TRY_ASSIGN(BlobReservation reservation, BlobReservation::take(blob_parts, parts_.keys, 1));
        key_ = reservation.keys().front();
        reservation_.emplace(std::move(reservation));
        TRY_ASSIGN(writer_, parts_.blobs.create(key_));
        TRY(writer_->write(held_));
        held_ = std::vector<std::byte>();
        return {};
    }

    Result<Job> store(const UploadDetails& details) {
        if (size_bytes_ == 0) return failure(ErrorCode::empty_payload, "The content is empty.");
        TRY(check_format());
        TRY(check_watermarks(parts_.catalog, owner_, details.variants));
        BlobInfo info;
        ImageFacts facts;
        if (writer_) {
            TRY_ASSIGN(info, commit());
            TRY(check_digest(info.sha256, details));
            TRY_ASSIGN(const auto source, parts_.blobs.open(key_));
            TRY_ASSIGN(facts, probe(*source));
        } else {
            if (details.expected_sha256) TRY(check_digest(sha256_of(held_), details));
            MemorySource source(held_);
            TRY_ASSIGN(facts, probe(source));
            TRY(start_writing());
            TRY_ASSIGN(info, commit());
        }
        return create(details, info, facts);
    }

    Result<BlobInfo> commit() {
        Result<BlobInfo> info = writer_->commit();
        writer_.reset();
        if (!info && info.error().code == ErrorCode::cancelled) return overdue();
        if (info && info->size_bytes != size_bytes_) {
            return failure(ErrorCode::internal, "The upload could not be stored.",
                           fmt::format("{} of {} bytes were stored", info->size_bytes, size_bytes_));
        }
        return info;
    }

    static Status check_digest(const Sha256& sha256, const UploadDetails& details) {
        if (!details.expected_sha256 || *details.expected_sha256 == sha256) return {};
        return failure(ErrorCode::digest_mismatch, "The content is not what its digest says.");
    }

    Result<ImageFacts> probe(ByteSource& source) {
        TRY_ASSIGN(const ProbeGate::Turn turn, shared_.probe_gate.enter(shared_.config.probe_wait));
        TRY_ASSIGN(const ImageFacts facts, parts_.renderer.probe(source));
        const std::uint64_t needed = estimate_render_bytes(facts, source.size_bytes(), {}, {});
        const std::uint64_t bytes_max = shared_.config.render_bytes_max;
        if (needed > bytes_max) return too_much_memory(needed, bytes_max);
        return facts;
    }

    Result<Job> create(const UploadDetails& details, const BlobInfo& info, const ImageFacts& facts) {
        const Timestamp now = parts_.clock.now();
        Job job;
        job.id = parts_.ids.next<JobId>();
        job.owner = owner_;
        job.status = details.variants.empty() ? JobStatus::unprocessed : JobStatus::processing;
        job.metadata_json = details.metadata_json;
        job.created_at = now;
        job.updated_at = now;
        job.image.id = parts_.ids.next<ImageId>();
        job.image.owner = owner_;
        job.image.filename = clean_filename(details.filename, facts.format);
        job.image.blob = key_;
        job.image.size_bytes = info.size_bytes;
        job.image.sha256 = info.sha256;
        job.image.facts = facts;
        if (!shared_.config.keeps_gps) job.image.facts.exif.position.reset();
        job.priority = details.priority;
        job.image.focal_point = details.focal_point;
        job.image.created_at = now;
        for (const VariantRequest& request : details.variants) {
            Variant& variant = job.image.variants.emplace_back();
            variant.name = request.name;
            variant.transform = request.transform;
            variant.updated_at = now;
        }
        WithJob with = details.with;
        if (details.quotas_now) {
            TRY_ASSIGN(with.quotas, details.quotas_now());
        }
        reservation_->linking();
        Result<Job> created = parts_.catalog.create_job(job, with);
        if (created) reservation_->linked();
        if (!created && created.error().code == ErrorCode::conflict) return overdue();
        return created;
    }

    /// The sweeper took the blob for one that nobody writes any more.
    static std::unexpected<Error> overdue() {
        return failure(ErrorCode::timeout, "The upload took too long.");
    }

    /// Only a hint: the job is in the catalog, where the rescuer finds it.
    void publish(const Job& job) {
        if (job.status != JobStatus::processing) return;
        if (const Status status = parts_.queue.publish({job.id, job.lane}); !status) {
            parts_.log.warn("publishing failed", {{"job_id", job.id.to_string()},
                                                  {"error", name_of(status.error().code)},
                                                  {"detail", status.error().log_text}});
        }
    }

    Shared& shared_;
    const IngestParts& parts_;
    const Slot slot_;
    const AccountId owner_;
    std::optional<Error> over_;  // set when finished or refused
    std::uint64_t size_bytes_ = 0;
    std::optional<Format> format_;                // by the first bytes
    std::vector<std::byte> held_;                 // what came before there was a writer
    BlobKey key_;                                 // once there is a reservation
    std::optional<BlobReservation> reservation_;  // outlives the writer
    std::unique_ptr<BlobWriter> writer_;
};

class StoringIngest final : public Ingest {
  public:
    StoringIngest(const IngestConfig& config, const IngestParts& parts) : shared_(config, parts) {}

    Result<std::unique_ptr<Upload>> begin(AccountId owner) override {
        Result<std::unique_ptr<Upload>> upload = admit(owner);
        if (!upload) shared_.parts.metrics.upload(name_of(upload.error().code), 0);
        return upload;
    }

  private:
    Result<std::unique_ptr<Upload>> admit(AccountId owner) {
        TRY_ASSIGN(Slot slot, Slot::take(shared_.uploads, shared_.config.uploads_max,
                                         "Too many uploads are under way. Try again later."));
        TRY(shared_.backlog.admit(shared_.config.backlog_max));
        return std::make_unique<StreamedUpload>(shared_, std::move(slot), owner);
    }

    Shared shared_;
};

}  // namespace

Status IngestConfig::validate() const {
    std::vector<Fault> faults;
    const auto require = [&faults](bool holds, std::string member, std::string detail) {
        if (!holds) faults.push_back({std::move(member), std::move(detail)});
    };
    require(bytes_max > 0, "bytes_max", "must be above 0");
    require(uploads_max > 0, "uploads_max", "must be above 0");
    require(probes_max > 0, "probes_max", "must be above 0");
    require(backlog_max > 0, "backlog_max", "must be above 0");
    require(render_bytes_max > 0, "render_bytes_max", "must be above 0");
    require(probe_wait > Milliseconds::zero(), "probe_wait", "must be above 0");
    require(write_deadline > Milliseconds::zero(), "write_deadline", "must be above 0");
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

std::unique_ptr<Ingest> make_ingest(const IngestConfig& config, const IngestParts& parts) {
    return std::make_unique<StoringIngest>(config, parts);
}

}  // namespace safelight
