#include "outbound/failure.h"

#include <utility>

namespace safelight {

std::string_view name_of(OutboundFault fault) {
    switch (fault) {
        case OutboundFault::malformed_url:
            return "malformed_url";
        case OutboundFault::refused_url:
            return "refused_url";
        case OutboundFault::refused_host:
            return "refused_host";
        case OutboundFault::refused_address:
            return "refused_address";
        case OutboundFault::no_such_host:
            return "no_such_host";
        case OutboundFault::unreachable:
            return "unreachable";
        case OutboundFault::tls:
            return "tls";
        case OutboundFault::timeout:
            return "timeout";
        case OutboundFault::too_large:
            return "too_large";
        case OutboundFault::too_many_redirects:
            return "too_many_redirects";
        case OutboundFault::bad_status:
            return "bad_status";
        case OutboundFault::broken_answer:
            return "broken_answer";
        case OutboundFault::no_resources:
            return "no_resources";
    }
    return "unknown";
}

std::unexpected<OutboundFailure> outbound_failure(OutboundFault fault, std::string log_text, int status) {
    return std::unexpected(OutboundFailure{fault, std::move(log_text), status, {}});
}

}  // namespace safelight
