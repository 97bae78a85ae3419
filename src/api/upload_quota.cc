#include "api/upload_quota.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "api/idempotent_call.h"

namespace safelight {
namespace {

constexpr std::string_view policy_name = "RateLimit-Policy";
constexpr std::string_view state_name = "RateLimit";

std::uint64_t left_of(std::uint64_t limit, std::uint64_t used) {
    return limit - std::min(limit, used);
}

std::int64_t seconds_until(Timestamp then, Timestamp now) {
    // It may have come since it was looked up.
    return std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(then - now).count(), 0);
}

void add_item(std::string& list, std::string item) {
    if (!list.empty()) list += ", ";
    list += std::move(item);
}

bool begin_anew(const Quotas& in_force) {
    return in_force.uploads_per_minute || in_force.pixels_per_day;
}

}  // namespace

UploadQuota::UploadQuota(const ApiParts& api, AccountId account, const IdempotentCall* call)
    : api_(api), account_(account), is_repetition_(call != nullptr && call->was_served()) {}

http::Task<Received<void>> UploadQuota::begin(QuotaDesk::Arrival arrival) {
    if (is_repetition_) co_return Received<void>{};
    if (const auto known = api_.quotas.remembered(account_); known == Quotas{}) {
        is_known_ = true;
        co_return Received<void>{};
    }
    arrival.account = account_;
    const auto turn = co_await api_.admission_turns->take(account_);
    if (!turn) co_return refuse(turn.error());
    auto admitted = co_await http::on_pool(api_.pool, [&] { return admit(arrival); });
    if (!admitted) co_return refuse(std::move(admitted).error());
    place_ = *std::move(admitted);
    co_return Received<void>{};
}

http::Task<Result<std::optional<AccountTurns::Turn>>> UploadQuota::job_turn() {
    // One that was set meanwhile is looked at all the same, without a turn.
    if (is_repetition_ || !limit_jobs(in_force_)) co_return std::nullopt;
    auto turn = co_await api_.job_turns->take(account_);
    if (!turn) co_return std::unexpected(std::move(turn).error());
    co_return std::optional(*std::move(turn));
}

std::function<Result<Quotas>()> UploadQuota::now() const {
    return [&quotas = api_.quotas, account = account_] { return quotas.in_force(account); };
}

Result<std::unique_ptr<QuotaDesk::Place>> UploadQuota::admit(const QuotaDesk::Arrival& arrival) {
    TRY_ASSIGN(in_force_, api_.quotas.in_force(account_));
    is_known_ = true;
    if (in_force_ == Quotas{}) return nullptr;
    return api_.quotas.admit(arrival, in_force_);
}

Result<std::optional<Usage>> UploadQuota::leave() {
    if (place_) place_->leave();
    if (!is_known_) {
        TRY_ASSIGN(in_force_, api_.quotas.in_force(account_));
    }
    if (!begin_anew(in_force_)) return std::nullopt;
    TRY_ASSIGN(Usage usage, api_.quotas.usage(account_));
    return usage;
}

Handled UploadQuota::end(Answer answer) {
    if (is_repetition_) co_return answer;
    if (!answer && answer.error().error.quota) api_.metrics.quota_refusal(answer.error().error.quota->name);
    if (!is_known_ && api_.quotas.remembered(account_) == Quotas{}) is_known_ = true;
    if (is_known_ && !place_ && !begin_anew(in_force_)) co_return answer;
    const auto usage = co_await http::on_pool_patiently(api_.pool, [&] { return leave(); });
    // Without it the answer is good all the same.
    if (usage && *usage) {
        http::Headers& headers = answer ? answer->headers : answer.error().headers;
        set_rate_limit(headers, in_force_, **usage, api_.clock.now());
    }
    co_return answer;
}

void set_rate_limit(http::Headers& headers, const Quotas& in_force, const Usage& usage, Timestamp now) {
    std::string policies;
    std::string states;
    if (const auto& limit = in_force.uploads_per_minute) {
        add_item(policies, fmt::format("\"uploads\";q={};w=60", *limit));
        const std::uint64_t left = left_of(*limit, usage.uploads_this_minute);
        std::string state = fmt::format("\"uploads\";r={}", left);
        if (usage.minute_ends_at) state += fmt::format(";t={}", seconds_until(*usage.minute_ends_at, now));
        add_item(states, std::move(state));
    }
    if (const auto& limit = in_force.pixels_per_day) {
        add_item(policies, fmt::format("\"pixels\";q={};w=86400;qu=\"pixels\"", *limit));
        add_item(states, fmt::format("\"pixels\";r={};t={}", left_of(*limit, usage.pixels_today),
                                     seconds_until(end_of_day(now), now)));
    }
    if (policies.empty()) return;
    headers.set(std::string(policy_name), std::move(policies));
    headers.set(std::string(state_name), std::move(states));
}

void copy_rate_limit(const http::Headers& from, http::Headers& to) {
    for (const std::string_view name : {policy_name, state_name}) {
        if (const auto value = from.get(name)) to.set(std::string(name), *value);
    }
}

bool is_rate_limit(std::string_view header_name) {
    return header_name == policy_name || header_name == state_name;
}

}  // namespace safelight
