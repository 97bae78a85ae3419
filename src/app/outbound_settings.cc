#include "app/outbound_settings.h"

#include "app/setting_kinds.h"

namespace safelight::app {

std::vector<Setting> outbound_settings() {
    const std::string section = "Other servers";
    return {
        parsed(
            section, "SAFELIGHT_SOURCE_HOSTS",
            "The hosts that pictures are fetched from when an upload names an address (\"source_url\"): "
            "example.com; *.example.com for the names below it; * for every public host; each with :port "
            "where "
            "that is neither 80 nor 443. Empty: none are fetched.",
            "a list of hosts with commas between them, or empty",
            [](auto& c) -> auto& { return c.source_hosts; },
            [](std::string_view text) { return HostList::parse(text); },
            [](const HostList& hosts) { return hosts.to_text(); }),
        duration(
            section, "SAFELIGHT_SOURCE_TIMEOUT", "The longest time for fetching a picture; past it: 504.",
            [](auto& c) -> auto& { return c.source_timeout; }, Milliseconds{100}, Milliseconds{3'600'000}),
        number(
            section, "SAFELIGHT_SOURCE_FETCHES_MAX",
            "Pictures that are fetched at the same time, each by a thread of its own; past it: 503.",
            [](auto& c) -> auto& { return c.source_fetches_max; }, 1, 256),
        parsed(
            section, "SAFELIGHT_WEBHOOK_HOSTS",
            "The hosts that webhooks may be sent to, as for SAFELIGHT_SOURCE_HOSTS; empty: all, at every "
            "port.",
            "a list of hosts with commas between them, or empty",
            [](auto& c) -> auto& { return c.webhook_hosts; },
            [](std::string_view text) { return HostList::parse(text); },
            [](const HostList& hosts) { return hosts.to_text(); }),
        duration(
            section, "SAFELIGHT_WEBHOOK_TIMEOUT", "The longest time for one attempt to deliver a webhook.",
            [](auto& c) -> auto& { return c.worker.webhooks.timeout; }, Milliseconds{100},
            Milliseconds{600'000}),
        parsed(
            section, "SAFELIGHT_WEBHOOK_RETRIES",
            "How long is waited between the attempts of a delivery, more or less; after the last one the "
            "webhook is disabled.",
            "1 to 30 times from 1 ms to 7 d with commas between them",
            [](auto& c) -> auto& { return c.worker.webhooks.retries; },
            [](std::string_view text) { return RetrySchedule::parse(text); },
            [](const RetrySchedule& schedule) { return schedule.to_text(); }),
        number(
            section, "SAFELIGHT_WEBHOOK_ATTEMPTS_MAX",
            "Webhooks that this process sends at the same time, each by a thread of its own; 0: none.",
            [](auto& c) -> auto& { return c.worker.webhooks.attempts_max; }, 0, 256),
        parsed(
            section, "SAFELIGHT_OUTBOUND_ALLOWED_NETWORKS",
            "Networks that are reached although they are not public, such as that of a store in the same "
            "building. What lies in them is within reach of whoever may name an address at a host that is "
            "permitted, and of every account that has a webhook. Webhooks are sent there without TLS as "
            "well.",
            "a list of networks such as 10.1.0.0/16 or fd00:1::/32 with commas between them, or empty",
            [](auto& c) -> auto& { return c.outbound_networks; },
            [](std::string_view text) { return parse_networks(text); },
            [](const std::vector<Network>& networks) { return to_text(networks); }),
        text(section, "SAFELIGHT_OUTBOUND_CA_FILE",
             "Who vouches for these servers, as a file of certificates (PEM); empty: whom the system trusts.",
             "a path, or empty", [](auto& c) -> auto& { return c.outbound_ca_file; }),
    };
}

}  // namespace safelight::app
