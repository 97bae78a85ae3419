// How much is sent to each endpoint of webhooks at the moment, and how much more may be: a slow or dead one
// must not be in the way of others.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "catalog/webhooks.h"

namespace safelight {

/// One thread at a time.
class EndpointLoad {
  public:
    /// `all_max` attempts at the same time, `each_max` of them to one endpoint. One that failed last gets a
    /// single one at a time, and all of these together half of `all_max`.
    EndpointLoad(std::uint32_t all_max, std::uint32_t each_max) : all_max_(all_max), each_max_(each_max) {}

    /// Whose turn it is: those that did not fail last come first, and of equals the one that waited longest.
    [[nodiscard]] std::vector<WebhookId> in_turn(std::vector<WebhookId> due) const;

    /// How many more attempts may begin now.
    [[nodiscard]] std::uint32_t room(WebhookId webhook, Timestamp now) const;

    void begin(WebhookId webhook);

    void delivered(WebhookId webhook);
    /// Returns how often it has failed on end: what fails while it rests does not count anew.
    std::uint32_t failed(WebhookId webhook, Timestamp now);
    /// Nobody knows how it would have ended.
    void broken_off(WebhookId webhook);

    /// Nothing is begun before.
    void rest(WebhookId webhook, Timestamp until);

    [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }

  private:
    struct Endpoint {
        std::uint32_t in_flight = 0;
        std::uint32_t failures = 0;  // since something was delivered
        Timestamp rests_until{};
        std::uint64_t last_turn = 0;
    };

    [[nodiscard]] Endpoint state_of(WebhookId webhook) const;
    [[nodiscard]] std::uint32_t in_flight_to_failing() const;
    Endpoint& end(WebhookId webhook);
    void forget_idle_ones();

    const std::uint32_t all_max_;
    const std::uint32_t each_max_;
    std::unordered_map<WebhookId, Endpoint> endpoints_;
    std::uint32_t in_flight_ = 0;
    std::uint64_t turns_ = 0;
};

}  // namespace safelight
