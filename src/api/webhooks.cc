#include <fmt/format.h>

#include <boost/json.hpp>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "api/handlers.h"
#include "api/json.h"
#include "api/json_body.h"
#include "api/json_page.h"
#include "api/json_values.h"
#include "api/request_values.h"
#include "transform/object_reader.h"
#include "webhooks/signature.h"
#include "webhooks/webhook_registry.h"

namespace safelight {
namespace {

namespace json = boost::json;

json::object json_of(const Webhook& webhook) {
    json::array events;
    for (const WebhookEvent event : webhook.events.list()) events.emplace_back(std::string(name_of(event)));
    const json::value reason = webhook.disabled_reason
                                   ? json::value(std::string(name_of(*webhook.disabled_reason)))
                                   : json::value(nullptr);
    return {{"id", webhook.id.to_string()},
            {"url", webhook.url},
            {"description", webhook.description},
            {"events", std::move(events)},
            {"enabled", !webhook.disabled_at.has_value()},
            {"disabled_at", time_or_null(webhook.disabled_at)},
            {"disabled_reason", reason},
            {"created_at", to_rfc3339(webhook.created_at)},
            {"updated_at", to_rfc3339(webhook.updated_at)}};
}

json::object json_of(const DeliveryAttempt& attempt) {
    return {{"number", attempt.number},
            {"started_at", to_rfc3339(attempt.started_at)},
            {"duration_ms", attempt.duration.count()},
            {"http_status", attempt.http_status ? json::value(*attempt.http_status) : json::value(nullptr)},
            {"error", attempt.error.empty() ? json::value(nullptr) : json::value(attempt.error)}};
}

json::object json_of(const WebhookDelivery& delivery) {
    json::array attempts;
    for (const DeliveryAttempt& attempt : delivery.attempts) attempts.emplace_back(json_of(attempt));
    const bool waits = delivery.status == DeliveryStatus::waiting;
    return {{"id", delivery.id.to_string()},
            {"message_id", message_id_of(delivery.id)},
            {"event", std::string(name_of(delivery.event))},
            {"job_id", delivery.job ? json::value(delivery.job->to_string()) : json::value(nullptr)},
            {"status", std::string(name_of(delivery.status))},
            {"created_at", to_rfc3339(delivery.created_at)},
            {"due_at", waits ? json::value(to_rfc3339(delivery.due_at)) : json::value(nullptr)},
            {"finished_at", time_or_null(delivery.finished_at)},
            {"attempts", std::move(attempts)}};
}

/// A position in the list of deliveries: their sequence, as the last bytes of an id.
Uuid place_of(std::uint64_t sequence) {
    Uuid place;
    for (std::size_t i = 0; i < 8; ++i)
        place.bytes[15 - i] = static_cast<std::uint8_t>((sequence >> (8 * i)) & 0xFFU);
    return place;
}
std::uint64_t sequence_at(const Uuid& place) {
    std::uint64_t sequence = 0;
    for (std::size_t i = 8; i < 16; ++i) sequence = (sequence << 8U) | place.bytes[i];
    return sequence;
}

std::optional<WebhookEvents> events_of(const json::object& body, ObjectReader& reader) {
    const json::value* const list = body.if_contains("events");
    if (list == nullptr) return std::nullopt;
    WebhookEvents events;
    bool is_good = list->is_array();
    if (is_good) {
        for (const json::value& each : list->get_array()) {
            const auto event = each.is_string() ? webhook_event_from_name(each.get_string()) : std::nullopt;
            is_good = is_good && event;
            if (event) events.add(*event);
        }
    }
    if (!is_good)
        reader.fault("events", "\"events\" is a list of: job.processed, job.failed, webhook.disabled.");
    return events;
}

/// {"url"?, "description"?, "events"?, "enabled"?}
Result<WebhookChange> change_of(const json::object& body) {
    std::vector<Fault> faults;
    ObjectReader reader(body, "", faults);
    reader.allow_only({"url", "description", "events", "enabled"});
    WebhookChange change;
    change.url = reader.text("url");
    change.description = reader.text("description");
    change.events = events_of(body, reader);
    change.enabled = reader.boolean("enabled");
    if (!faults.empty()) return invalid(std::move(faults));
    return change;
}

Result<WebhookDraft> draft_of(const json::object& body) {
    TRY_ASSIGN(WebhookChange said, change_of(body));
    if (!said.url) return invalid({{"/url", "A webhook needs a \"url\"."}});
    return WebhookDraft{.url = *std::move(said.url),
                        .description = std::move(said.description).value_or(""),
                        .events = said.events.value_or(WebhookEvents{}),
                        .enabled = said.enabled.value_or(true)};
}

/// The id in the path of what belongs to a webhook.
Result<DeliveryId> delivery_id_of(const http::Request& request) {
    const auto found = request.path_parameters.find("delivery_id");
    const auto id = found == request.path_parameters.end() ? std::nullopt : DeliveryId::parse(found->second);
    if (!id) return failure(ErrorCode::not_found, "There is nothing with this id.");
    return *id;
}

http::Response issued_response(const IssuedWebhook& issued) {
    json::object shown = json_of(issued.webhook);
    shown["secret"] = issued.secret;
    http::Response response = json_response(201, json::serialize(shown));
    response.headers.set("Location", fmt::format("/v1/webhooks/{}", issued.webhook.id.to_string()));
    response.headers.set("Cache-Control", "no-store");
    return response;
}

}  // namespace

Handled create_webhook(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto body = co_await read_object(api, request, {.scope = Scope::images_write});
    if (!body) co_return std::unexpected(body.error());
    const auto draft = draft_of(*body);
    if (!draft) co_return refuse(draft.error());
    const auto issued =
        co_await http::on_pool(api.pool, [&] { return api.webhooks.create(principal.account, *draft); });
    if (!issued) co_return refuse(issued.error());
    co_return issued_response(*issued);
}

Handled list_webhooks(const ApiParts& api, const Principal& principal, http::Request& request) {
    const auto query = page_query(request, ListKind::webhooks);
    if (!query) co_return refuse(query.error());
    std::optional<WebhookId> after;
    if (query->after) after = WebhookId{*query->after};
    const auto webhooks = co_await http::on_pool(
        api.pool, [&] { return api.webhooks.webhooks().list(principal.account, after, query->limit + 1); });
    if (!webhooks) co_return refuse(webhooks.error());
    co_return page_of(
        request, std::span<const Webhook>(*webhooks), query->limit, ListKind::webhooks,
        [](const Webhook& webhook) { return json_of(webhook); },
        [](const Webhook& webhook) { return webhook.id.uuid; });
}

Handled get_webhook(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<WebhookId>(request);
    if (!id) co_return refuse(id.error());
    const auto webhook = co_await http::on_pool(
        api.pool, [&] { return api.webhooks.webhooks().find(principal.account, *id); });
    if (!webhook) co_return refuse(webhook.error());
    co_return json_response(200, json::serialize(json_of(*webhook)));
}

Handled update_webhook(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<WebhookId>(request);
    if (!id) co_return refuse(id.error());
    const auto body = co_await read_object(
        api, request, {.scope = Scope::images_write, .other_type = "application/merge-patch+json"});
    if (!body) co_return std::unexpected(body.error());
    const auto change = change_of(*body);
    if (!change) co_return refuse(change.error());
    const auto webhook = co_await http::on_pool(
        api.pool, [&] { return api.webhooks.update(principal.account, *id, *change); });
    if (!webhook) co_return refuse(webhook.error());
    co_return json_response(200, json::serialize(json_of(*webhook)));
}

Handled delete_webhook(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<WebhookId>(request);
    if (!id) co_return refuse(id.error());
    const auto removed =
        co_await http::on_pool(api.pool, [&] { return api.webhooks.remove(principal.account, *id); });
    if (!removed) co_return refuse(removed.error());
    co_return http::Response{.status = 204, .headers = {}, .body = {}};
}

Handled rotate_webhook_secret(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_bare(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<WebhookId>(request);
    if (!id) co_return refuse(id.error());
    const auto issued =
        co_await http::on_pool(api.pool, [&] { return api.webhooks.rotate_secret(principal.account, *id); });
    if (!issued) co_return refuse(issued.error());
    co_return issued_response(*issued);
}

Handled list_deliveries(const ApiParts& api, const Principal& principal, http::Request& request) {
    const auto id = id_of<WebhookId>(request);
    if (!id) co_return refuse(id.error());
    const auto query = page_query(request, ListKind::deliveries, {"status"});
    if (!query) co_return refuse(query.error());
    DeliveryQuery wanted{.owner = principal.account, .webhook = *id, .limit = query->limit + 1};
    if (query->after) wanted.before = sequence_at(*query->after);
    if (const auto status = query_value(request, "status")) {
        wanted.status = delivery_status_from_name(*status);
        if (!wanted.status)
            co_return refuse(
                invalid({{"?status", "\"status\" is one of: waiting, delivered, failed."}}).error());
    }
    const auto deliveries =
        co_await http::on_pool(api.pool, [&] { return api.webhooks.webhooks().deliveries(wanted); });
    if (!deliveries) co_return refuse(deliveries.error());
    co_return page_of(
        request, std::span<const WebhookDelivery>(*deliveries), query->limit, ListKind::deliveries,
        [](const WebhookDelivery& delivery) { return json_of(delivery); },
        [](const WebhookDelivery& delivery) { return place_of(delivery.sequence); });
}

Handled get_delivery(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<WebhookId>(request);
    if (!id) co_return refuse(id.error());
    const auto delivery_id = delivery_id_of(request);
    if (!delivery_id) co_return refuse(delivery_id.error());
    const auto delivery = co_await http::on_pool(api.pool, [&] {
        return api.webhooks.webhooks().find_delivery(principal.account, *id, *delivery_id);
    });
    if (!delivery) co_return refuse(delivery.error());
    co_return json_response(200, json::serialize(json_of(*delivery)));
}

Handled replay_delivery(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_bare(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<WebhookId>(request);
    if (!id) co_return refuse(id.error());
    const auto delivery_id = delivery_id_of(request);
    if (!delivery_id) co_return refuse(delivery_id.error());
    const auto delivery = co_await http::on_pool(
        api.pool, [&] { return api.webhooks.replay(principal.account, *id, *delivery_id); });
    if (!delivery) co_return refuse(delivery.error());
    co_return json_response(202, json::serialize(json_of(*delivery)));
}

}  // namespace safelight
