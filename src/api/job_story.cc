#include "api/job_story.h"

#include <fmt/format.h>

#include "api/json.h"
#include "catalog/catalog.h"

namespace safelight {
namespace {

static_assert(variants_per_image_max <= 64, "a story has a bit for each variant");

/// What a listener needs to place the event; the job's own shape comes with its finish.
JobEvent step(std::string_view type, const Job& job) {
    return {type,
            fmt::format(R"({{"id":"{}","image_id":"{}","status":"{}","attempts":{}}})", job.id.to_string(),
                        job.image.id.to_string(), name_of(job.status), job.attempts)};
}

}  // namespace

JobStory JobStory::of_received() {
    JobStory story;
    story.chapter_ = Chapter::received;
    return story;
}

JobStory JobStory::known_until(const JobChange& change) {
    JobStory story;
    static_cast<void>(story.tell(change));
    // A worker may have begun since.
    if (!safelight::is_finished(change.job.status)) {
        story.chapter_ = Chapter::queued;
        story.attempts_ = 0;
    }
    return story;
}

std::vector<JobEvent> JobStory::tell(const JobChange& change) {
    const Job& job = change.job;
    std::vector<JobEvent> events;
    if (chapter_ == Chapter::none) {
        events.push_back(step("job.received", job));
        chapter_ = Chapter::received;
    }
    if (chapter_ == Chapter::finished && change.place.change == change_) return events;
    change_ = change.place.change;
    if (job.status == JobStatus::unprocessed) return events;
    if (chapter_ == Chapter::received || chapter_ == Chapter::finished) {
        events.push_back(step("job.queued", job));
        chapter_ = Chapter::queued;
        told_failed_ = 0;  // what had failed is made again, or was
    }
    if (job.attempts > attempts_) {
        events.push_back(step("job.started", job));
        attempts_ = job.attempts;
        chapter_ = Chapter::started;
    }
    tell_of_variants(job, events);
    if (safelight::is_finished(job.status)) {
        events.push_back({"job.finished", to_json(job)});
        chapter_ = Chapter::finished;
    }
    return events;
}

void JobStory::tell_of_variants(const Job& job, std::vector<JobEvent>& events) {
    std::uint64_t bit = 1;
    for (const Variant& variant : job.image.variants) {
        const bool is_ready = variant.status == VariantStatus::ready;
        const bool is_failed = variant.status == VariantStatus::failed;
        std::uint64_t& told = is_ready ? told_ready_ : told_failed_;
        if (!is_ready && !is_failed) told_ready_ &= ~bit;  // has expired, or is made again since
        if ((is_ready || is_failed) && (told & bit) == 0) {
            told |= bit;
            events.push_back(
                {is_ready ? "variant.ready" : "variant.failed",
                 fmt::format(R"({{"job_id":"{}","image_id":"{}","variant":{}}})", job.id.to_string(),
                             job.image.id.to_string(), to_json(variant, job.image.id))});
        }
        bit <<= 1;
    }
}

}  // namespace safelight
