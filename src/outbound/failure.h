// What can go wrong between this server and one that somebody else has named.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace safelight {

enum class OutboundFault {
    malformed_url,       // no absolute URL
    refused_url,         // another scheme than http and https, credentials, a zone
    refused_host,        // none of the hosts that are permitted
    refused_address,     // the host has addresses, and none of them is permitted
    no_such_host,        // the name is unknown, or nobody answers who might know it
    unreachable,         // nobody takes the connection
    tls,                 // no secure connection, or a certificate that nobody vouches for
    timeout,             // too slow: to connect, in all, or for too long on end
    too_large,           // more bytes than may come
    too_many_redirects,  // more than are followed
    bad_status,          // complete, and no success
    broken_answer,       // cut short, or no HTTP
    no_resources,        // this process has no descriptor, or thread, left for a connection
};

/// "refused_host": for logs.
[[nodiscard]] std::string_view name_of(OutboundFault fault);

struct OutboundFailure {
    OutboundFault fault = OutboundFault::broken_answer;
    std::string log_text;       // for the operator: says nothing that the other server sent
    int status = 0;             // of bad_status
    std::string retry_after{};  // of bad_status: as the other server wrote it; may be empty
};

template <class T>
using Outbound = std::expected<T, OutboundFailure>;

[[nodiscard]] std::unexpected<OutboundFailure> outbound_failure(OutboundFault fault, std::string log_text,
                                                                int status = 0);

}  // namespace safelight
