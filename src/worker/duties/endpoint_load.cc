#include "worker/duties/endpoint_load.h"

#include <algorithm>
#include <tuple>

namespace safelight {
namespace {

/// Those that idle are remembered up to here, for their turn.
constexpr std::size_t remembered_max = 1'000;

}  // namespace

EndpointLoad::Endpoint EndpointLoad::state_of(WebhookId webhook) const {
    const auto found = endpoints_.find(webhook);
    return found == endpoints_.end() ? Endpoint{} : found->second;
}

std::vector<WebhookId> EndpointLoad::in_turn(std::vector<WebhookId> due) const {
    std::ranges::sort(due, {}, [this](WebhookId webhook) {
        const Endpoint endpoint = state_of(webhook);
        return std::tuple(endpoint.failures > 0, endpoint.last_turn, webhook);
    });
    return due;
}

std::uint32_t EndpointLoad::in_flight_to_failing() const {
    std::uint32_t count = 0;
    for (const auto& [id, endpoint] : endpoints_) {
        if (endpoint.failures > 0) count += endpoint.in_flight;
    }
    return count;
}

std::uint32_t EndpointLoad::room(WebhookId webhook, Timestamp now) const {
    const auto left = [](std::uint32_t max, std::uint32_t used) { return max - std::min(max, used); };
    const Endpoint endpoint = state_of(webhook);
    if (now < endpoint.rests_until) return 0;
    const std::uint32_t of_all = left(all_max_, in_flight_);
    if (endpoint.failures == 0) return std::min(of_all, left(each_max_, endpoint.in_flight));
    const std::uint32_t failing_max = std::max(all_max_ / 2, 1U);
    return std::min({of_all, left(1, endpoint.in_flight), left(failing_max, in_flight_to_failing())});
}

void EndpointLoad::begin(WebhookId webhook) {
    if (endpoints_.size() >= remembered_max) forget_idle_ones();
    Endpoint& endpoint = endpoints_[webhook];
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

void EndpointLoad::delivered(WebhookId webhook) {
    Endpoint& endpoint = end(webhook);
    endpoint.failures = 0;
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

void EndpointLoad::forget_idle_ones() {
    std::erase_if(endpoints_, [](const auto& each) { return each.second.in_flight == 0; });
}

}  // namespace safelight
