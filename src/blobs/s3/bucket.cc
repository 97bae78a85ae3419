#include "blobs/s3/bucket.h"

#include <fmt/format.h>

#include <charconv>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "blobs/s3/content_md5.h"
#include "blobs/s3/http_status.h"

namespace safelight::s3 {
namespace {

constexpr std::string_view mark_header = "x-amz-meta-safelight-writer";
constexpr std::size_t list_bytes_max =
    8 * MiB;  // a thousand names of a kilobyte, encoded, and what is around
constexpr int abort_rounds_max = 3;

std::unexpected<Failure> not_s3(const S3Request& request, const HttpAnswer& answer,
                                bool may_have_acted = true) {
    auto failed = unavailable(fmt::format("{} {}: answered {} with what no S3 store answers", request.method,
                                          request.object, answer.status),
                              may_have_acted);
    failed.error().refusal = Refusal::not_understood;
    return failed;
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

struct ContentRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t total = 0;
};

/// "bytes 0-9/100"
std::optional<ContentRange> parse_content_range(std::string_view text) {
    constexpr std::string_view unit = "bytes ";
    const std::size_t dash = text.find('-');
    const std::size_t slash = text.find('/');
    if (!text.starts_with(unit) || dash == text.npos || slash == text.npos || dash > slash)
        return std::nullopt;
    const auto first = number(text.substr(unit.size(), dash - unit.size()));
    const auto last = number(text.substr(dash + 1, slash - dash - 1));
    const auto total = number(text.substr(slash + 1));
    if (!first || !last || !total || *first > *last || *last >= *total) return std::nullopt;
    return ContentRange{*first, *last, *total};
}

void require_new(S3Request& request, bool is_new) {
    if (is_new) request.headers.emplace_back("if-none-match", "*");
}

}  // namespace

Outcome<void> Bucket::put(const std::string& object, std::span<const std::byte> bytes, const Sha256& sha256,
                          const std::string& mark, bool is_new) {
    S3Request request{.method = "PUT", .object = object, .body = bytes, .body_sha256 = sha256};
    request.headers = {{"content-type", "application/octet-stream"},
                       {"x-amz-checksum-sha256", base64_encode(sha256.bytes)},
                       {std::string(mark_header), mark}};
    require_new(request, is_new);
    TRY_ASSIGN(const Reply reply, requester_.send(request));
    if (reply.http.header("etag").empty()) return not_s3(request, reply.http);
    return {};
}

Outcome<std::optional<ObjectHead>> Bucket::head(const std::string& object, Patience patience) {
    const S3Request request{.method = "HEAD", .object = object, .patience = patience};
    const auto reply = requester_.send(request);
    if (!reply && reply.error().refusal == Refusal::not_found) return std::nullopt;
    if (!reply) return std::unexpected(reply.error());
    const auto size = number(reply->http.header("content-length"));
    if (!size || reply->http.header("etag").empty()) return not_s3(request, reply->http, false);
    return ObjectHead{*size, std::string(reply->http.header(mark_header))};
}

Outcome<Piece> Bucket::get(const std::string& object, std::uint64_t offset, std::span<std::byte> out) {
    S3Request request{.method = "GET", .object = object, .into = out};
    request.headers = {{"range", fmt::format("bytes={}-{}", offset, offset + out.size() - 1)}};
    const auto reply = requester_.send(request);
    if (!reply && reply.error().refusal == Refusal::past_the_end) {
        TRY_ASSIGN(const auto found, head(object));
        if (found) return Piece{.count = 0, .total_bytes = found->size_bytes, .etag = {}};
        return std::unexpected(Failure{.error = Error{ErrorCode::not_found, "No such blob.", object, {}},
                                       .refusal = Refusal::not_found});
    }
    if (!reply) return std::unexpected(reply.error());
    const HttpAnswer& answer = reply->http;
    const std::string etag(answer.header("etag"));
    if (answer.status == http_status::ok && offset == 0 &&
        !etag.empty())  // all of it: the range was needless
        return Piece{answer.bytes_into, answer.bytes_into, etag};
    const auto range = parse_content_range(answer.header("content-range"));
    const bool is_what_was_asked = answer.status == http_status::partial_content && range && !etag.empty() &&
                                   range->first == offset && range->last - offset + 1 == answer.bytes_into &&
                                   (answer.bytes_into == out.size() || range->last + 1 == range->total);
    if (!is_what_was_asked) return not_s3(request, answer, false);
    return Piece{answer.bytes_into, range->total, etag};
}

Outcome<void> Bucket::remove(const std::string& object, Patience patience) {
    const S3Request request{.method = "DELETE", .object = object, .patience = patience};
    const auto reply = requester_.send(request);
    if (!reply && reply.error().refusal == Refusal::not_found) return {};
    if (!reply) return std::unexpected(reply.error());
    if (reply->http.status != http_status::no_content) return not_s3(request, reply->http);
    return {};
}

Outcome<std::vector<bool>> Bucket::remove_batch(std::span<const std::string> objects) {
    const std::string body = batch_deletion(objects);
    const auto bytes = std::as_bytes(std::span(body));
    const Sha256 sha256 = sha256_of(bytes);
    S3Request request{.method = "POST", .query = {{"delete", ""}}, .body = bytes, .body_sha256 = sha256};
    request.answer_bytes_max = list_bytes_max;
    request.headers = {{"content-type", "application/xml"},
                       {"x-amz-checksum-sha256", base64_encode(sha256.bytes)}};
    if (auto md5 = content_md5(bytes)) request.headers.emplace_back("content-md5", *std::move(md5));
    TRY_ASSIGN(const Reply reply, requester_.send(request));
    const auto answered = parse_deletions(reply.http.body);
    if (!answered) return not_s3(request, reply.http);
    std::unordered_set<std::string_view> gone;
    for (const DeletedObject& object : *answered) {
        if (object.is_gone) gone.insert(object.name);
    }
    std::vector<bool> are_gone;
    for (const std::string& object : objects) are_gone.push_back(gone.contains(object));
    return are_gone;
}

Outcome<StartedUpload> Bucket::start_upload(const std::string& object, const std::string& mark) {
    S3Request request{.method = "POST", .object = object, .query = {{"uploads", ""}}};
    request.headers = {{"content-type", "application/octet-stream"}, {std::string(mark_header), mark}};
    TRY_ASSIGN(const Reply reply, requester_.send(request));
    auto id = parse_upload_id(reply.http.body);
    if (!id) return not_s3(request, reply.http);
    return StartedUpload{std::move(*id), reply.may_be_repeated};
}

Outcome<std::string> Bucket::upload_part(const std::string& object, const std::string& id,
                                         std::size_t part_number, std::span<const std::byte> bytes) {
    S3Request request{.method = "PUT", .object = object, .body = bytes};
    request.query = {{"partNumber", std::to_string(part_number)}, {"uploadId", id}};
    TRY_ASSIGN(const Reply reply, requester_.send(request));
    std::string etag(reply.http.header("etag"));
    if (etag.empty()) return not_s3(request, reply.http);
    return etag;
}

Outcome<void> Bucket::complete_upload(const std::string& object, const std::string& id,
                                      std::span<const std::string> etags, bool is_new) {
    const std::string body = completion(etags);
    S3Request request{.method = "POST", .object = object, .query = {{"uploadId", id}}};
    request.headers = {{"content-type", "application/xml"}};
    request.body = std::as_bytes(std::span(body));
    require_new(request, is_new);
    TRY_ASSIGN(const Reply reply, requester_.send(request));
    if (!is_completed_upload(reply.http.body)) return not_s3(request, reply.http);
    return {};
}

Outcome<void> Bucket::abort_upload(const std::string& object, const std::string& id, Patience patience) {
    const S3Request request{
        .method = "DELETE", .object = object, .query = {{"uploadId", id}}, .patience = patience};
    const auto reply = requester_.send(request);
    if (!reply && reply.error().refusal == Refusal::no_such_upload) return {};
    if (!reply) return std::unexpected(reply.error());
    if (reply->http.status != http_status::no_content) return not_s3(request, reply->http);
    return {};
}

/// Once more after each round that found something: a part that was on its way may have come after the abort,
/// and a lost answer may have left a second upload.
Outcome<void> Bucket::abort_uploads_of(const std::string& object, Patience patience) {
    for (int round = 0; round < abort_rounds_max; ++round) {
        bool found = false;
        for (UploadPage page;;) {
            TRY_ASSIGN(page, list_uploads(object, page, patience));
            for (const ListedUpload& upload : page.uploads) {
                if (upload.name != object) continue;
                found = true;
                TRY(abort_upload(object, upload.id, patience));
            }
            if (page.next_name.empty()) break;
        }
        if (!found) return {};
    }
    return {};
}

Outcome<ObjectPage> Bucket::list(const std::string& prefix, const std::string& token) {
    S3Request request{.method = "GET", .answer_bytes_max = list_bytes_max};
    request.query = {
        {"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", std::to_string(list_page_max_)}};
    if (!prefix.empty()) request.query.emplace_back("prefix", prefix);
    if (!token.empty()) request.query.emplace_back("continuation-token", token);
    TRY_ASSIGN(const Reply reply, requester_.send(request));
    auto page = parse_object_page(reply.http.body);
    if (!page || (!token.empty() && page->next_token == token)) return not_s3(request, reply.http, false);
    return std::move(*page);
}

Outcome<UploadPage> Bucket::list_uploads(const std::string& prefix, const UploadPage& after,
                                         Patience patience) {
    S3Request request{.method = "GET", .answer_bytes_max = list_bytes_max, .patience = patience};
    request.query = {
        {"uploads", ""}, {"encoding-type", "url"}, {"max-uploads", std::to_string(list_page_max_)}};
    if (!prefix.empty()) request.query.emplace_back("prefix", prefix);
    if (!after.next_name.empty()) request.query.emplace_back("key-marker", after.next_name);
    if (!after.next_id.empty()) request.query.emplace_back("upload-id-marker", after.next_id);
    TRY_ASSIGN(const Reply reply, requester_.send(request));
    auto page = parse_upload_page(reply.http.body);
    const bool is_stuck = page && !page->next_name.empty() && page->next_name == after.next_name &&
                          page->next_id == after.next_id;
    if (!page || is_stuck) return not_s3(request, reply.http, false);
    return std::move(*page);
}

Outcome<void> Bucket::make(const std::string& region) {
    const std::string body = bucket_location(region);
    const S3Request request{.method = "PUT", .body = std::as_bytes(std::span(body))};
    const auto reply = requester_.send(request);
    if (reply) return {};
    // Who owns a bucket that is there already shows by whether it can be listed.
    if (reply.error().refusal == Refusal::exists && list("", "")) return {};
    return std::unexpected(reply.error());
}

}  // namespace safelight::s3
