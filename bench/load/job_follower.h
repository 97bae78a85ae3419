// Waits until jobs are finished, asking the server as little as possible.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/load/connection.h"
#include "bench/load/upload_request.h"
#include "bench/load/uploader.h"

namespace safelight::bench {

struct FollowPlan {
    /// Where a job is asked about; {id}, {image.id}, … are members of the upload's JSON reply.
    std::string status_url;
    std::string status_path = "status";  // dots go deeper
    std::set<std::string> done;          // lower case
    std::set<std::string> failed;
    HeaderFields headers;
    /// Ask every 20 ms; else `Prefer: wait=10` lets the server hold its answer until the job is finished.
    bool polls = false;
    std::chrono::seconds timeout{600};
};

struct JobEnd {
    bool is_failed = false;
    /// It was unfinished when it was first asked for: `seen_at` is when it finished. Else it had finished
    /// before.
    bool was_waited_for = false;
    Clock::time_point seen_at;
};

class JobFollower {
  public:
    explicit JobFollower(FollowPlan plan) : plan_(std::move(plan)) {}

    /// Blocks until the job is finished. `reply` is the upload's. Errors: timeout, unavailable,
    /// invalid_argument (the reply, or the job's state, is not what the plan says).
    [[nodiscard]] Result<JobEnd> wait_for(const std::string& reply);

  private:
    [[nodiscard]] Result<std::string> ask_state(const Url& url, bool may_be_held);
    [[nodiscard]] Result<std::string> exchange(const Url& url, const std::string& request);

    FollowPlan plan_;
    Connection connection_;
};

/// The text of a member of a JSON value ("image.id"). Errors: invalid_argument.
[[nodiscard]] Result<std::string> member_text(const boost::json::value& value, std::string_view path);

/// The template with every {path} replaced by that member, percent-encoded. Errors: invalid_argument.
[[nodiscard]] Result<std::string> expand(std::string_view url_template, const boost::json::value& reply);

}  // namespace safelight::bench
