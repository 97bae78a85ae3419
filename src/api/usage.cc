// What accounts have and do, beside what they may.
#include <boost/json.hpp>

#include "api/handlers.h"
#include "api/json_values.h"
#include "api/request_values.h"

namespace safelight {
namespace {

namespace json = boost::json;

struct QuotaState {
    Quotas in_force;
    Usage usage;
};

json::object state_of(const std::optional<std::uint64_t>& limit, std::uint64_t used,
                      const std::optional<Timestamp>& resets_at) {
    json::object state{{"limit", nullptr}, {"used", used}, {"remaining", nullptr}};
    if (limit) {
        state["limit"] = *limit;
        state["remaining"] = *limit - std::min(*limit, used);
    }
    state["resets_at"] = time_or_null(resets_at);
    return state;
}

std::string json_of(AccountId account, const QuotaState& state, Timestamp now) {
    const auto& [limits, usage] = state;
    json::object quotas{
        {"stored_bytes", state_of(limits.stored_bytes, usage.stored_bytes, {})},
        {"images", state_of(limits.images, usage.images, {})},
        {"uploads_per_minute",
         state_of(limits.uploads_per_minute, usage.uploads_this_minute, usage.minute_ends_at)},
        {"concurrent_uploads", state_of(limits.concurrent_uploads, usage.concurrent_uploads, {})},
        {"pixels_per_day", state_of(limits.pixels_per_day, usage.pixels_today, end_of_day(now))}};
    return json::serialize(json::object{{"account_id", account.to_string()}, {"quotas", std::move(quotas)}});
}

Result<QuotaState> read_state(QuotaDesk& desk, AccountId account) {
    QuotaState state;
    TRY_ASSIGN(state.in_force, desk.in_force_now(account));
    TRY_ASSIGN(state.usage, desk.usage(account));
    return state;
}

}  // namespace

Handled get_usage(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto state =
        co_await http::on_pool(api.pool, [&] { return read_state(api.quotas, principal.account); });
    if (!state) co_return refuse(state.error());
    co_return json_response(200, json_of(principal.account, *state, api.clock.now()));
}

Handled get_account_usage(const ApiParts& api, const Principal&, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<AccountId>(request);
    if (!id) co_return refuse(id.error());
    const auto state = co_await http::on_pool(api.pool, [&]() -> Result<QuotaState> {
        TRY(api.keys.find_account(*id));
        return read_state(api.quotas, *id);
    });
    if (!state) co_return refuse(state.error());
    co_return json_response(200, json_of(*id, *state, api.clock.now()));
}

}  // namespace safelight
