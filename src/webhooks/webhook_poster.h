// One attempt to deliver: a signed POST.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/webhooks.h"
#include "webhooks/webhook_targets.h"

namespace safelight {

struct WebhookPost {
    std::string url;
    std::string message_id;  // as message_id_of
    Timestamp sent_at;
    std::string payload;
    std::span<const SigningSecret> secrets;
};

/// What came of it.
struct PostResult {
    std::optional<int> status{};  // empty: there was no answer
    std::string error;            // "" for 2xx, else a short name, which the account sees
    std::string retry_after;      // the header's value; may be empty
    bool is_stopped = false;      // it was broken off: nobody knows
    bool is_unsent = false;       // no descriptor or thread was left here: nobody was asked, and it is no
                                  // attempt
    std::string fault{};          // for the operator alone, where `error` does not say all: the name of an
                                  // OutboundFault; else ""

    bool operator==(const PostResult&) const = default;
};

/// Any thread may call.
class WebhookPoster {
  public:
    virtual ~WebhookPoster() = default;

    /// Blocks for the poster's timeout at most, or until `stop` is asked for. Redirects are not followed, and
    /// nothing is read of the answer but its head.
    [[nodiscard]] virtual PostResult post(const WebhookPost& post, const std::stop_token& stop) = 0;
};

struct PosterConfig {
    Milliseconds timeout{15'000};
    std::string ca_file;  // who vouches for servers; empty: whom the system trusts
};

[[nodiscard]] std::unique_ptr<WebhookPoster> make_webhook_poster(const WebhookTargets& targets,
                                                                 const PosterConfig& config);

}  // namespace safelight
