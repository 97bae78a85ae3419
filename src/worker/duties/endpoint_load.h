// How much is sent to each endpoint of webhooks at the moment, and how much more may be: a slow or dead one
// must not be in the way of others, nor an account in that of others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "catalog/webhooks.h"

namespace safelight {

/// One thread at a time.
class EndpointLoad {
  public:
    /// `all_max` attempts at the same time, `each_max` of them to one endpoint. An account has a quarter of
    /// `all_max` while others have something due or on its way, else three quarters; at least `each_max`.
    /// Endpoints that failed last, or took longer than slow_from, have half of `all_max` together, and half
    /// of what their account has; one that failed last gets a single attempt at a time.
    EndpointLoad(std::uint32_t all_max, std::uint32_t each_max) : all_max_(all_max), each_max_(each_max) {}

    static constexpr Milliseconds slow_from{1'000};
    /// An endpoint that fails is remembered this long after its rest at least, the others while there is
    /// room.
    static constexpr Milliseconds failures_kept_for{600'000};
    static constexpr std::size_t remembered_max = 1'000;

    /// Whose turn it is: the quick ones that did not fail last come first, and of equals the one that waited
    /// longest. Looks at whose they are, and forgets the failures of those that were changed.
    [[nodiscard]] std::vector<DueWebhook> in_turn(std::vector<DueWebhook> due);

    /// How many more attempts may begin now.
    [[nodiscard]] std::uint32_t room(const DueWebhook& webhook, Timestamp now) const;

    void begin(const DueWebhook& webhook, Timestamp now);

    void delivered(WebhookId webhook, Milliseconds duration);
    /// Returns how often it has failed on end: what fails while it rests does not count anew.
    std::uint32_t failed(WebhookId webhook, Timestamp now);
    /// Nobody knows how it would have ended.
    void broken_off(WebhookId webhook);

    /// Nothing is begun before.
    void rest(WebhookId webhook, Timestamp until);

    [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }
    [[nodiscard]] std::size_t remembered() const { return endpoints_.size(); }

  private:
    struct Endpoint {
        AccountId owner{};
        Timestamp updated_at{};
        std::uint32_t in_flight = 0;
        std::uint32_t failures = 0;  // since something was delivered
        bool is_slow = false;        // the last that was delivered took long
        Timestamp rests_until{};
        std::uint64_t last_turn = 0;

        [[nodiscard]] bool ails() const { return failures > 0 || is_slow; }
    };
    struct InFlight {
        std::uint32_t of_account = 0;
        std::uint32_t ailing = 0;
        std::uint32_t ailing_of_account = 0;
    };

    [[nodiscard]] Endpoint state_of(WebhookId webhook) const;
    [[nodiscard]] InFlight in_flight_beside(AccountId owner) const;
    [[nodiscard]] std::uint32_t share_of_account(const InFlight& now) const;
    Endpoint& end(WebhookId webhook);
    void forget_idle_ones(Timestamp now);

    const std::uint32_t all_max_;
    const std::uint32_t each_max_;
    std::unordered_map<WebhookId, Endpoint> endpoints_;
    std::size_t forget_from_ = remembered_max;
    bool several_accounts_are_due_ = false;
    std::uint32_t in_flight_ = 0;
    std::uint64_t turns_ = 0;
};

}  // namespace safelight
