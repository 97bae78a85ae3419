#include "api/source_upload.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "api/event_streams.h"
#include "api/handlers.h"
#include "api/idempotent_call.h"
#include "api/request_values.h"
#include "api/source_request.h"
#include "api/upload_details.h"
#include "api/upload_pipe.h"
#include "api/upload_quota.h"
#include "api/upload_rights.h"
#include "http/semantics.h"

namespace safelight {
namespace {

constexpr std::uint32_t redirects_max = 5;
/// How long a client that is gone, or a key that was revoked, may go unnoticed.
constexpr Milliseconds look_interval{200};
/// A piece, and what is read at once after it.
constexpr std::size_t buffer_bytes = upload_piece_bytes + outbound_read_bytes_min;

/// The body, whose fingerprint `call` is told.
http::Task<Received<std::string>> read_request(http::Request& request, IdempotentCall* call) {
    if (call == nullptr) co_return co_await read_body(request, post_text_bytes_max);
    HashedBody body(request, *call);
    auto text = co_await read_body(request, post_text_bytes_max);
    call->note_fingerprint(fingerprint_of(request, body.finish()));
    co_return text;
}

Status check_digest(const http::Request& request, std::string_view text) {
    TRY_ASSIGN(const auto digest, digest_of(request));
    if (!digest || *digest == sha256_of(std::as_bytes(std::span(text)))) return {};
    return failure(ErrorCode::digest_mismatch, "The body is not what its Content-Digest says.");
}

/// The address, and in `details` what else is said.
Result<std::string> read_source(const ApiParts& api, std::string_view text, UploadDetails& details) {
    TRY_ASSIGN(SourceRequest source, parse_source_request(text));
    TRY(read_details(api, source.said, "/", details));
    return std::move(source.url);
}

/// What the last part of the address is; Ingest makes a valid name of it.
std::string filename_of(const OutboundUrl& url) {
    return http::percent_decode(url.last_segment()).value_or("");
}

/// The log gets no path and no query: these may hold secrets.
std::unexpected<Refusal> refuse_fetch(const ApiParts& api, const http::Request& request,
                                      std::string_view host, const OutboundFailure& failed) {
    api.log.info("source_not_fetched", {{"request_id", request.request_id},
                                        {"host", host},
                                        {"fault", name_of(failed.fault)},
                                        {"detail", failed.log_text}});
    return std::unexpected(refusal_of(failed, api.picture_bytes_max));
}

/// One picture on its way from the other server into the ingest.
class SourceFetch {
  public:
    /// What is passed in outlives it.
    SourceFetch(const ApiParts& api, http::Request& request, OutboundExchange& exchange, UploadPipe& pipe,
                UploadRights& rights)
        : api_(api), request_(request), exchange_(exchange), pipe_(pipe), rights_(rights) {}

    /// All but the last piece, which is left to `last_piece`.
    http::Task<Received<void>> run() {
        for (;;) {
            const auto progress = co_await read();
            if (!progress) co_return std::unexpected(progress.error());
            if (request_.body->is_abandoned())
                co_return refuse(Error{ErrorCode::cancelled, "The client has gone away.", {}, {}});
            if (progress->is_complete) co_return Received<void>{};
            if (auto still = co_await rights_.check_now_and_then(); !still) co_return still;
            filled_ += progress->bytes;
            if (filled_ <= upload_piece_bytes) continue;
            const auto written = co_await pipe_.write(last_piece());
            if (!written) co_return refuse(written.error());
            filled_ = 0;
        }
    }

    [[nodiscard]] UploadPipe::Piece last_piece() const { return {std::span(buffer_.get(), filled_), {}}; }

  private:
    using Read = Outbound<OutboundExchange::Progress>;

    http::Task<Received<OutboundExchange::Progress>> read() {
        const std::span<std::byte> room(buffer_.get() + filled_, buffer_bytes - filled_);
        const auto read = co_await http::on_pool(
            *api_.sources.pool, [&] { return Result<Read>(exchange_.read(room, look_interval)); });
        if (!read) co_return refuse(read.error());
        if (!*read) co_return refuse_fetch(api_, request_, exchange_.url().host, read->error());
        co_return **read;
    }

