// What every database decides alike, outside of its SQL.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/sql/row.h"

namespace safelight {

/// What is stored for a job that is to be created: states and times of creation are the catalog's.
[[nodiscard]] Job as_stored(const Job& job);

/// A page as bounds on the id: from `lowest` on, below `upper`, newest first.
struct IdRange {
    Uuid lowest;
    Uuid upper;
};
[[nodiscard]] IdRange range_of(const ListQuery& query);

/// Above all changes up to this one.
[[nodiscard]] ChangePlace last_of(std::uint64_t change);

/// By name, the transforms by which variants are about to be made again.
using Successors = std::map<std::string, Transform, std::less<>>;

/// Adds one of them. Columns: name, transform. One that this version does not understand is nobody's wish
/// here.
void add_successor(Columns& columns, Successors& successors);

/// Those of `wanted` that the image does not have yet. Errors: conflict, with a fault for each name that
/// means something else; invalid_argument (there would be too many).
[[nodiscard]] Result<std::vector<VariantRequest>> missing_variants(const std::vector<Variant>& present,
                                                                   const Successors& successors,
                                                                   std::span<const VariantRequest> wanted);

/// Those of `wanted` that have expired, and so are made again.
[[nodiscard]] std::vector<std::string> expired_among(const std::vector<Variant>& present,
                                                     std::span<const VariantRequest> wanted);

/// Who has a job in hand, if anybody.
struct JobHold {
    ImageId image_id;
    JobStatus status = JobStatus::unprocessed;
    std::uint32_t tries = 0;
    std::optional<Timestamp> lease_until;
};
/// Columns: image_id, status, tries, lease_until.
[[nodiscard]] JobHold read_hold(Columns& columns);
/// Whether variants are pending that nobody works on any more: the lease ran out, or nobody holds the job and
/// its tries are used up.
[[nodiscard]] bool is_stuck(const JobHold& hold, std::uint32_t tries_max, Timestamp now);

/// What a claim of the image's job has to make, in order.
[[nodiscard]] std::vector<Variant> pending_of(const Image& image);

/// Whether a newer version has written what this one can make nothing of: the image's format, or the
/// transform of what has to be made.
[[nodiscard]] bool needs_newer_program(const Claim& claim);

/// What a completion says, by the job's status after it. Columns: status, lane.
[[nodiscard]] Result<Completion> completion_of(Columns& columns);

/// By value: what another version of the program wrote may be spelled differently.
[[nodiscard]] bool is_same_transform(std::string_view stored, const Transform& wanted,
                                     std::string_view wanted_text);

/// Counts one image of a survey. Columns: the image's id; status and transform of its variant, transform and
/// state of the queued one, either pair null when it is not there.
void count_in_survey(Columns& columns, const Transform& wanted, std::string_view wanted_text,
                     VariantSurvey& survey);

/// Takes in one group of the queue. Columns: state, how many.
void add_to_counts(Columns& columns, RerenderCounts& counts);

/// One number of a pair, for a column that is null when there is no pair.
template <class Pair>
[[nodiscard]] std::optional<double> member(const std::optional<Pair>& pair, double Pair::* which) {
    if (!pair) return std::nullopt;
    return (*pair).*which;
}

// Errors that every database words alike.
[[nodiscard]] std::unexpected<Error> no_job();
[[nodiscard]] std::unexpected<Error> no_image();
[[nodiscard]] std::unexpected<Error> no_variant();
[[nodiscard]] std::unexpected<Error> no_look();
[[nodiscard]] std::unexpected<Error> nothing_to_retry();
[[nodiscard]] std::unexpected<Error> nothing_to_cancel();
[[nodiscard]] std::unexpected<Error> job_fenced();
[[nodiscard]] std::unexpected<Error> rerender_fenced();
[[nodiscard]] std::unexpected<Error> upload_overdue(BlobKey blob);
[[nodiscard]] std::unexpected<Error> work_overdue(BlobKey blob, std::string_view variant);
/// Errors: internal, unless the outcome has exactly one of content and error.
[[nodiscard]] Status check_outcome(const VariantOutcome& outcome);

}  // namespace safelight
