#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/handlers.h"
#include "api/job_wait.h"
#include "api/json.h"
#include "api/request_values.h"
#include "api/upload.h"
#include "api/upload_quota.h"

namespace safelight {
namespace {

constexpr const char* poll_again_s = "1";

/// {"variants": [...]} with at least one.
Result<std::vector<VariantRequest>> wanted_variants(std::string_view text, const Presets& presets) {
    namespace json = boost::json;
    boost::system::error_code error;
    const json::value document = json::parse(text, error);
    if (error || !document.is_object())
        return invalid({{"", "The body is a JSON object with \"variants\"."}});
    std::vector<Fault> faults;
    for (const auto& member : document.get_object()) {
        if (member.key() == "variants") continue;
        const std::string_view shown = std::string_view(member.key()).substr(0, 64);
        faults.push_back(
            {pointer_to(shown), fmt::format("There is no member \"{}\" here; known is: variants.", shown)});
    }
    const json::value* const list = document.get_object().if_contains("variants");
    if (list == nullptr || !list->is_array() || list->get_array().empty()) {
        faults.push_back({"/variants", "\"variants\" is a list of at least one variant."});
    }
    if (!faults.empty()) return invalid(std::move(faults));
    return parse_variants(json::serialize(*list), presets, "/variants");
}

}  // namespace

http::Response accepted_response(const Job& job) {
    http::Response response = json_response(202, to_json(job));
    response.headers.set("Location", url_of(job));
    if (!is_finished(job.status)) response.headers.set("Retry-After", poll_again_s);
    return response;
}

http::Task<http::Response> hold_accepted(const ApiParts& api, const Principal& principal,
                                         const http::Request& request, http::Response response) {
    const auto wait_s = wait_of(request);
    if (!wait_s || response.status != 202) co_return response;
    const std::string location = response.headers.get("Location").value_or("");
    if (!location.starts_with("/v1/jobs/")) co_return response;
    const auto id = JobId::parse(std::string_view(location).substr(location.rfind('/') + 1));
    if (id && response.headers.has("Retry-After")) {
        const auto finished = co_await find_finished_job(api, principal, request, *id, *wait_s);
        if (finished) {
            http::Response now_is = accepted_response(*finished);
            copy_rate_limit(response.headers, now_is.headers);
            response = std::move(now_is);
        }
    }
    response.headers.set("Preference-Applied", fmt::format("wait={}", *wait_s));
    co_return response;
}

Handled create_job(const ApiParts& api, const Principal& principal, http::Request& request,
                   IdempotentCall* call) {
    UploadQuota quota(api, principal.account, call);
    auto job = co_await receive_upload(api, principal, request, call, quota);
    if (!job) co_return co_await quota.end(std::unexpected(std::move(job).error()));
    api.watch.notify_of_work();
    co_return co_await quota.end(accepted_response(*job));
}

Handled list_jobs(const ApiParts& api, const Principal& principal, http::Request& request) {
    const auto query = list_query(request, ListKind::jobs, principal.account);
    if (!query) co_return refuse(query.error());
    const auto page = co_await http::on_pool(api.pool, [&] { return api.library.list_jobs(*query); });
    if (!page) co_return refuse(page.error());

    std::optional<std::string> cursor;
    if (page->has_more && !page->items.empty())
        cursor = cursor_after(ListKind::jobs, page->items.back().id.uuid);
    co_return page_response(request, to_json(std::span(page->items), cursor), cursor);
}

Handled get_job(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<JobId>(request);
    if (!id) co_return refuse(id.error());
    const auto wait_s = wait_of(request);
    const auto job = co_await find_finished_job(api, principal, request, *id, wait_s.value_or(0));
    if (!job) co_return refuse(job.error());
    Answer answer = conditional_json(request, to_json(*job));
    if (answer && wait_s) answer->headers.set("Preference-Applied", fmt::format("wait={}", *wait_s));
    co_return answer;
}

Handled delete_job(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<JobId>(request);
    if (!id) co_return refuse(id.error());
    const auto deleted =
        co_await http::on_pool(api.pool, [&] { return api.library.delete_job(principal.account, *id); });
    if (!deleted) co_return refuse(deleted.error());
    co_return http::Response{.status = 204, .headers = {}, .body = {}};
}

Handled retry_job(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_bare(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<JobId>(request);
    if (!id) co_return refuse(id.error());
    const auto job =
        co_await http::on_pool(api.pool, [&] { return api.library.retry_job(principal.account, *id); });
    if (!job) co_return refuse(job.error());
    co_return accepted_response(*job);
}

Handled cancel_job(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_bare(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<JobId>(request);
    if (!id) co_return refuse(id.error());
    const auto job =
        co_await http::on_pool(api.pool, [&] { return api.library.cancel_job(principal.account, *id); });
    if (!job) co_return refuse(job.error());
    co_return json_response(200, to_json(*job));
}

Handled request_variants(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<JobId>(request);
    if (!id) co_return refuse(id.error());
    if (media_type_of(request) != "application/json") {
        co_return refuse(Problem::unsupported_media_type, "The body has to be application/json.");
    }
    const auto text = co_await read_body_text(api, request, Scope::images_write, post_text_bytes_max);
    if (!text) co_return std::unexpected(text.error());
    const auto variants = wanted_variants(*text, api.presets);
    if (!variants) co_return refuse(variants.error());
    const auto job = co_await http::on_pool(
        api.pool, [&] { return api.library.request_variants(principal.account, *id, *variants); });
    if (!job) co_return refuse(job.error());
    co_return accepted_response(*job);
}

}  // namespace safelight
