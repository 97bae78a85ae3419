#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/handlers.h"
#include "api/json_values.h"
#include "api/request_values.h"

namespace safelight {
namespace {

namespace json = boost::json;

std::string to_json(const BulkOperation& operation) {
    const JobFilter& filter = operation.filter;
    const json::value status =
        filter.status ? json::value(std::string(name_of(*filter.status))) : json::value(nullptr);
    return json::serialize(
        json::object{{"id", operation.id.to_string()},
                     {"kind", std::string(name_of(operation.kind))},
                     {"filter", json::object{{"status", status},
                                             {"created_after", time_or_null(filter.created_after)},
                                             {"created_before", time_or_null(filter.created_before)}}},
                     {"finished", operation.finished_at.has_value()},
                     {"jobs_done", operation.jobs_done},
                     {"jobs_skipped", operation.jobs_skipped},
                     {"created_at", to_rfc3339(operation.created_at)},
                     {"finished_at", time_or_null(operation.finished_at)}});
}

http::Task<Answer> begin(const ApiParts& api, const Principal& principal, BulkKind kind, JobFilter filter) {
    const auto operation = co_await http::on_pool(
        api.pool, [&] { return api.library.begin_bulk_operation(principal.account, kind, filter); });
    if (!operation) co_return refuse(operation.error());
    http::Response response = json_response(202, to_json(*operation));
    response.headers.set("Location", fmt::format("/v1/bulk-operations/{}", operation->id.to_string()));
    co_return response;
}

}  // namespace

Handled retry_jobs(const ApiParts& api, const Principal& principal, http::Request& request) {
    auto filter = job_filter(request);
    if (!filter) co_return refuse(filter.error());
    if (!filter->status) filter->status = JobStatus::failed;
    if (filter->status != JobStatus::failed && filter->status != JobStatus::processing)
        co_return refuse(
            invalid({{"?status", "What is tried again is FAILED, or PROCESSING and stuck."}}).error());
    co_return co_await begin(api, principal, BulkKind::retry, *filter);
}

Handled delete_jobs(const ApiParts& api, const Principal& principal, http::Request& request) {
    const auto filter = job_filter(request);
    if (!filter) co_return refuse(filter.error());
    if (*filter == JobFilter{})
        co_return refuse(
            invalid({{"", "Say which jobs: by status, created_after or created_before."}}).error());
    co_return co_await begin(api, principal, BulkKind::remove, *filter);
}

Handled get_bulk_operation(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<BulkOperationId>(request);
    if (!id) co_return refuse(id.error());
    const auto operation = co_await http::on_pool(
        api.pool, [&] { return api.library.find_bulk_operation(principal.account, *id); });
    if (!operation) co_return refuse(operation.error());
    co_return json_response(200, to_json(*operation));
}

}  // namespace safelight
