// Which addresses may be connected to when somebody else has named the host.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <utility>
#include <vector>

#include "outbound/ip_address.h"

namespace safelight {

/// Permits global unicast addresses and nothing else: no loopback, no private, link-local, shared, multicast,
/// reserved or documentation addresses (RFC 6890 and the registries of IANA), and none that carry such an
/// IPv4 address in them. Immutable; any thread.
class AddressGuard {
  public:
    /// What lies in `allowed` is permitted all the same.
    explicit AddressGuard(std::vector<Network> allowed = {}) : allowed_(std::move(allowed)) {}
    /// What lies in `allowed` is permitted, and nothing else.
    [[nodiscard]] static AddressGuard of_nothing_but(std::vector<Network> allowed) {
        AddressGuard guard(std::move(allowed));
        guard.permits_public_ = false;
        return guard;
    }

    [[nodiscard]] bool permits(const IpAddress& address) const;

  private:
    std::vector<Network> allowed_;
    bool permits_public_ = true;
};

/// What a socket would be connected to. Empty when that is no address of IPv4 or IPv6, or one within a zone
/// of this machine.
[[nodiscard]] std::optional<IpAddress> address_of(const sockaddr& address, socklen_t length);

}  // namespace safelight
