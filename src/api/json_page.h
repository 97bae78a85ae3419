// Pages of lists as JSON.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "api/handlers.h"
#include "api/request_values.h"

namespace safelight {

/// Of records of which one more than `limit` was asked for, to know whether there are more. `show` makes the
/// JSON of one, `place` says where a page that begins after it goes on.
template <class Record, class Show, class Place>
[[nodiscard]] http::Response page_of(const http::Request& request, std::span<const Record> records,
                                     std::uint32_t limit, ListKind kind, Show show, Place place) {
    const auto shown = records.first(std::min<std::size_t>(records.size(), limit));
    boost::json::array items;
    for (const Record& record : shown) items.emplace_back(show(record));
    std::optional<std::string> cursor;
    if (records.size() > limit) cursor = cursor_after(kind, place(shown.back()));
    const boost::json::object page{
        {"items", std::move(items)},
        {"next_cursor", cursor ? boost::json::value(*cursor) : boost::json::value(nullptr)}};
    return page_response(request, boost::json::serialize(page), cursor);
}

}  // namespace safelight
