// What becomes of a job, as events that are told in order, each once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/job_changes.h"

namespace safelight {

struct JobEvent {
    std::string_view type;  // "job.finished"
    std::string data;       // JSON, one line
};

/// What one listener was told of one job. Small: there may be thousands.
class JobStory {
  public:
    /// Nothing yet.
    JobStory() = default;
    /// That it was received is known.
    [[nodiscard]] static JobStory of_received();
    /// All that happened up to the change, for a listener who was told of it before.
    [[nodiscard]] static JobStory known_until(const JobChange& change);

    /// What is new since the last call, in order: job.received, job.queued, job.started, variant.ready or
    /// variant.failed for each, job.finished. What was over before anybody looked is told afterwards all the
    /// same, so that a story is whole; work that was asked for anew begins at job.queued again.
    [[nodiscard]] std::vector<JobEvent> tell(const JobChange& change);

    /// Whether the finish was told, and nothing was asked for since.
    [[nodiscard]] bool is_finished() const { return chapter_ == Chapter::finished; }

  private:
    enum class Chapter : std::uint8_t { none, received, queued, started, finished };

    void tell_of_variants(const Job& job, std::vector<JobEvent>& events);

    Chapter chapter_ = Chapter::none;
    std::uint32_t attempts_ = 0;
    std::uint64_t change_ = 0;
    std::uint64_t told_ready_ = 0;   // a bit for each variant, in order
    std::uint64_t told_failed_ = 0;  // likewise
};

}  // namespace safelight
