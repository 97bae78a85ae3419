#include "webhooks/webhook_targets.h"

#include <utility>

#include "outbound/address_guard.h"
#include "outbound/url.h"

namespace safelight {
namespace {

constexpr std::size_t url_bytes_shown_max = 2'048;

std::unexpected<Error> fault(std::string_view pointer, std::string detail) {
    return invalid({{std::string(pointer), std::move(detail)}});
}

}  // namespace

Status WebhookTargets::check(std::string_view text, std::string_view pointer) const {
    if (text.size() > url_bytes_shown_max) return fault(pointer, "The address has at most 2,048 bytes.");
    const auto url = parse_url(text);
    if (!url && url.error().fault == OutboundFault::malformed_url)
        return fault(pointer, "This is no absolute address such as https://example.com/hooks.");
    if (!url)
        return fault(pointer, "The address has to begin with https:// and has no user name and password.");
    if (!url->is_https && networks_.empty()) return fault(pointer, "The address has to begin with https://.");
    if (hosts_ && !hosts_->permits(url->host, url->port))
        return fault(pointer, "The host or port is none of those that the operator permits.");
    const auto address = IpAddress::parse(url->host);
    const OutboundConfig config = url->is_https ? for_https({}) : for_http();
    if (address && !config.guard->permits(*address)) {
        return fault(pointer, url->is_https ? "The address is not public."
                                            : "The address has to begin with https://.");
    }
    return {};
}

OutboundConfig WebhookTargets::for_https(std::string ca_file) const {
    return {.hosts = hosts_, .guard = AddressGuard(networks_), .ca_file = std::move(ca_file)};
}

OutboundConfig WebhookTargets::for_http() const {
    return {.hosts = hosts_, .guard = AddressGuard::of_nothing_but(networks_)};
}

}  // namespace safelight
