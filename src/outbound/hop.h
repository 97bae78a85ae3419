// One request to one address, by libcurl.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "outbound/client.h"

namespace safelight {

/// One thread at a time. A connection of its own, which ends with it.
class Hop {
  public:
    /// What is passed in outlives it. `left` is for all of it.
    Hop(const OutboundConfig& config, const OutboundRequest& request, const OutboundUrl& url,
        Milliseconds left);
    ~Hop();
    Hop(const Hop&) = delete;
    Hop& operator=(const Hop&) = delete;

    /// As OutboundExchange::read, without URLs and hosts. A redirect of a request that follows them completes
    /// it.
    [[nodiscard]] Outbound<OutboundExchange::Progress> read(std::span<std::byte> buffer,
                                                            Milliseconds patience);
    /// Of an answer that is complete: where it redirects to, as the server wrote it; else empty.
    [[nodiscard]] const std::string& location() const;
    /// Of an answer that is complete; 0 until then.
    [[nodiscard]] int status() const;

  private:
    class Transfer;
    std::unique_ptr<Transfer> transfer_;
};

}  // namespace safelight
