// Resumable uploads: tus 1.0 at /v1/uploads.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "api/append_request.h"
#include "api/handlers.h"
#include "api/idempotent_call.h"
#include "api/json.h"
#include "api/keyed_body.h"
#include "api/request_values.h"
#include "api/tus.h"
#include "api/upload.h"
#include "api/upload_details.h"
#include "api/upload_quota.h"
#include "base/text.h"

namespace safelight {
namespace {

std::string url_of(const ResumableUpload& upload) {
    return "/v1/uploads/" + upload.id.to_string();
}

Received<void> require_version(const http::Request& request, bool may_be_silent = false) {
    if (tus::is_spoken(request, may_be_silent)) return {};
    auto refusal = refuse(Problem::tus_version,
                          "The header field Tus-Resumable has to say 1.0.0, the version of the "
                          "protocol for resumable uploads that is spoken here.");
    refusal.error().headers.set("Tus-Version", std::string(tus::version));
    return refusal;
}

void set_progress(http::Response& response, std::uint64_t received_bytes, Timestamp expires_at,
                  const std::optional<JobId>& job) {
    response.headers.set("Upload-Offset", std::to_string(received_bytes));
    response.headers.set("Upload-Expires", to_http_date(expires_at));
    response.headers.set("Cache-Control", "no-store");
    if (job) response.headers.set("Upload-Job", "/v1/jobs/" + job->to_string());
}

/// What is said with an upload when it is created.
struct UploadPlan {
    std::uint64_t size_bytes = 0;
    std::string tus_metadata;  // as it came
    UploadFields said;
    UploadDetails details;
};

/// What clients write in Upload-Metadata: names of ours count, others are the client's own.
UploadFields fields_of(const tus::Metadata& metadata) {
    UploadFields fields;
    for (const UploadField& field : upload_fields) {
        const auto found = std::ranges::find(metadata, field.name, &tus::Metadata::value_type::first);
        if (found != metadata.end()) fields.*field.value = found->second;
    }
    return fields;
}

Result<UploadPlan> read_plan(const ApiParts& api, const http::Request& request) {
    TRY_ASSIGN(const UploadFields in_query, said_in_query(request));
    UploadPlan plan;
    const auto length = request.headers.get("Upload-Length");
    const auto size_bytes = length ? tus::parse_bytes(*length) : std::nullopt;
    if (!size_bytes) {
        return failure(ErrorCode::invalid_argument,
                       "Upload-Length has to say how many bytes the picture has; Upload-Defer-Length is not "
                       "supported.");
    }
    plan.size_bytes = *size_bytes;
    plan.tus_metadata = request.headers.get("Upload-Metadata").value_or("");
    TRY_ASSIGN(const tus::Metadata metadata, tus::parse_metadata(plan.tus_metadata));
    TRY_ASSIGN(plan.said, said_in_all(in_query, fields_of(metadata), "Upload-Metadata"));
    if (plan.said.filename) plan.said.filename = to_valid_utf8(*plan.said.filename);
    TRY(read_details(api, plan.said, "/", plan.details));
    return plan;
}

/// ResumableUpload::details: what was said, and how.
std::string details_text(const UploadPlan& plan) {
    const boost::json::object members{{"fields", kept_text(plan.said, plan.details)},
                                      {"tus_metadata", plan.tus_metadata}};
    return boost::json::serialize(members);
}

std::string member_of(const ResumableUpload& upload, std::string_view name) {
    boost::system::error_code error;
    const boost::json::value document = boost::json::parse(upload.details, error);
    if (error || !document.is_object()) return {};
    const auto* const value = document.get_object().if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Result<UploadDetails> details_of(const ApiParts& api, const ResumableUpload& upload) {
    const auto fields = kept_fields(member_of(upload, "fields"));
    if (!fields)
        return failure(ErrorCode::internal, "Something went wrong.", "an upload's details cannot be read");
    UploadDetails details;
    TRY(read_details(api, *fields, "/", details));
    return details;
}

std::string json_of(const ResumableUpload& upload) {
    boost::json::value job_url = nullptr;
    if (upload.job) job_url = "/v1/jobs/" + upload.job->to_string();
    const boost::json::object members{{"id", upload.id.to_string()},
                                      {"bytes", upload.size_bytes},
                                      {"received_bytes", upload.received_bytes},
                                      {"expires_at", to_rfc3339(upload.expires_at)},
                                      {"url", url_of(upload)},
                                      {"job_url", std::move(job_url)}};
    return boost::json::serialize(members);
}

/// Of Upload-Checksum, or of Content-Digest.
Result<std::optional<Checksum>> checksum_of(const http::Request& request) {
    TRY_ASSIGN(const auto digest, digest_of(request));
    const auto field = request.headers.get("Upload-Checksum");
    if (digest && field)
        return failure(ErrorCode::invalid_argument, "One of Upload-Checksum and Content-Digest is enough.");
    if (digest) {
        return Checksum{ChecksumAlgorithm::sha256,
                        std::vector<std::byte>(digest->bytes.begin(), digest->bytes.end())};
    }
    if (!field) return std::nullopt;
    TRY_ASSIGN(Checksum checksum, tus::parse_checksum(*field));
    return checksum;
}

std::optional<JobId> id_of_job(const UploadProgress& progress) {
    if (!progress.job) return std::nullopt;
    return progress.job->id;
}

bool has_body(const http::Request& request) {
    return request.body->length_bytes() != 0U;
}

/// Whether the body may have all that is missing, by what is announced of it.
bool may_end(const ResumableUpload& upload, const http::Request& request) {
    const auto declared = request.body->length_bytes();
    return !declared || *declared >= upload.size_bytes - upload.received_bytes;
}

Received<void> require_content_type(const http::Request& request) {
    if (media_type_of(request) == tus::content_type) return check_coding(request);
    return refuse(Problem::unsupported_media_type,
                  fmt::format("The body of a resumable upload has to be {}.", tus::content_type));
}

/// The whole of a creation but for the bytes that may come with it.
http::Task<Received<ResumableUpload>> create(const ApiParts& api, const Principal& principal,
                                             const UploadPlan& plan) {
    auto upload = co_await http::on_pool(api.pool, [&] {
        return api.resumable_ingest.create(principal.account, plan.size_bytes, details_text(plan));
    });
    if (!upload) co_return refuse(std::move(upload).error());
    co_return *std::move(upload);
}

http::Response created_response(const ResumableUpload& upload) {
    http::Response response = json_response(201, json_of(upload));
    response.headers.set("Location", url_of(upload));
    set_progress(response, upload.received_bytes, upload.expires_at, upload.job);
    return response;
}
http::Response created_response(ResumableUpload upload, const UploadProgress& progress) {
    upload.received_bytes = progress.received_bytes;
    upload.expires_at = progress.expires_at;
    return created_response(upload);
}
/// Written down together with the job: that the upload expires is known to be no sooner than this.
http::Response created_response(ResumableUpload upload, JobId job) {
    upload.received_bytes = upload.size_bytes;
    upload.job = job;
    return created_response(upload);
}

/// The job that it has become; or it is gone.
Result<std::optional<JobId>> remove_unless_job(ResumableIngest& ingest, const ResumableUpload& upload) {
    TRY_ASSIGN(const ResumableUpload now_is, ingest.find(upload.owner, upload.id));
    if (!now_is.job) TRY(ingest.remove(upload.owner, upload.id));
    return now_is.job;
}

Handled create_and_receive(const ApiParts& api, const Principal& principal, http::Request& request,
                           const UploadPlan& plan, KeyedBody* keyed, UploadQuota& quota) {
    if (has_body(request)) {
        if (auto typed = require_content_type(request); !typed) co_return std::unexpected(typed.error());
    }
    const auto checksum = checksum_of(request);
    if (!checksum) co_return refuse(checksum.error());
    if (auto begun = co_await quota.begin(
            {.account = principal.account, .has_bytes = has_body(request), .size_bytes = plan.size_bytes});
        !begun)
        co_return std::unexpected(std::move(begun).error());
    const auto upload = co_await create(api, principal, plan);
    if (!upload) co_return std::unexpected(upload.error());
    if (!has_body(request)) co_return created_response(*upload);
    UploadDetails details = plan.details;
    details.quotas_now = quota.now();
    if (keyed != nullptr) {
        details.with.record_of = [&](const Job& job) {
            keyed->note_fingerprint();
            return keyed->call().record(created_response(*upload, job.id));
        };
    }
    auto received = co_await receive_append({.api = api,
                                             .request = request,
                                             .upload = *upload,
                                             .checksum = *checksum,
                                             .details = details,
                                             .keyed = keyed,
                                             .keeps_what_came = false});
    if (!received) {
        // Nobody has been told where it is. It may be a job all the same: the answer that it is one was lost.
        const auto job = co_await http::on_pool_patiently(
            api.pool, [&] { return remove_unless_job(api.resumable_ingest, *upload); });
        if (job && *job) co_return created_response(*upload, **job);
        co_return std::unexpected(std::move(received).error());
    }
    if (const auto job = id_of_job(*received)) co_return created_response(*upload, *job);
    co_return created_response(*upload, *received);
}

Handled create_as_said(const ApiParts& api, const Principal& principal, http::Request& request,
                       KeyedBody* keyed) {
    UploadQuota quota(api, principal.account, keyed == nullptr ? nullptr : &keyed->call());
    const auto plan = read_plan(api, request);
    if (!plan) co_return co_await quota.end(refuse(plan.error()));
    Answer answer = co_await create_and_receive(api, principal, request, *plan, keyed, quota);
    co_return co_await quota.end(std::move(answer));
}

/// Bytes for an upload that is finished: there may be none.
http::Task<Received<void>> expect_nothing(http::Request& request) {
    request.body->limit(0);
    std::byte more{};
    const auto count = co_await request.body->read(std::span(&more, 1));
    if (!count) co_return refuse_body(count.error());
    co_return Received<void>{};
}

http::Response appended_response(std::uint64_t received_bytes, Timestamp expires_at,
                                 const std::optional<JobId>& job) {
    http::Response response{.status = 204, .headers = {}, .body = {}};
    set_progress(response, received_bytes, expires_at, job);
    return response;
}

/// Bytes at `offset` of an upload, whose other header fields are good.
Handled append_at(const ApiParts& api, const Principal& principal, http::Request& request, UploadId id,
                  std::uint64_t offset, const std::optional<Checksum>& checksum, KeyedBody* keyed,
                  UploadQuota& quota) {
    const auto upload =
        co_await http::on_pool(api.pool, [&] { return api.resumable_ingest.find(principal.account, id); });
    if (!upload) co_return refuse(upload.error());
    if (offset != upload->received_bytes) {
        auto refusal = refuse(Problem::conflict,
                              fmt::format("The upload has {} bytes, so that the next ones belong there.",
                                          upload->received_bytes));
        refusal.error().headers.set("Upload-Offset", std::to_string(upload->received_bytes));
        co_return refusal;
    }
    if (upload->job) {
        if (auto none = co_await expect_nothing(request); !none) co_return std::unexpected(none.error());
        co_return appended_response(upload->received_bytes, upload->expires_at, upload->job);
    }
    auto details = details_of(api, *upload);
    if (!details) co_return refuse(details.error());
    // Refused here, the last byte costs no copy of all the others.
    if (auto begun = co_await quota.begin({.account = principal.account,
                                           .counts = false,
                                           .is_job = may_end(*upload, request),
                                           .has_bytes = has_body(request),
                                           .size_bytes = upload->size_bytes});
        !begun)
        co_return std::unexpected(std::move(begun).error());
    details->quotas_now = quota.now();
    const auto received = co_await receive_append({.api = api,
                                                   .request = request,
                                                   .upload = *upload,
                                                   .checksum = checksum,
                                                   .details = *details,
                                                   .keyed = keyed});
    if (!received) co_return std::unexpected(received.error());
    co_return appended_response(received->received_bytes, received->expires_at, id_of_job(*received));
}

Handled append(const ApiParts& api, const Principal& principal, http::Request& request, KeyedBody* keyed) {
    if (auto spoken = require_version(request); !spoken) co_return std::unexpected(spoken.error());
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<UploadId>(request);
    if (!id) co_return refuse(id.error());
    if (auto typed = require_content_type(request); !typed) co_return std::unexpected(typed.error());
    const auto field = request.headers.get("Upload-Offset");
    const auto offset = field ? tus::parse_bytes(*field) : std::nullopt;
    if (!offset) {
        co_return refuse(
            failure(ErrorCode::invalid_argument, "Upload-Offset has to say where the bytes belong.").error());
    }
    const auto checksum = checksum_of(request);
    if (!checksum) co_return refuse(checksum.error());
    UploadQuota quota(api, principal.account, keyed == nullptr ? nullptr : &keyed->call());
    Answer answer = co_await append_at(api, principal, request, *id, *offset, *checksum, keyed, quota);
    co_return co_await quota.end(std::move(answer));
}

}  // namespace

Handled create_upload(const ApiParts& api, const Principal& principal, http::Request& request,
                      IdempotentCall* call) {
    if (auto spoken = require_version(request); !spoken) co_return std::unexpected(spoken.error());
    if (call == nullptr) co_return co_await create_as_said(api, principal, request, nullptr);
    KeyedBody keyed(*call, request, {"Upload-Length", "Upload-Metadata"});
    co_return co_await serve_once(api, request, api.picture_bytes_max, keyed,
                                  create_as_said(api, principal, request, &keyed));
}

Handled get_upload(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto spoken = require_version(request, true); !spoken) co_return std::unexpected(spoken.error());
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<UploadId>(request);
    if (!id) co_return refuse(id.error());
    const auto upload =
        co_await http::on_pool(api.pool, [&] { return api.resumable_ingest.find(principal.account, *id); });
    if (!upload) co_return refuse(upload.error());
    http::Response response = json_response(200, json_of(*upload));
    set_progress(response, upload->received_bytes, upload->expires_at, upload->job);
    response.headers.set("Upload-Length", std::to_string(upload->size_bytes));
    if (const std::string metadata = member_of(*upload, "tus_metadata"); !metadata.empty())
        response.headers.set("Upload-Metadata", metadata);
    co_return response;
}

Handled append_upload(const ApiParts& api, const Principal& principal, http::Request& request) {
    return append(api, principal, request, nullptr);
}

Handled delete_upload(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto spoken = require_version(request); !spoken) co_return std::unexpected(spoken.error());
    if (auto status = check_bare(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<UploadId>(request);
    if (!id) co_return refuse(id.error());
    const auto removed =
        co_await http::on_pool(api.pool, [&] { return api.resumable_ingest.remove(principal.account, *id); });
    if (!removed) co_return refuse(removed.error());
    co_return http::Response{.status = 204, .headers = {}, .body = {}};
}

Handled post_to_upload(const ApiParts& api, const Principal& principal, http::Request& request,
                       IdempotentCall* call) {
    const auto method = request.headers.get("X-HTTP-Method-Override");
    if (method != "PATCH" && method != "DELETE") {
        co_return refuse(failure(ErrorCode::invalid_argument,
                                 "A POST to an upload needs X-HTTP-Method-Override: PATCH, or DELETE.")
                             .error());
    }
    const bool is_append = method == "PATCH";
    if (call == nullptr) {
        co_return co_await (is_append ? append(api, principal, request, nullptr)
                                      : delete_upload(api, principal, request));
    }
    KeyedBody keyed(*call, request, {"X-HTTP-Method-Override", "Upload-Offset"});
    co_return co_await serve_once(
        api, request, api.picture_bytes_max, keyed,
        is_append ? append(api, principal, request, &keyed) : delete_upload(api, principal, request));
}

Handled describe_uploads(const ApiParts& api, const Principal&, http::Request&) {
    http::Response response{.status = 204, .headers = {}, .body = {}};
    response.headers.set("Tus-Version", std::string(tus::version));
    response.headers.set("Tus-Extension", std::string(tus::extensions));
    response.headers.set("Tus-Checksum-Algorithm", std::string(tus::checksum_algorithms));
    response.headers.set("Tus-Max-Size", std::to_string(api.picture_bytes_max));
    co_return response;
}

}  // namespace safelight
