#include "catalog/sql/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "catalog/sql/rows.h"

namespace safelight {

Job as_stored(const Job& job) {
    Job stored = job;
    stored.attempts = 0;
    stored.lane = static_cast<Lane>(stored.priority);
    stored.created_at = time_of(job.id.uuid);
    stored.finished_at.reset();
    stored.image.owner = job.owner;
    stored.image.look.reset();
    stored.image.created_at = time_of(job.image.id.uuid);
    for (Variant& variant : stored.image.variants) {
        variant.status = VariantStatus::pending;
        variant.content.reset();
        variant.error.reset();
        variant.updated_at = job.updated_at;
    }
    stored.status = status_of({.pending = stored.image.variants.size()});
    return stored;
}

IdRange range_of(const ListQuery& query) {
    IdRange range;
    range.upper.bytes.fill(std::numeric_limits<std::uint8_t>::max());
    if (query.created_after) range.lowest = Uuid::lowest_at(*query.created_after + Milliseconds{1});
    if (query.created_before) range.upper = Uuid::lowest_at(*query.created_before);
    if (query.after) range.upper = std::min(range.upper, *query.after);
    return range;
}

ChangePlace last_of(std::uint64_t change) {
    ChangePlace place{.change = change, .job = {}};
    place.job.uuid.bytes.fill(std::numeric_limits<std::uint8_t>::max());
    return place;
}

void add_successor(Columns& columns, Successors& successors) {
    std::string name = columns.text();
    auto transform = parse_stored_transform(columns.view());
    if (transform) successors.emplace(std::move(name), *std::move(transform));
}

Result<std::vector<VariantRequest>> missing_variants(const std::vector<Variant>& present,
                                                     const Successors& successors,
                                                     std::span<const VariantRequest> wanted) {
    std::map<std::string_view, const Transform*> known;  // null: of a newer version, and unlike any of ours
    for (const Variant& variant : present)
        known.emplace(variant.name, variant.unknown_transform ? nullptr : &variant.transform);
    const auto is_succeeding = [&successors](const VariantRequest& request) {
        const auto successor = successors.find(request.name);
        return successor != successors.end() && successor->second == request.transform;
    };
    std::vector<VariantRequest> missing;
    std::vector<Fault> faults;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto [entry, is_new] = known.emplace(wanted[i].name, &wanted[i].transform);
        if (is_new) {
            missing.push_back(wanted[i]);
        } else if ((entry->second == nullptr || *entry->second != wanted[i].transform) &&
                   !is_succeeding(wanted[i])) {
            faults.push_back({fmt::format("/variants/{}", i),
                              fmt::format("The name \"{}\" is taken by a variant with another transform.",
                                          wanted[i].name)});
        }
    }
    if (!faults.empty()) {
        return std::unexpected(Error{
            ErrorCode::conflict, "A variant's name is taken by another transform.", {}, std::move(faults)});
    }
    if (!missing.empty() && present.size() + missing.size() > variants_per_image_max) {
        return invalid({{"/variants", fmt::format("An image may have {} variants; this one has {} already.",
                                                  variants_per_image_max, present.size())}});
    }
    return missing;
}

std::vector<std::string> expired_among(const std::vector<Variant>& present,
                                       std::span<const VariantRequest> wanted) {
    std::vector<std::string> expired;
    for (const Variant& variant : present) {
        if (variant.status == VariantStatus::expired &&
            std::ranges::find(wanted, variant.name, &VariantRequest::name) != wanted.end())
            expired.push_back(variant.name);
    }
    return expired;
}

JobHold read_hold(Columns& columns) {
    JobHold hold;
    hold.image_id = columns.id<ImageId>();
    hold.status = columns.named(job_status_from_name);
    hold.tries = columns.number<std::uint32_t>();
    hold.lease_until = columns.optional_time();
    return hold;
}

bool is_stuck(const JobHold& hold, std::uint32_t tries_max, Timestamp now) {
    if (is_finished(hold.status)) return false;
    if (hold.lease_until) return *hold.lease_until <= now;
    return hold.tries >= tries_max;
}

