#include "api/upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "api/authorisation.h"
#include "api/fingerprint.h"
#include "api/handlers.h"
#include "api/idempotent_call.h"
#include "api/request_values.h"
#include "api/source_upload.h"
#include "api/upload_details.h"
#include "api/upload_digest.h"
#include "api/upload_form.h"
#include "api/upload_pipe.h"
#include "api/upload_quota.h"
#include "api/upload_rights.h"
#include "base/text.h"
#include "http/semantics.h"

namespace safelight {
namespace {

constexpr std::size_t read_bytes = 64 * 1'024;

/// What is known before the first byte of the body is read.
struct UploadPlan {
    std::optional<std::string> boundary;  // of a form; empty: the body is the picture
    std::optional<Sha256> digest;         // of the body
    UploadFields said;
    UploadDetails details;  // what follows from that, as far as it is known
};

bool is_multipart(const http::Request& request) {
    return media_type_of(request).starts_with("multipart/");
}

/// Types that say that the body is no picture; for all others the bytes decide.
Received<void> check_media_type(const http::Request& request) {
    const std::string type = media_type_of(request);
    const bool is_other_multipart = type.starts_with("multipart/") && type != "multipart/form-data";
    if (type == "application/json") {
        return refuse(Problem::unsupported_media_type,
                      "This server is not set up to fetch pictures from addresses. Send the picture itself.");
    }
    if (type == "application/x-www-form-urlencoded" || is_other_multipart) {
        return refuse(
            Problem::unsupported_media_type,
            "Send the picture as multipart/form-data in a part \"file\", or as the body itself with its "
            "own type or application/octet-stream.");
    }
    return check_coding(request);
}

Result<UploadPlan> read_plan(const ApiParts& api, const http::Request& request) {
    UploadPlan plan;
    TRY_ASSIGN(plan.said, said_in_query(request));
    if (is_multipart(request)) {
        TRY_ASSIGN(plan.boundary, http::multipart_boundary(request.headers.get("Content-Type").value_or("")));
    }
    TRY_ASSIGN(plan.digest, digest_of(request));
    TRY(read_details(api, plan.said, "?", plan.details));
    return plan;
}

/// Refuses a body that is too long before the client has sent it.
Received<void> limit_body(const ApiParts& api, http::Request& request, bool is_form) {
    const std::uint64_t bytes_max = api.picture_bytes_max + (is_form ? form_overhead_bytes_max : 0);
    const auto declared = request.body->length_bytes();
    if (declared && *declared > bytes_max) {
        return refuse(Problem::payload_too_large,
                      fmt::format("A picture may have at most {} bytes.", api.picture_bytes_max));
    }
    if (declared == 0U) return refuse(Problem::empty_payload, "The body has no bytes at all.");
    request.body->limit(bytes_max);
    return {};
}

/// What the picture has at least, by what is announced of the body.
std::uint64_t least_picture_bytes(const http::Request& request, bool is_form) {
    const std::uint64_t declared = request.body->length_bytes().value_or(0);
    const std::uint64_t around = is_form ? form_overhead_bytes_max : 0;
    return std::max<std::uint64_t>(declared - std::min(declared, around), 1);
}

/// How much a buffer has to hold for a body that needs no more than one hop, or for a piece and the read
/// after it.
std::size_t buffer_bytes(const http::Request& request) {
    const auto declared = request.body->length_bytes();
    if (declared && *declared <= upload_piece_bytes) return static_cast<std::size_t>(*declared) + 1;
    return upload_piece_bytes + read_bytes;
}

/// What the request is, however it is framed: the picture, and what is said with it.
Sha256 fingerprint_of(const http::Request& request, const UploadPlan& plan, const Sha256& picture) {
    Fingerprint fingerprint;
    fingerprint.add(std::string_view(request.method));
    fingerprint.add(std::string_view(request.path));
    for (const UploadField& field : upload_fields) {
        const auto& said = plan.said.*field.value;
        if (said || !field.is_newer) fingerprint.add(said);
    }
    return fingerprint.finish(picture);
}

/// The last piece, and the job; `said.details` is complete.
http::Task<Received<Job>> finish_upload(UploadPipe& pipe, UploadPipe::Piece piece, UploadPlan& said,
                                        const http::Request& request, IdempotentCall* call,
                                        UploadQuota& quota) {
    const auto note = [&](const Job& job) {
        call->note_fingerprint(fingerprint_of(request, said, job.image.sha256));
    };
    if (call != nullptr && !call->was_served()) {
        said.details.with.record_of = [&](const Job& job) {
            note(job);
            return call->record(accepted_response(job));
        };
    }
    said.details.quotas_now = quota.now();
    const auto turn = co_await quota.job_turn();
    if (!turn) co_return refuse(turn.error());
    auto job = co_await pipe.finish(piece, said.details);
    if (!job) co_return refuse(std::move(job).error());
    if (call != nullptr) note(*job);
    co_return *std::move(job);
}

http::Task<Received<Job>> receive_raw(const ApiParts& api, UploadPlan& plan, http::Request& request,
                                      UploadPipe& pipe, IdempotentCall* call, UploadQuota& quota) {
    const std::size_t capacity = buffer_bytes(request);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(capacity);
    plan.details.expected_sha256 = plan.digest;
    UploadRights rights(api, request, call);
    std::size_t filled = 0;
    std::uint64_t total = 0;
    for (;;) {
        const auto count = co_await request.body->read(std::span(buffer.get() + filled, capacity - filled));
        if (!count) co_return refuse_body(count.error());
        if (*count == 0) break;
        if (auto still = co_await rights.check_now_and_then(); !still)
            co_return std::unexpected(still.error());
        filled += *count;
        total += *count;
        if (total > api.picture_bytes_max) {
            co_return refuse(Problem::payload_too_large,
                             fmt::format("A picture may have at most {} bytes.", api.picture_bytes_max));
        }
        if (filled > upload_piece_bytes) {
            const auto written = co_await pipe.write({std::span(buffer.get(), filled), {}});
            if (!written) co_return refuse(written.error());
            filled = 0;
        }
    }
    if (total == 0) co_return refuse(Problem::empty_payload, "The body has no bytes at all.");
    if (auto still = co_await rights.check(); !still) co_return std::unexpected(still.error());
    co_return co_await finish_upload(pipe, {std::span(buffer.get(), filled), {}}, plan, request, call, quota);
}

/// What the form says goes together with what the query said.
Result<UploadPlan> plan_of_all(const ApiParts& api, const UploadPlan& plan, UploadForm& form) {
    TRY(form.check_complete());
    UploadPlan all;
    TRY_ASSIGN(all.said, said_in_all(plan.said, std::move(form.fields), "the form"));
    TRY(read_details(api, all.said, "/", all.details));
    return all;
}

http::Task<Received<Job>> receive_form(const ApiParts& api, const UploadPlan& plan, http::Request& request,
                                       UploadPipe& pipe, IdempotentCall* call, UploadQuota& quota) {
    const std::size_t capacity = buffer_bytes(request);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(std::min(capacity, read_bytes));
    UploadForm form(api.picture_bytes_max);
    form.picture.reserve(capacity);
    std::vector<std::byte> hashed;  // the body itself, when its digest has to be checked
    if (plan.digest) {
        pipe.expect_body(*plan.digest);
        hashed.reserve(capacity);
    }
    http::MultipartParser parser(*plan.boundary, {}, form);
    UploadRights rights(api, request, call);
    for (;;) {
        const auto count =
            co_await request.body->read(std::span(buffer.get(), std::min(capacity, read_bytes)));
        if (!count) co_return refuse_body(count.error());
        if (*count == 0) break;
        if (auto still = co_await rights.check_now_and_then(); !still)
            co_return std::unexpected(still.error());
        const std::span<const std::byte> bytes(buffer.get(), *count);
        if (auto fed = parser.feed(bytes); !fed) co_return refuse(fed.error());
        if (plan.digest) hashed.insert(hashed.end(), bytes.begin(), bytes.end());
        if (std::max(form.picture.size(), hashed.size()) > upload_piece_bytes) {
            const auto written = co_await pipe.write({form.picture, hashed});
            if (!written) co_return refuse(written.error());
            form.picture.clear();
            hashed.clear();
        }
    }
    if (auto ended = parser.finish(); !ended) co_return refuse(ended.error());
    auto said = plan_of_all(api, plan, form);
    if (!said) co_return refuse(said.error());
    if (auto still = co_await rights.check(); !still) co_return std::unexpected(still.error());
    co_return co_await finish_upload(pipe, {form.picture, hashed}, *said, request, call, quota);
}

}  // namespace

http::Task<Received<Job>> receive_upload(const ApiParts& api, const Principal& principal,
                                         http::Request& request, IdempotentCall* call, UploadQuota& quota) {
    if (api.sources.client != nullptr && media_type_of(request) == "application/json")
        co_return co_await receive_source(api, principal, request, call, quota);
    if (auto checked = check_media_type(request); !checked) co_return std::unexpected(checked.error());
    auto plan = read_plan(api, request);
    if (!plan) co_return refuse(plan.error());
    const bool is_form = plan->boundary.has_value();
    if (auto limited = limit_body(api, request, is_form); !limited)
        co_return std::unexpected(limited.error());

    if (auto begun = co_await quota.begin(
            {.account = principal.account, .size_bytes = least_picture_bytes(request, is_form)});
        !begun)
        co_return std::unexpected(std::move(begun).error());

    const bool was_served = call != nullptr && call->was_served();
    const auto digest = was_served ? make_digest_ingest() : nullptr;
    UploadPipe pipe(api.pool, was_served ? *digest : api.ingest, principal.account);
    Received<Job> job;
    if (is_form) {
        job = co_await receive_form(api, *plan, request, pipe, call, quota);
    } else {
        job = co_await receive_raw(api, *plan, request, pipe, call, quota);
    }
    if (!job) co_await pipe.abandon();
    co_return job;
}

Received<void> check_coding(const http::Request& request) {
    const std::string coding = to_lower_ascii(request.headers.get("Content-Encoding").value_or("identity"));
    if (coding != "identity") {
        return refuse(Problem::unsupported_media_type, "A body with a Content-Encoding is not accepted.");
    }
    return {};
}

std::unexpected<Refusal> refuse_body(Error error) {
    if (error.code == ErrorCode::timeout)
        return refuse(Problem::request_timeout, std::move(error.public_text));
    if (error.code == ErrorCode::invalid_argument)
        return refuse(Problem::bad_request, std::move(error.public_text));
    return refuse(std::move(error));
}

http::Task<Received<std::string>> read_body(http::Request& request, std::uint64_t bytes_max) {
    if (request.body->length_bytes().value_or(0) > bytes_max) {
        co_return refuse(Problem::payload_too_large,
                         fmt::format("The body may have at most {} bytes.", bytes_max));
    }
    auto text = co_await http::read_text(*request.body, bytes_max);
    if (!text) co_return refuse_body(std::move(text).error());
    co_return *std::move(text);
}

http::Task<Received<std::string>> read_body_text(const ApiParts& api, http::Request& request, Scope scope,
                                                 std::uint64_t bytes_max) {
    auto text = co_await read_body(request, bytes_max);
    if (!text) co_return text;
    const auto still = co_await authorise(api.authenticator, request, scope);
    if (!still) co_return std::unexpected(still.error());
    co_return *std::move(text);
}

}  // namespace safelight
