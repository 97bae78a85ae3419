#include "worker/duties/endpoint_load.h"

#include <algorithm>
#include <tuple>

namespace safelight {

EndpointLoad::Endpoint EndpointLoad::state_of(WebhookId webhook) const {
    const auto found = endpoints_.find(webhook);
    return found == endpoints_.end() ? Endpoint{} : found->second;
}

std::vector<DueWebhook> EndpointLoad::in_turn(std::vector<DueWebhook> due) {
    several_accounts_are_due_ = std::ranges::any_of(
        due, [&due](const DueWebhook& webhook) { return webhook.owner != due.front().owner; });
    for (const DueWebhook& webhook : due) {
        const auto found = endpoints_.find(webhook.id);
        if (found == endpoints_.end() || found->second.updated_at == webhook.updated_at) continue;
        Endpoint& changed = found->second;
        changed.updated_at = webhook.updated_at;
        changed.failures = 0;
        changed.rests_until = {};
    }
    std::ranges::sort(due, {}, [this](const DueWebhook& webhook) {
        const Endpoint endpoint = state_of(webhook.id);
        return std::tuple(endpoint.ails(), endpoint.last_turn, webhook.id);
    });
    return due;
}

EndpointLoad::InFlight EndpointLoad::in_flight_beside(AccountId owner) const {
    InFlight now;
    for (const auto& [id, endpoint] : endpoints_) {
        const bool is_its = endpoint.owner == owner;
        if (is_its) now.of_account += endpoint.in_flight;
        if (!endpoint.ails()) continue;
        now.ailing += endpoint.in_flight;
        if (is_its) now.ailing_of_account += endpoint.in_flight;
    }
    return now;
}

std::uint32_t EndpointLoad::share_of_account(const InFlight& now) const {
    const bool is_alone = !several_accounts_are_due_ && now.of_account == in_flight_;
    const std::uint32_t quarter = all_max_ / 4;
    return std::max({is_alone ? all_max_ - quarter : quarter, each_max_, 1U});
}

std::uint32_t EndpointLoad::room(const DueWebhook& webhook, Timestamp now) const {
    const auto left = [](std::uint32_t max, std::uint32_t used) { return max - std::min(max, used); };
    const auto half = [](std::uint32_t max) { return std::max(max / 2, 1U); };
    const Endpoint endpoint = state_of(webhook.id);
    const std::uint32_t of_all = left(all_max_, in_flight_);
    if (of_all == 0 || now < endpoint.rests_until) return 0;
    const InFlight others = in_flight_beside(webhook.owner);
    const std::uint32_t share = share_of_account(others);
    const std::uint32_t of_endpoint = left(endpoint.failures > 0 ? 1 : each_max_, endpoint.in_flight);
    const std::uint32_t any = std::min({of_all, of_endpoint, left(share, others.of_account)});
    if (!endpoint.ails()) return any;
    return std::min({any, left(half(all_max_), others.ailing), left(half(share), others.ailing_of_account)});
}

void EndpointLoad::begin(const DueWebhook& webhook, Timestamp now) {
    if (endpoints_.size() >= forget_from_) forget_idle_ones(now);
    Endpoint& endpoint = endpoints_[webhook.id];
    endpoint.owner = webhook.owner;
    endpoint.updated_at = webhook.updated_at;
    ++endpoint.in_flight;
    endpoint.last_turn = ++turns_;
    ++in_flight_;
}

EndpointLoad::Endpoint& EndpointLoad::end(WebhookId webhook) {
    Endpoint& endpoint = endpoints_[webhook];
    --endpoint.in_flight;
    --in_flight_;
    return endpoint;
}

void EndpointLoad::delivered(WebhookId webhook, Milliseconds duration) {
    Endpoint& endpoint = end(webhook);
    endpoint.failures = 0;
    endpoint.is_slow = duration > slow_from;
    endpoint.rests_until = {};
}

std::uint32_t EndpointLoad::failed(WebhookId webhook, Timestamp now) {
    Endpoint& endpoint = end(webhook);
    if (now >= endpoint.rests_until) ++endpoint.failures;
    return endpoint.failures;
}

void EndpointLoad::broken_off(WebhookId webhook) {
    end(webhook);
}

void EndpointLoad::rest(WebhookId webhook, Timestamp until) {
    Endpoint& endpoint = endpoints_[webhook];
    endpoint.rests_until = std::max(endpoint.rests_until, until);
}

void EndpointLoad::forget_idle_ones(Timestamp now) {
    std::erase_if(endpoints_, [now](const auto& each) {
        const Endpoint& endpoint = each.second;
        return endpoint.in_flight == 0 &&
               (endpoint.failures == 0 || now >= endpoint.rests_until + failures_kept_for);
    });
    // Those that stay are not looked through again for each attempt.
    forget_from_ = std::max(remembered_max, 2 * endpoints_.size());
}

}  // namespace safelight