    const ApiParts& api_;
    http::Request& request_;
    OutboundExchange& exchange_;
    UploadPipe& pipe_;
    UploadRights& rights_;
    const std::unique_ptr<std::byte[]> buffer_ = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes);
    std::size_t filled_ = 0;
};

/// From the first byte to the job.
http::Task<Received<Job>> fetch(const ApiParts& api, http::Request& request, OutboundExchange& exchange,
                                UploadPipe& pipe, UploadDetails& details, IdempotentCall* call,
                                UploadQuota& quota) {
    UploadRights rights(api, request, call);
    SourceFetch source(api, request, exchange, pipe, rights);
    if (auto fetched = co_await source.run(); !fetched) co_return std::unexpected(fetched.error());
    if (auto still = co_await rights.check(); !still) co_return std::unexpected(still.error());
    if (details.filename.empty()) details.filename = filename_of(exchange.url());
    if (call != nullptr) {
        details.with.record_of = [call](const Job& job) { return call->record(accepted_response(job)); };
    }
    details.quotas_now = quota.now();
    const auto turn = co_await quota.job_turn();
    if (!turn) co_return refuse(turn.error());
    auto job = co_await pipe.finish(source.last_piece(), details);
    if (!job) co_return refuse(std::move(job).error());
    co_return *std::move(job);
}

OutboundRequest request_for(const ApiParts& api, std::string url) {
    return {.url = std::move(url),
            .bytes_max = api.picture_bytes_max,
            .timeout = api.sources.timeout,
            .redirects_max = redirects_max};
}

Refusal refusal(Problem problem, std::string detail) {
    return refuse(problem, std::move(detail)).error();
}

}  // namespace

http::Task<Received<Job>> receive_source(const ApiParts& api, const Principal& principal,
                                         http::Request& request, IdempotentCall* call, UploadQuota& quota) {
    if (auto known = check_query(request, {}); !known) co_return refuse(known.error());
    const auto text = co_await read_request(request, call);
    if (!text) co_return std::unexpected(text.error());
    if (auto same = check_digest(request, *text); !same) co_return refuse(same.error());
    if (call != nullptr && call->was_served()) co_return Job{};

    UploadDetails details;
    auto url = read_source(api, *text, details);
    if (!url) co_return refuse(url.error());
    const auto slot = StreamSlot::take(api.sources.open_fetches, api.sources.fetches_max);
    if (!slot) {
        co_return refuse(
            Error{ErrorCode::overloaded, "Too many pictures are being fetched at once.", {}, {}});
    }
    if (auto begun = co_await quota.begin({.account = principal.account}); !begun)
        co_return std::unexpected(std::move(begun).error());
    auto exchange = api.sources.client->begin(request_for(api, *std::move(url)));
    if (!exchange) co_return refuse_fetch(api, request, "", exchange.error());
    UploadPipe pipe(api.pool, api.ingest, principal.account);
    auto job = co_await fetch(api, request, **exchange, pipe, details, call, quota);
    if (!job) co_await pipe.abandon();
    // Closing a connection is work for the pool as well; where that is full, it is done here.
    static_cast<void>(co_await http::run_on_pool(*api.sources.pool, [&] { exchange->reset(); }));
    co_return job;
}

Refusal refusal_of(const OutboundFailure& failed, std::uint64_t picture_bytes_max) {
    switch (failed.fault) {
        case OutboundFault::malformed_url:
            return refuse(invalid({{"/source_url", "\"source_url\" is no absolute http or https address."}})
                              .error())
                .error();
        case OutboundFault::refused_url:
            return refusal(Problem::source_refused,
                           "Pictures are fetched by http and https alone, from addresses without a user "
                           "name, a password or a zone.");
        case OutboundFault::refused_host:
            return refusal(Problem::source_refused,
                           "The host and port of the address, or of one that it redirects to, are none that "
                           "this server fetches pictures from.");
        // One text: which names there are inside of a network is nobody's business.
        case OutboundFault::refused_address:
        case OutboundFault::no_such_host:
            return refusal(Problem::source_refused,
                           "The host of the address, or of one that it redirects to, has no public address.");
        case OutboundFault::unreachable:
            return refusal(Problem::source_failed, "The other server cannot be reached.");
        case OutboundFault::tls:
            return refusal(Problem::source_failed,
                           "There is no secure connection to the other server, or nobody that this server "
                           "trusts vouches for it.");
        case OutboundFault::timeout:
            return refusal(Problem::source_timeout, "The other server is too slow.");
        case OutboundFault::too_large:
            return refusal(Problem::payload_too_large,
                           fmt::format("A picture may have at most {} bytes.", picture_bytes_max));
        case OutboundFault::too_many_redirects:
            return refusal(Problem::source_failed,
                           fmt::format("The address redirects more than {} times.", redirects_max));
        case OutboundFault::bad_status:
            return refusal(failed.status / 100 == 4 ? Problem::source_not_found : Problem::source_failed,
                           fmt::format("The other server answered with the status {}.", failed.status));
        case OutboundFault::broken_answer:
            return refusal(Problem::source_failed,
                           "The answer of the other server was cut short, or is no HTTP.");
        case OutboundFault::no_resources:
            return refusal(Problem::unavailable, "This server cannot open another connection at the moment.");
    }
    return refusal(Problem::source_failed, "The other server failed.");
}

}  // namespace safelight