std::vector<Variant> pending_of(const Image& image) {
    std::vector<Variant> pending;
    for (const Variant& variant : image.variants) {
        if (variant.status == VariantStatus::pending) pending.push_back(variant);
    }
    return pending;
}

bool needs_newer_program(const Claim& claim) {
    return claim.image.is_unknown_format || std::ranges::any_of(claim.pending, [](const Variant& variant) {
               return variant.unknown_transform.has_value();
           });
}

Result<Completion> completion_of(Columns& columns) {
    const JobStatus now_is = columns.named(job_status_from_name);
    const Lane lane = read_lane(columns);
    TRY(columns.status());
    return Completion{.status = now_is, .more_pending = !is_finished(now_is), .lane = lane};
}

bool is_same_transform(std::string_view stored, const Transform& wanted, std::string_view wanted_text) {
    if (stored == wanted_text) return true;
    const auto transform = parse_stored_transform(stored);
    return transform && *transform == wanted;
}

void count_in_survey(Columns& columns, const Transform& wanted, std::string_view wanted_text,
                     VariantSurvey& survey) {
    const auto id = columns.id<ImageId>();
    if (columns.next_is_null()) return;
    const VariantStatus status = columns.named(variant_status_from_name);
    const std::string made_by = columns.text();
    if (status != VariantStatus::ready) {
        if (is_same_transform(made_by, wanted, wanted_text)) {
            ++survey.unready;
        } else {
            (status == VariantStatus::pending ? survey.unmade : survey.given_up).push_back(id);
        }
        return;
    }
    const bool is_queued = !columns.next_is_null();
    const bool queued_for_wanted = is_queued && is_same_transform(columns.view(), wanted, wanted_text);
    if (is_same_transform(made_by, wanted, wanted_text)) {
        ++survey.current;
        if (is_queued && !queued_for_wanted) survey.withdrawn.push_back(id);
    } else if (queued_for_wanted) {
        if (columns.view() == "failed") {
            survey.failed.push_back(id);
        } else {
            ++survey.waiting;
        }
    } else {
        survey.stale.push_back(id);
        ++survey.stale_transforms[made_by];
    }
}

void add_to_counts(Columns& columns, RerenderCounts& counts) {
    const bool failed = columns.view() == "failed";
    (failed ? counts.failed : counts.waiting) = columns.number<std::uint64_t>();
}

std::unexpected<Error> no_job() {
    return failure(ErrorCode::not_found, "There is no such job.");
}

std::unexpected<Error> no_image() {
    return failure(ErrorCode::not_found, "There is no such image.");
}

std::unexpected<Error> no_variant() {
    return failure(ErrorCode::not_found, "The image has no variant of this name.");
}

std::unexpected<Error> no_look() {
    return failure(ErrorCode::conflict,
                   "It is not known yet what the image looks like: that is found out when its first "
                   "variant is made.");
}

std::unexpected<Error> nothing_to_retry() {
    return failure(ErrorCode::nothing_to_retry, "No variant of the job has failed, and it is not stuck.");
}

std::unexpected<Error> nothing_to_cancel() {
    return failure(ErrorCode::nothing_to_cancel, "No variant of the job is pending.");
}

std::unexpected<Error> job_fenced() {
    return failure(ErrorCode::fenced, "The job was taken over, finished or deleted meanwhile.");
}

std::unexpected<Error> rerender_fenced() {
    return failure(ErrorCode::fenced, "The variant is somebody else's now, or gone.");
}

std::unexpected<Error> upload_overdue(BlobKey blob) {
    return failure(ErrorCode::conflict, "The upload took too long; send it again.",
                   fmt::format("blob {} is not reserved any more", blob.to_string()));
}

std::unexpected<Error> work_overdue(BlobKey blob, std::string_view variant) {
    return failure(ErrorCode::conflict, "The work took too long.",
                   fmt::format("blob {} of variant {} is not reserved any more", blob.to_string(), variant));
}

Status check_outcome(const VariantOutcome& outcome) {
    if (outcome.content.has_value() != outcome.error.has_value()) return {};
    return failure(
        ErrorCode::internal, "Something went wrong.",
        fmt::format("the outcome of variant {} has both content and error, or neither", outcome.name));
}

}  // namespace safelight
