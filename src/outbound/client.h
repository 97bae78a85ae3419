// Requests to servers that somebody else may have named, and their answers, piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "outbound/address_guard.h"
#include "outbound/failure.h"
#include "outbound/host_list.h"
#include "outbound/url.h"

namespace safelight {

struct OutboundConfig {
    std::optional<HostList> hosts = {};      // which may be asked; empty: every one
    std::optional<AddressGuard> guard = {};  // which addresses may be connected to; empty: every one
    std::string ca_file = {};                // who vouches for servers; empty: whom the system trusts
};

struct OutboundHeader {
    std::string name;
    std::string value;
};

struct OutboundRequest {
    std::string url;
    std::vector<OutboundHeader> headers = {};
    std::optional<std::string> body = {};  // sent with POST; empty: GET
    std::uint64_t bytes_max = 65'536;      // of the answer's body
    bool wants_body = true;                // else a success is complete with its head
    Milliseconds timeout{30'000};          // from begin() to the end of the answer, redirects included
    Milliseconds connect_timeout{5'000};   // for each address that is asked
    Milliseconds stall_timeout{10'000};    // in whole seconds: slower than stalled_bytes_per_s for so long
    std::uint32_t redirects_max = 0;       // of a GET; with none, a redirect is no success
};

inline constexpr long stalled_bytes_per_s = 500;

/// What a buffer for an answer has to hold at least.
inline constexpr std::size_t outbound_read_bytes_min = 16 * 1'024;

/// One request in progress. One thread at a time. Destroyed early, it closes the connection. While a name
/// server is silent, a call that has run out of time, and the destructor, wait until the system's resolver
/// has given up: its thread is left behind by nobody.
class OutboundExchange {
  public:
    virtual ~OutboundExchange() = default;

    struct Progress {
        std::size_t bytes = 0;  // put into the buffer
        bool is_complete = false;
    };
    /// Waits for bytes of the body of a successful answer, for its end, or until `patience` has passed: then
    /// there are no bytes, and it is not complete. Blocks. `buffer` holds at least outbound_read_bytes_min.
    /// After the end, or a failure, each call says the same again. Errors: all but malformed_url; a refused
    /// URL or host is one that was redirected to.
    [[nodiscard]] virtual Outbound<Progress> read(std::span<std::byte> buffer, Milliseconds patience) = 0;

    /// The address that is asked, or has answered.
    [[nodiscard]] virtual const OutboundUrl& url() const = 0;

    /// The status of an answer that is complete; 0 until then.
    [[nodiscard]] virtual int status() const = 0;
};

/// Any thread may call. Outlives its exchanges.
class OutboundClient {
  public:
    virtual ~OutboundClient() = default;

    /// Checks the address, and asks nobody before the first read. Does not block. Errors: malformed_url,
    /// refused_url, refused_host.
    [[nodiscard]] virtual Outbound<std::unique_ptr<OutboundExchange>> begin(OutboundRequest request) = 0;
};

[[nodiscard]] std::unique_ptr<OutboundClient> make_outbound_client(OutboundConfig config);

/// The whole body of a short answer. Blocks until `request.timeout` at most. Errors: all.
[[nodiscard]] Outbound<std::string> read_text(OutboundClient& client, OutboundRequest request);

}  // namespace safelight
