// Which URLs an endpoint may have.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "outbound/client.h"
#include "outbound/host_list.h"
#include "outbound/ip_address.h"

namespace safelight {

/// https to addresses that are public or in a permitted network; http to those in a permitted network alone.
/// Immutable; any thread.
class WebhookTargets {
  public:
    /// `hosts`: who may be told; empty: everybody, at every port. `networks`: which addresses may be
    /// connected to although they are not public.
    WebhookTargets(std::optional<HostList> hosts, std::vector<Network> networks)
        : hosts_(std::move(hosts)), networks_(std::move(networks)) {}

    /// As far as it shows without a name server. Errors: invalid_argument, the fault at `pointer`.
    [[nodiscard]] Status check(std::string_view url, std::string_view pointer) const;

    /// Of clients for https and for http, whose guards judge each address as it is connected to.
    [[nodiscard]] OutboundConfig for_https(std::string ca_file) const;
    [[nodiscard]] OutboundConfig for_http() const;

  private:
    std::optional<HostList> hosts_;
    std::vector<Network> networks_;
};

}  // namespace safelight
