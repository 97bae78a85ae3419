#include <boost/asio/awaitable.hpp>
#include <memory>

#include "api/guarded_stream.h"
#include "api/handlers.h"
#include "api/idempotent_call.h"
#include "api/remembered_check.h"
#include "api/request_values.h"
#include "api/tus.h"
#include "http/semantics.h"

namespace safelight {
namespace {

using Handle = Handled (*)(const ApiParts&, const Principal&, http::Request&);

http::Response refused(telemetry::Logger& log, const Refusal& refusal, const http::Request& request) {
    const Error& error = refusal.error;
    if (type_of(refusal.problem).status >= 500) {
        // A client that went away, a queue that is full and other servers are the weather; the rest wants
        // looking at.
        const bool is_elsewhere =
            refusal.problem == Problem::source_failed || refusal.problem == Problem::source_timeout;
        const bool is_weather =
            is_elsewhere || error.code == ErrorCode::cancelled || error.code == ErrorCode::overloaded;
        log.log(is_weather ? telemetry::Level::info : telemetry::Level::error, "request_failed",
                {{"request_id", request.request_id},
                 {"route", request.route},
                 {"code", name_of(error.code)},
                 {"error", error.log_text.empty() ? error.public_text : error.log_text}});
    }
    return render(refusal, &request);
}

http::Response finished(Answer answered, telemetry::Logger& log, const http::Request& request) {
    if (!answered) return refused(log, answered.error(), request);
    answered->headers.set("X-Content-Type-Options", "nosniff");
    return std::move(*answered);
}

http::Task<http::Response> answer_post(const ApiParts& api, Scope scope, HandlePost handle,
                                       http::Request& request) {
    const auto principal = co_await authorise(api.authenticator, request, scope);
    if (!principal) co_return refused(api.log, principal.error(), request);
    co_return finished(co_await serve_post(api, *principal, request, handle), api.log, request);
}

http::Task<http::Response> answer(const ApiParts& api, Scope scope, Handle handle, http::Request& request) {
    const auto principal = co_await authorise(api.authenticator, request, scope);
    if (!principal) co_return refused(api.log, principal.error(), request);
    auto response = finished(co_await handle(api, *principal, request), api.log, request);
    if (auto* body = std::get_if<http::StreamedBody>(&response.body)) {
        body->stream = make_guarded_stream(std::move(body->stream), api.authenticator.check_of(request));
    }
    co_return response;
}

/// Documents are for everybody.
http::Task<http::Response> answer_openly(const ApiParts& api, Handle handle, http::Request& request) {
    const Principal nobody{};
    co_return finished(co_await handle(api, nobody, request), api.log, request);
}

/// Health too.
http::Task<http::Response> answer_probe(Handled probe, telemetry::Logger& log, http::Request& request) {
    co_return finished(co_await std::move(probe), log, request);
}

/// Every answer says which version of the protocol it follows.
http::Task<http::Response> as_tus(http::Task<http::Response> answer) {
    http::Response response = co_await std::move(answer);
    response.headers.set("Tus-Resumable", std::string(tus::version));
    co_return response;
}

void add_tus(http::Router& router, const std::shared_ptr<const ApiParts>& api) {
    const auto add = [&](const char* method, const char* pattern, Scope scope, Handle handle) {
        router.add(method, pattern, [api, scope, handle](http::Request& request) {
            return as_tus(answer(*api, scope, handle, request));
        });
    };
    const auto add_post = [&](const char* pattern, HandlePost handle) {
        router.add("POST", pattern, [api, handle](http::Request& request) {
            return as_tus(answer_post(*api, Scope::images_write, handle, request));
        });
    };
    add_post("/v1/uploads", create_upload);
    add("GET", "/v1/uploads/{id}", Scope::images_write, get_upload);
    add("PATCH", "/v1/uploads/{id}", Scope::images_write, append_upload);
    add("DELETE", "/v1/uploads/{id}", Scope::images_write, delete_upload);
    add_post("/v1/uploads/{id}", post_to_upload);
    for (const char* pattern : {"/v1/uploads", "/v1/uploads/{id}"}) {
        router.add("OPTIONS", pattern, [api](http::Request& request) {
            return as_tus(answer_openly(*api, describe_uploads, request));
        });
    }
}

/// A client may invent methods; the number of series must not grow with them.
std::string_view method_label(std::string_view method) {
    for (const std::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        if (method == known) return known;
    }
    return "other";
}

bool is_probe(std::string_view route) {
    return route == "/healthz" || route == "/readyz" || route == "/metrics";
}

void log_exchange(telemetry::Logger& log, const http::Exchange& exchange) {
    const auto level = exchange.status >= 500     ? telemetry::Level::warn
                       : is_probe(exchange.route) ? telemetry::Level::debug
                                                  : telemetry::Level::info;
    log.log(level, "request",
            {{"method", method_label(exchange.method)},
             {"path", exchange.path},
             {"route", exchange.route},
             {"status", exchange.status},
             {"duration_ms", static_cast<double>(exchange.duration.count()) / 1'000.0},
             {"bytes_in", exchange.request_body_bytes},
             {"bytes_out", exchange.response_body_bytes},
             {"remote", exchange.remote_address},
             {"request_id", exchange.request_id},
             {"trace_id", exchange.trace_id},
             {"aborted", exchange.aborted},
             {"error", exchange.error}});
}

}  // namespace

http::Response json_response(int status, std::string json) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.headers.set("Cache-Control", "private, no-cache");
    response.body = std::move(json);
    return response;
}

http::Response page_response(const http::Request& request, std::string json,
                             const std::optional<std::string>& cursor) {
    http::Response response = json_response(200, std::move(json));
    if (cursor) response.headers.set("Link", "<" + next_page(request, *cursor) + ">; rel=\"next\"");
    return response;
}

std::optional<Answer> decide_by_condition(const http::Request& request, const http::Validators& validators,
                                          http::Response& response) {
    switch (http::evaluate_preconditions(request, validators)) {
        case http::Precondition::failed:
            return refuse(Problem::precondition_failed, "The condition of the request does not hold.");
        case http::Precondition::not_modified:
            response.status = 304;
            return std::move(response);
        case http::Precondition::proceed:
            break;
    }
    return std::nullopt;
}

Answer conditional_json(const http::Request& request, std::string json) {
    const std::string hash = sha256_of(std::as_bytes(std::span(json))).to_hex().substr(0, 32);
    // Conditions that compare weakly take the opaque part alone; If-Match, which compares strongly, never
    // holds.
    const http::Validators validators{.etag = "\"" + hash + "\"", .last_modified = std::nullopt};
    http::Response response;
    response.headers.set("Cache-Control", "private, no-cache");
    response.headers.set("ETag", "W/\"" + hash + "\"");
    if (auto decided = decide_by_condition(request, validators, response)) return std::move(*decided);
    response.headers.set("Content-Type", "application/json");
    response.body = std::move(json);
    return response;
}

void register_health_routes(http::Router& router, HealthParts parts) {
    for (ReadinessCheck& check : parts.readiness) check = remembered(std::move(check));
    const auto health = std::make_shared<const HealthParts>(std::move(parts));
    const auto add = [&](const char* pattern, auto probe) {
        router.add("GET", pattern, [health, probe](http::Request& request) {
            return answer_probe(probe(*health), health->log, request);
        });
    };
    add("/healthz", [](const HealthParts&) { return get_health(); });
    add("/readyz", get_readiness);
    add("/metrics", get_metrics);
}

void register_routes(http::Router& router, ApiParts parts) {
    register_health_routes(router, {parts.pool, parts.log, parts.metrics, std::move(parts.readiness)});
    const auto api = std::make_shared<const ApiParts>(std::move(parts));
    const auto add = [&](const char* method, const char* pattern, Scope scope, Handle handle) {
        router.add(method, pattern, [api, scope, handle](http::Request& request) {
            return answer(*api, scope, handle, request);
        });
    };
    const auto add_open = [&](const char* pattern, Handle handle) {
        router.add("GET", pattern,
                   [api, handle](http::Request& request) { return answer_openly(*api, handle, request); });
    };
    const auto add_post = [&](const char* pattern, Scope scope, HandlePost handle) {
        router.add("POST", pattern, [api, scope, handle](http::Request& request) {
            return answer_post(*api, scope, handle, request);
        });
    };
    add_post("/v1/jobs", Scope::images_write, create_job);
    add("GET", "/v1/jobs", Scope::images_read, list_jobs);
    add("DELETE", "/v1/jobs", Scope::images_write, delete_jobs);
    add_post("/v1/jobs/retry", Scope::images_write, post_of_text<retry_jobs>);
    add_tus(router, api);
    add("GET", "/v1/bulk-operations/{id}", Scope::images_read, get_bulk_operation);
    add("GET", "/v1/jobs/{id}", Scope::images_read, get_job);
    add("DELETE", "/v1/jobs/{id}", Scope::images_write, delete_job);
    add("GET", "/v1/jobs/{id}/events", Scope::images_read, get_job_events);
    add("GET", "/v1/events", Scope::images_read, get_events);
    add_post("/v1/jobs/{id}/retry", Scope::images_write, post_of_text<retry_job>);
    add_post("/v1/jobs/{id}/cancel", Scope::images_write, post_of_text<cancel_job>);
    add_post("/v1/jobs/{id}/variants", Scope::images_write, post_of_text<request_variants>);
    add("GET", "/v1/images", Scope::images_read, list_images);
    add("GET", "/v1/images/{id}", Scope::images_read, get_image);
    add("PATCH", "/v1/images/{id}", Scope::images_write, update_image);
    add("DELETE", "/v1/images/{id}", Scope::images_write, delete_image);
    add("GET", "/v1/images/{id}/original", Scope::images_read, get_original);
    add("GET", "/v1/images/{id}/variants/{name}", Scope::images_read, get_variant);
    add_post("/v1/signed-urls", Scope::images_read, post_of_text<sign_urls>);
    add("GET", "/v1/presets", Scope::images_read, list_presets);
    add("GET", "/v1/formats", Scope::images_read, list_formats);
    add_post("/v1/accounts", Scope::admin, post_of_text<create_account>);
    add("GET", "/v1/accounts", Scope::admin, list_accounts);
    add("GET", "/v1/accounts/{id}", Scope::admin, get_account);
    add("PATCH", "/v1/accounts/{id}", Scope::admin, update_account);
    add("GET", "/v1/accounts/{id}/usage", Scope::admin, get_account_usage);
    add("GET", "/v1/usage", Scope::images_read, get_usage);
    add_post("/v1/keys", Scope::admin, post_of_text<create_key>);
    add("GET", "/v1/keys", Scope::admin, list_keys);
    add("GET", "/v1/keys/{id}", Scope::admin, get_key);
    add("DELETE", "/v1/keys/{id}", Scope::admin, revoke_key);
    add_post("/v1/keys/{id}/rotate", Scope::admin, post_of_text<rotate_key>);
    add_post("/v1/webhooks", Scope::images_write, post_of_text<create_webhook>);
    add("GET", "/v1/webhooks", Scope::images_read, list_webhooks);
    add("GET", "/v1/webhooks/{id}", Scope::images_read, get_webhook);
    add("PATCH", "/v1/webhooks/{id}", Scope::images_write, update_webhook);
    add("DELETE", "/v1/webhooks/{id}", Scope::images_write, delete_webhook);
    add_post("/v1/webhooks/{id}/secrets", Scope::images_write, post_of_text<rotate_webhook_secret>);
    add("GET", "/v1/webhooks/{id}/deliveries", Scope::images_read, list_deliveries);
    add("GET", "/v1/webhooks/{id}/deliveries/{delivery_id}", Scope::images_read, get_delivery);
    add_post("/v1/webhooks/{id}/deliveries/{delivery_id}/replay", Scope::images_write,
             post_of_text<replay_delivery>);
    add_open("/openapi.json", get_openapi);
    add_open("/problems/{type}", get_problem_page);
    add_open("/", get_start_page);
    add_open("/assets/{path...}", get_asset);
    add_open("/api-docs", get_api_docs);
    add_open("/api-docs/{path...}", get_api_docs_file);
}

http::ServerHooks make_hooks(telemetry::Logger& log, telemetry::Metrics& metrics, AllowedOrigins origins) {
    http::ServerHooks hooks;
    hooks.problem = [](http::ServerProblem problem, std::string_view detail, const http::Request* request) {
        // What a handler threw is for the log alone.
        const bool is_silent = problem == http::ServerProblem::handler_failed;
        return render(refuse(problem_of(problem), is_silent ? "" : std::string(detail)).error(), request);
    };
    hooks.dress = [origins = std::move(origins)](const http::Request& request, http::Response& response) {
        // What a process says of itself is for those who run it.
        if (!is_probe(request.route)) allow_origin(origins, request, response);
    };
    hooks.finished = [&log, &metrics](const http::Exchange& exchange) {
        log_exchange(log, exchange);
        metrics.http_request(method_label(exchange.method), exchange.route, exchange.status,
                             exchange.duration, exchange.request_body_bytes, exchange.response_body_bytes);
    };
    return hooks;
}

}  // namespace safelight
