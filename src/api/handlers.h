// The handlers, one resource per source file. Each is a coroutine of parameters only; `api` and `request`
// outlive it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "api/api.h"
#include "api/problems.h"
#include "http/semantics.h"
#include "http/task.h"

namespace safelight {

using Handled = http::Task<Answer>;

class IdempotentCall;

// jobs.cc
Handled create_job(const ApiParts& api, const Principal& principal, http::Request& request,
                   IdempotentCall* call);
Handled list_jobs(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_job(const ApiParts& api, const Principal& principal, http::Request& request);
Handled delete_job(const ApiParts& api, const Principal& principal, http::Request& request);
Handled retry_job(const ApiParts& api, const Principal& principal, http::Request& request);
Handled cancel_job(const ApiParts& api, const Principal& principal, http::Request& request);
Handled request_variants(const ApiParts& api, const Principal& principal, http::Request& request);

/// 202 with the job.
[[nodiscard]] http::Response accepted_response(const Job& job);
/// `response`, or, where it is a 202 with a job that is not finished, the same with the job as it stands
/// after the wait that the client prefers. What was accepted stays accepted: trouble with reading it again is
/// no reason to refuse.
http::Task<http::Response> hold_accepted(const ApiParts& api, const Principal& principal,
                                         const http::Request& request, http::Response response);

// uploads.cc
Handled create_upload(const ApiParts& api, const Principal& principal, http::Request& request,
                      IdempotentCall* call);
Handled get_upload(const ApiParts& api, const Principal& principal, http::Request& request);
Handled append_upload(const ApiParts& api, const Principal& principal, http::Request& request);
Handled delete_upload(const ApiParts& api, const Principal& principal, http::Request& request);
/// PATCH and DELETE for clients that can send neither.
Handled post_to_upload(const ApiParts& api, const Principal& principal, http::Request& request,
                       IdempotentCall* call);
Handled describe_uploads(const ApiParts& api, const Principal& principal, http::Request& request);

// events.cc
Handled get_job_events(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_events(const ApiParts& api, const Principal& principal, http::Request& request);

// bulk_operations.cc
Handled retry_jobs(const ApiParts& api, const Principal& principal, http::Request& request);
Handled delete_jobs(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_bulk_operation(const ApiParts& api, const Principal& principal, http::Request& request);

// images.cc
Handled list_images(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_image(const ApiParts& api, const Principal& principal, http::Request& request);
Handled update_image(const ApiParts& api, const Principal& principal, http::Request& request);
Handled delete_image(const ApiParts& api, const Principal& principal, http::Request& request);

// accounts.cc
Handled create_account(const ApiParts& api, const Principal& principal, http::Request& request);
Handled list_accounts(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_account(const ApiParts& api, const Principal& principal, http::Request& request);
Handled update_account(const ApiParts& api, const Principal& principal, http::Request& request);
Handled create_key(const ApiParts& api, const Principal& principal, http::Request& request);
Handled list_keys(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_key(const ApiParts& api, const Principal& principal, http::Request& request);
Handled revoke_key(const ApiParts& api, const Principal& principal, http::Request& request);
Handled rotate_key(const ApiParts& api, const Principal& principal, http::Request& request);

// webhooks.cc
Handled create_webhook(const ApiParts& api, const Principal& principal, http::Request& request);
Handled list_webhooks(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_webhook(const ApiParts& api, const Principal& principal, http::Request& request);
Handled update_webhook(const ApiParts& api, const Principal& principal, http::Request& request);
Handled delete_webhook(const ApiParts& api, const Principal& principal, http::Request& request);
Handled rotate_webhook_secret(const ApiParts& api, const Principal& principal, http::Request& request);
Handled list_deliveries(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_delivery(const ApiParts& api, const Principal& principal, http::Request& request);
Handled replay_delivery(const ApiParts& api, const Principal& principal, http::Request& request);
// usage.cc
Handled get_usage(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_account_usage(const ApiParts& api, const Principal& principal, http::Request& request);

// formats.cc
Handled list_formats(const ApiParts& api, const Principal& principal, http::Request& request);

// content.cc
Handled get_original(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_variant(const ApiParts& api, const Principal& principal, http::Request& request);

// signed_urls.cc
Handled sign_urls(const ApiParts& api, const Principal& principal, http::Request& request);

// presets.cc
Handled list_presets(const ApiParts& api, const Principal& principal, http::Request& request);

// health.cc
Handled get_health();
Handled get_readiness(const HealthParts& health);
Handled get_metrics(const HealthParts& health);

// documents.cc
Handled get_openapi(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_start_page(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_asset(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_api_docs(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_api_docs_file(const ApiParts& api, const Principal& principal, http::Request& request);
Handled get_problem_page(const ApiParts& api, const Principal& principal, http::Request& request);

/// A JSON answer that nobody may keep without asking again.
[[nodiscard]] http::Response json_response(int status, std::string json);

/// A page of a list: `json` ends with the cursor of the next one, if there is one.
[[nodiscard]] http::Response page_response(const http::Request& request, std::string json,
                                           const std::optional<std::string>& cursor);

/// The answer, made of `response`'s head, that the request's conditions demand: 304 or 412; or none.
[[nodiscard]] std::optional<Answer> decide_by_condition(const http::Request& request,
                                                        const http::Validators& validators,
                                                        http::Response& response);

/// The same with a weak entity tag over the text, or 304 or 412 when the request's conditions say so.
[[nodiscard]] Answer conditional_json(const http::Request& request, std::string json);

}  // namespace safelight
