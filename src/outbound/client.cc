#include "outbound/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "outbound/hop.h"

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// The address, if it may be asked.
Outbound<OutboundUrl> permitted(const OutboundConfig& config, Outbound<OutboundUrl> url) {
    if (url && config.hosts && !config.hosts->permits(url->host, url->port))
        return outbound_failure(OutboundFault::refused_host, fmt::format("{}:{}", url->host, url->port));
    return url;
}

class CurlExchange final : public OutboundExchange {
  public:
    CurlExchange(const OutboundConfig& config, OutboundRequest request, OutboundUrl url)
        : config_(config),
          request_(std::move(request)),
          url_(std::move(url)),
          deadline_(SteadyClock::now() + request_.timeout) {}

    Outbound<Progress> read(std::span<std::byte> buffer, Milliseconds patience) override {
        if (failure_) return std::unexpected(*failure_);
        auto progress = read_hop(buffer, patience);
        while (progress && progress->is_complete && !hop_->location().empty()) {
            const auto followed = follow();
            progress =
                followed ? read_hop(buffer, patience) : Outbound<Progress>(std::unexpected(followed.error()));
        }
        if (!progress) failure_ = progress.error();
        return progress;
    }

    const OutboundUrl& url() const override { return url_; }
    int status() const override { return hop_ ? hop_->status() : 0; }

  private:
    Outbound<Progress> read_hop(std::span<std::byte> buffer, Milliseconds patience) {
        if (!hop_) {
            const auto left = std::chrono::duration_cast<Milliseconds>(deadline_ - SteadyClock::now());
            if (left <= Milliseconds::zero()) return outbound_failure(OutboundFault::timeout, "no time left");
            hop_.emplace(config_, request_, url_, left);
        }
        return hop_->read(buffer, patience);
    }

    /// To where the present answer redirects.
    Outbound<void> follow() {
        if (++redirects_ > request_.redirects_max)
            return outbound_failure(OutboundFault::too_many_redirects,
                                    fmt::format("more than {} redirects", request_.redirects_max));
        auto next = permitted(config_, resolve_url(url_, hop_->location()));
        if (!next && next.error().fault == OutboundFault::malformed_url)
            return outbound_failure(OutboundFault::broken_answer, "redirects to what is no address");
        if (!next) return std::unexpected(std::move(next).error());
        hop_.reset();
        url_ = *std::move(next);
        return {};
    }

    const OutboundConfig& config_;
    const OutboundRequest request_;
    OutboundUrl url_;
    const SteadyClock::time_point deadline_;
    std::optional<Hop> hop_;  // empty: nobody is being asked
    std::uint32_t redirects_ = 0;
    std::optional<OutboundFailure> failure_;
};

class CurlClient final : public OutboundClient {
  public:
    explicit CurlClient(OutboundConfig config) : config_(std::move(config)) {}

    Outbound<std::unique_ptr<OutboundExchange>> begin(OutboundRequest request) override {
        auto url = permitted(config_, parse_url(request.url));
        if (!url) return std::unexpected(std::move(url).error());
        return std::make_unique<CurlExchange>(config_, std::move(request), *std::move(url));
    }

  private:
    const OutboundConfig config_;
};

}  // namespace

std::unique_ptr<OutboundClient> make_outbound_client(OutboundConfig config) {
    return std::make_unique<CurlClient>(std::move(config));
}

Outbound<std::string> read_text(OutboundClient& client, OutboundRequest request) {
    const Milliseconds patience = request.timeout;
    auto exchange = client.begin(std::move(request));
    if (!exchange) return std::unexpected(std::move(exchange).error());
    std::vector<std::byte> buffer(outbound_read_bytes_min);
    std::string text;
    for (;;) {
        const auto progress = (*exchange)->read(buffer, patience);
        if (!progress) return std::unexpected(progress.error());
        text.append(reinterpret_cast<const char*>(buffer.data()), progress->bytes);
        if (progress->is_complete) return text;
    }
}

}  // namespace safelight
