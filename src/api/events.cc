#include <fmt/format.h>

#include "api/event_streams.h"
#include "api/handlers.h"
#include "api/request_values.h"

namespace safelight {
namespace {

/// What the client has heard before, if it says so. Errors: invalid_argument.
Result<std::optional<ChangePlace>> last_heard(const http::Request& request) {
    const auto text = request.headers.get("Last-Event-ID");
    if (!text || text->empty()) return std::nullopt;
    const auto place = parse_event_id(*text);
    if (!place) return invalid({{"", "Last-Event-ID is none that this server has given out."}});
    return place;
}

std::expected<StreamSlot, Refusal> take_slot(const ApiParts& api) {
    auto slot = StreamSlot::take(api.open_streams, api.events.streams_max);
    if (slot) return *std::move(slot);
    return refuse(Error{ErrorCode::overloaded, "Too many event streams are open.", {}, {}});
}

http::Response stream_of(std::unique_ptr<http::LiveSource> source) {
    http::Response response;
    response.headers.set("Content-Type", "text/event-stream");
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("X-Accel-Buffering", "no");  // for nginx, which would hold events back
    response.body = http::LiveBody{std::move(source)};
    return response;
}

}  // namespace

Handled get_job_events(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<JobId>(request);
    if (!id) co_return refuse(id.error());
    const auto last = last_heard(request);
    if (!last) co_return refuse(last.error());
    auto seen = co_await http::on_pool(api.pool, [&] { return api.changes.find(principal.account, *id); });
    if (!seen) co_return refuse(seen.error());
    // Tells a client that connects again by itself that there is nothing more to come.
    if (*last && **last == seen->place && is_finished(seen->job.status))
        co_return http::Response{.status = 204, .headers = {}, .body = {}};
    auto slot = take_slot(api);
    if (!slot) co_return std::unexpected(std::move(slot).error());
    co_return stream_of(make_job_events(api, principal, request, *std::move(slot), *std::move(seen), *last));
}

Handled get_events(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto last = last_heard(request);
    if (!last) co_return refuse(last.error());
    const auto end = co_await http::on_pool(api.pool, [&] { return api.changes.end(); });
    if (!end) co_return refuse(end.error());
    auto slot = take_slot(api);
    if (!slot) co_return std::unexpected(std::move(slot).error());
    // Of another catalog, or of one that was restored from before: what happened since cannot be told.
    const bool is_unknown = *last && (*last)->change > end->change;
    const bool resumes = *last && !is_unknown;
    AccountStart start{.from = resumes ? **last : *end, .reset = is_unknown};
    if (!resumes) start.known_until = api.clock.now();
    co_return stream_of(make_account_events(api, principal, request, *std::move(slot), start));
}

}  // namespace safelight
