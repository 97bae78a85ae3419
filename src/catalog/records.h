// What the catalog keeps. Plain values; every record belongs to one account.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/lane.h"
#include "base/sha256.h"
#include "image/facts.h"
#include "image/focal_point.h"
#include "image/look.h"
#include "transform/transform.h"

namespace safelight {

/// Expired: it was ready, and has no bytes any more, because nobody read them for long; it is made again when
/// somebody asks.
enum class VariantStatus { pending, ready, failed, expired };
[[nodiscard]] std::string_view name_of(VariantStatus status);  // "pending", …
[[nodiscard]] std::optional<VariantStatus> variant_status_from_name(std::string_view name);

/// A pure function of the variants' states; nobody sets it by hand.
enum class JobStatus { unprocessed, processing, processed, failed };
[[nodiscard]] std::string_view name_of(JobStatus status);  // "UNPROCESSED", …
[[nodiscard]] std::optional<JobStatus> job_status_from_name(std::string_view name);

struct VariantCounts {
    std::uint64_t pending = 0;
    std::uint64_t ready = 0;
    std::uint64_t failed = 0;
};

/// UNPROCESSED without variants; PROCESSING while any is pending; then FAILED if any failed, else PROCESSED.
[[nodiscard]] JobStatus status_of(const VariantCounts& counts);

/// PROCESSED and FAILED: nothing more happens until somebody asks for it. UNPROCESSED counts as well: no work
/// waits.
[[nodiscard]] constexpr bool is_finished(JobStatus status) {
    return status != JobStatus::processing;
}

/// The bytes of a ready variant.
struct VariantContent {
    BlobKey blob;
    Format format = Format::jpeg;
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    std::uint64_t size_bytes = 0;
    Sha256 sha256;
    bool is_unknown_format = false;  // as of an Image

    bool operator==(const VariantContent&) const = default;
};

/// Why a variant failed, for the client.
struct VariantError {
    ErrorCode code = ErrorCode::internal;
    std::string detail;

    bool operator==(const VariantError&) const = default;
};

struct Variant {
    std::string name;
    Transform transform;
    VariantStatus status = VariantStatus::pending;
    std::optional<VariantContent> content;  // exactly when ready
    std::optional<VariantError> error;      // exactly when failed
    Timestamp updated_at;
    /// As far as it is noted; also when it was asked for because it had expired.
    std::optional<Timestamp> read_at{};
    /// The JSON object that a newer version of the program wrote, when this one does not know it: then
    /// `transform` means nothing. It is never in a claim.
    std::optional<std::string> unknown_transform{};

    bool operator==(const Variant&) const = default;
};

struct Image {
    ImageId id;
    AccountId owner;
    std::string filename;  // as the client said, made valid UTF-8; never part of a path
    BlobKey blob;          // the original
    std::uint64_t size_bytes = 0;
    Sha256 sha256;
    ImageFacts facts;
    std::optional<FocalPoint> focal_point;
    std::optional<Look> look;       // from the first render on
    Timestamp created_at;           // the time in its id
    std::vector<Variant> variants;  // in the order in which they were asked for
    /// It came to a newer version of the program, and this one does not know its format: then `facts.format`
    /// means nothing. Nothing can be made of it here.
    bool is_unknown_format = false;

    bool operator==(const Image&) const = default;
};

struct Job {
    JobId id;
    AccountId owner;
    JobStatus status = JobStatus::unprocessed;
    Priority priority = Priority::normal;
    Lane lane = Lane::normal;    // where it waits, or waited last; the catalog's choice
    std::uint32_t attempts = 0;  // claims so far; the fencing token of the newest claim
    std::string metadata_json;   // a JSON object
    Timestamp created_at;        // the time in its id
    Timestamp updated_at;
    std::optional<Timestamp> finished_at;
    Image image;

    bool operator==(const Job&) const = default;
};

/// Empty when only a newer version of the program knows it.
[[nodiscard]] std::optional<Format> known_format(const Image& image);
[[nodiscard]] std::optional<Format> known_format(const VariantContent& content);

/// The time in a version-7 UUID. It is what `created_at` of a stored record says, so that listing by id,
/// filtering by time and showing the time can never disagree.
[[nodiscard]] Timestamp time_of(const Uuid& uuid);

/// The account that everything belongs to while no other is set up.
[[nodiscard]] AccountId default_account();

}  // namespace safelight
