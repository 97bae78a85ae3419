// What processes tell each other of jobs by NOTIFY: "NODE claimable ID ID changed ID …". Which lane
// something became claimable in is said too, "claimable-bulk ID", unless it is the normal one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/lane.h"
#include "base/result.h"
#include "catalog/postgres/connection.h"

namespace safelight::postgres {

struct JobNewsItem {
    enum class Kind { claimable, changed };
    Kind kind = Kind::changed;
    WaitingJob job;  // its lane only counts for `claimable`

    friend bool operator==(const JobNewsItem&, const JobNewsItem&) = default;
};

struct NewsMessage {
    std::string_view node;  // who sent it
    std::vector<JobNewsItem> items;
};

/// How many items one message holds: the server takes 8,000 bytes.
inline constexpr std::size_t news_items_max = 110;

/// `node` is a word; at most `news_items_max` items.
[[nodiscard]] std::string compose_news(std::string_view node, std::span<const JobNewsItem> items);

/// What a newer version says beside that is left out. `node` refers to `text`.
[[nodiscard]] NewsMessage parse_news(std::string_view text);

/// Channels belong to the whole database, so that the schema is part of the name. Errors: also unavailable
/// (there is no table of jobs yet).
[[nodiscard]] Result<std::string> news_channel(Connection& connection);

}  // namespace safelight::postgres
