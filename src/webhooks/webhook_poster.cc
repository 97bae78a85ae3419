#include "webhooks/webhook_poster.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "outbound/client.h"
#include "outbound/url.h"
#include "webhooks/signature.h"

namespace safelight {
namespace {

/// How soon a stop is noticed.
constexpr Milliseconds patience{200};
constexpr Milliseconds connect_timeout_max{5'000};

std::vector<OutboundHeader> headers_of(const WebhookPost& post) {
    const std::string timestamp = timestamp_text(post.sent_at);
    return {{"Content-Type", "application/json"},
            {"webhook-id", post.message_id},
            {"webhook-timestamp", timestamp},
            {"webhook-signature", signatures_of(post.secrets, post.message_id, timestamp, post.payload)}};
}

PostResult result_of(const OutboundFailure& failure) {
    PostResult result;
    if (failure.fault == OutboundFault::bad_status) result.status = failure.status;
    result.error = name_of(failure.fault);
    // One name for both: which names there are inside of a network is nobody's business.
    if (failure.fault == OutboundFault::refused_address || failure.fault == OutboundFault::no_such_host)
        result.fault = std::exchange(result.error, "no_public_address");
    result.is_unsent = failure.fault == OutboundFault::no_resources;
    result.retry_after = failure.retry_after;
    return result;
}

class OutboundPoster final : public WebhookPoster {
  public:
    OutboundPoster(const WebhookTargets& targets, const PosterConfig& config)
        : config_(config),
          secure_(make_outbound_client(targets.for_https(config.ca_file))),
          plain_(make_outbound_client(targets.for_http())) {}

    PostResult post(const WebhookPost& post, const std::stop_token& stop) override {
        const auto url = parse_url(post.url);
        if (!url) return result_of(url.error());
        OutboundClient& client = url->is_https ? *secure_ : *plain_;
        auto exchange = client.begin({.url = post.url,
                                      .headers = headers_of(post),
                                      .body = post.payload,
                                      .wants_body = false,
                                      .timeout = config_.timeout,
                                      .connect_timeout = std::min(connect_timeout_max, config_.timeout),
                                      .stall_timeout = config_.timeout + std::chrono::seconds{1}});
        if (!exchange) return result_of(exchange.error());
        std::vector<std::byte> buffer(outbound_read_bytes_min);
        while (!stop.stop_requested()) {
            const auto progress = (*exchange)->read(buffer, patience);
            if (!progress) return result_of(progress.error());
            if (progress->is_complete)
                return {.status = (*exchange)->status(), .error = {}, .retry_after = {}};
        }
        return {.status = {}, .error = "stopped", .retry_after = {}, .is_stopped = true};
    }

  private:
    const PosterConfig config_;
    const std::unique_ptr<OutboundClient> secure_;
    const std::unique_ptr<OutboundClient> plain_;
};

}  // namespace

std::unique_ptr<WebhookPoster> make_webhook_poster(const WebhookTargets& targets,
                                                   const PosterConfig& config) {
    return std::make_unique<OutboundPoster>(targets, config);
}

}  // namespace safelight
