// Server-sent events: what becomes of one job, or of all of an account's jobs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/api.h"
#include "catalog/job_changes.h"

namespace safelight {

/// The id of an event, which a client gives back as Last-Event-ID: "1fe3-01934b7e-…".
[[nodiscard]] std::string event_id_of(const ChangePlace& place);
[[nodiscard]] std::optional<ChangePlace> parse_event_id(std::string_view text);

/// One of the streams that may be open at the same time; gives its place back when it is destroyed.
class StreamSlot {
  public:
    /// Empty when there are `streams_max`.
    [[nodiscard]] static std::optional<StreamSlot> take(std::shared_ptr<std::atomic<std::uint32_t>> open,
                                                        std::uint32_t streams_max);
    ~StreamSlot();
    StreamSlot(StreamSlot&&) noexcept = default;
    StreamSlot& operator=(StreamSlot&&) = delete;

  private:
    explicit StreamSlot(std::shared_ptr<std::atomic<std::uint32_t>> open) : open_(std::move(open)) {}
    std::shared_ptr<std::atomic<std::uint32_t>> open_;  // empty: moved from
};

/// Ends after the job's finish. `seen` is the job as it stood when its existence was checked; `last` what the
/// client has of it. `api` and `request` outlive the source.
[[nodiscard]] std::unique_ptr<http::LiveSource> make_job_events(const ApiParts& api,
                                                                const Principal& principal,
                                                                const http::Request& request, StreamSlot slot,
                                                                JobChange seen,
                                                                const std::optional<ChangePlace>& last);

/// Where a stream of an account's jobs begins.
struct AccountStart {
    ChangePlace from;         // what is told has a higher place
    bool reset = false;       // the client's place is none of this catalog's: it is told so first
    Timestamp known_until{};  // of jobs that are older it is known that they were received
};

/// Goes on for as long as the client listens. `api` and `request` outlive the source.
[[nodiscard]] std::unique_ptr<http::LiveSource> make_account_events(const ApiParts& api,
                                                                    const Principal& principal,
                                                                    const http::Request& request,
                                                                    StreamSlot slot,
                                                                    const AccountStart& start);

}  // namespace safelight
