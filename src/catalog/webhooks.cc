#include "catalog/webhooks.h"

#include <array>
#include <utility>

namespace safelight {
namespace {

constexpr std::array<std::pair<WebhookEvent, std::string_view>, 3> event_names{{
    {WebhookEvent::job_processed, "job.processed"},
    {WebhookEvent::job_failed, "job.failed"},
    {WebhookEvent::webhook_disabled, "webhook.disabled"},
}};

constexpr std::array<std::pair<DisabledReason, std::string_view>, 3> reason_names{{
    {DisabledReason::paused, "paused"},
    {DisabledReason::gone, "gone"},
    {DisabledReason::failing, "failing"},
}};

constexpr std::array<std::pair<DeliveryStatus, std::string_view>, 3> status_names{{
    {DeliveryStatus::waiting, "waiting"},
    {DeliveryStatus::delivered, "delivered"},
    {DeliveryStatus::failed, "failed"},
}};

template <class Value, std::size_t Count>
std::string_view name_in(const std::array<std::pair<Value, std::string_view>, Count>& names, Value value) {
    for (const auto& [known, name] : names) {
        if (known == value) return name;
    }
    return "";
}

template <class Value, std::size_t Count>
std::optional<Value> value_in(const std::array<std::pair<Value, std::string_view>, Count>& names,
                              std::string_view name) {
    for (const auto& [value, known] : names) {
        if (known == name) return value;
    }
    return std::nullopt;
}

}  // namespace

std::string_view name_of(WebhookEvent event) {
    return name_in(event_names, event);
}

std::optional<WebhookEvent> webhook_event_from_name(std::string_view name) {
    return value_in(event_names, name);
}

std::vector<WebhookEvent> WebhookEvents::list() const {
    std::vector<WebhookEvent> events;
    for (const auto& [event, name] : event_names) {
        if ((bits_ & static_cast<std::uint8_t>(event)) != 0) events.push_back(event);
    }
    return events;
}

std::string_view name_of(DisabledReason reason) {
    return name_in(reason_names, reason);
}

std::optional<DisabledReason> disabled_reason_from_name(std::string_view name) {
    return value_in(reason_names, name);
}

std::string_view name_of(DeliveryStatus status) {
    return name_in(status_names, status);
}

std::optional<DeliveryStatus> delivery_status_from_name(std::string_view name) {
    return value_in(status_names, name);
}

}  // namespace safelight
