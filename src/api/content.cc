#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <variant>

#include "api/handlers.h"
#include "api/json.h"
#include "api/original_link.h"
#include "api/request_values.h"
#include "base/text.h"
#include "blobs/verified_source.h"
#include "http/semantics.h"

namespace safelight {
namespace {

/// Up to here the bytes are read, and checked, in the same hop that opens them.
constexpr std::uint64_t inline_bytes_max = 64 * 1'024;

using SteadyClock = std::chrono::steady_clock;

constexpr std::uint32_t remake_wait_s = 10;
/// Another process may be at work on it.
constexpr Milliseconds reread_interval{1'000};

/// The bytes of a source from first to last.
class SourceStream final : public http::ResponseStream {
  public:
    SourceStream(std::unique_ptr<ByteSource> source, http::ByteRange range)
        : source_(std::move(source)), position_(range.first), end_(range.last + 1) {}

    Result<std::size_t> read(std::span<std::byte> buffer) override {
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end_ - position_));
        if (wanted == 0) return 0;
        TRY_ASSIGN(const std::size_t count, source_->read_at(position_, buffer.first(wanted)));
        if (count == 0)
            return failure(ErrorCode::corrupt_blob, "The stored bytes are damaged.", "blob ends early");
        position_ += count;
        return count;
    }

  private:
    const std::unique_ptr<ByteSource> source_;
    std::uint64_t position_;
    const std::uint64_t end_;
};

http::Headers headers_of(const Content& content, const http::Validators& validators) {
    http::Headers headers;
    headers.set("ETag", validators.etag);
    headers.set("Last-Modified", to_http_date(content.modified_at));
    // A variant may be made again when its preset changes, and both should be gone from caches when they were
    // deleted, so they are asked for each time; the entity tag makes that cheap.
    headers.set("Cache-Control", "private, no-cache");
    return headers;
}

void describe(http::Headers& headers, const Content& content) {
    headers.set("Content-Type", std::string(media_type_of_stored(content.format)));
    headers.set("Content-Disposition", http::content_disposition("inline", content.filename));
    headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
    headers.set("Accept-Ranges", "bytes");
    headers.set("Repr-Digest", fmt::format("sha-256=:{}:", base64_encode(content.sha256.bytes)));
}

/// All of the bytes are checked as they pass: damaged ones end in a broken connection, never in a complete
/// body.
Result<std::unique_ptr<http::ResponseStream>> stream_of(Content content, http::ByteRange range) {
    const std::uint64_t size_bytes = content.bytes->size_bytes();
    if (range.last - range.first + 1 == size_bytes) {
        TRY_ASSIGN(content.bytes, make_verified_source(std::move(content.bytes), size_bytes, content.sha256));
    }
    return std::make_unique<SourceStream>(std::move(content.bytes), range);
}

Result<http::Response> with_body(http::Response response, Content content, http::ByteRange range,
                                 bool only_head) {
    const std::uint64_t length_bytes = range.last - range.first + 1;
    TRY_ASSIGN(auto stream, stream_of(std::move(content), range));
    if (length_bytes > inline_bytes_max || only_head) {
        response.body = http::StreamedBody{std::move(stream), length_bytes};
        return response;
    }
    std::string text(static_cast<std::size_t>(length_bytes), '\0');
    for (std::size_t filled = 0; filled < text.size();) {
        TRY_ASSIGN(const std::size_t count,
                   stream->read(std::as_writable_bytes(std::span(text)).subspan(filled)));
        filled += count;
    }
    response.body = std::move(text);
    return response;
}

Answer unsatisfiable(std::uint64_t size_bytes) {
    auto refusal = refuse(Problem::range_not_satisfiable, fmt::format("There are {} bytes.", size_bytes));
    refusal.error().headers.set("Content-Range", fmt::format("bytes */{}", size_bytes));
    return refusal;
}

/// The whole answer from opened content; runs on the pool, since it may read.
Answer answer_with(const http::Request& request, Content content) {
    const http::Validators validators{.etag = etag_of(content.sha256), .last_modified = content.modified_at};
    http::Response response;
    response.headers = headers_of(content, validators);
    if (auto decided = decide_by_condition(request, validators, response)) return std::move(*decided);
    const std::uint64_t size_bytes = content.bytes->size_bytes();
    if (size_bytes == 0)
        return refuse(Error{ErrorCode::corrupt_blob, "The stored bytes are damaged.", "empty blob", {}});
    const auto wanted = http::evaluate_range(request, validators, size_bytes);
    if (std::holds_alternative<http::UnsatisfiableRange>(wanted)) return unsatisfiable(size_bytes);

    describe(response.headers, content);
    http::ByteRange range{0, size_bytes - 1};
    if (const auto* part = std::get_if<http::ByteRange>(&wanted)) {
        range = *part;
        response.status = 206;
        response.headers.set("Content-Range",
                             fmt::format("bytes {}-{}/{}", range.first, range.last, size_bytes));
    }
    auto complete = with_body(std::move(response), std::move(content), range, request.method == "HEAD");
    if (!complete) return refuse(std::move(complete).error());
    return *std::move(complete);
}

Answer open_and_answer(const http::Request& request, Result<Content> content) {
    if (!content) return refuse(std::move(content).error());
    return answer_with(request, *std::move(content));
}

/// By a redirect to the store, where that is configured and the original is large.
Answer answer_original(const ApiParts& api, const http::Request& request, AccountId owner, ImageId id) {
    if (api.links.store != nullptr) {
        const auto image = api.library.find_image(owner, id);
        if (!image) return refuse(image.error());
        if (auto redirect = redirect_to_original(api.links, request, *image)) return *std::move(redirect);
    }
    return open_and_answer(request, api.library.open_original(owner, id));
}

/// on_pool for work whose trouble is a Refusal already.
template <class Work>
Handled answer_on_pool(const ApiParts& api, Work work) {
    auto answer = co_await http::on_pool(api.pool, [&]() -> Result<Answer> { return work(); });
    if (!answer) co_return refuse(std::move(answer).error());
    co_return *std::move(answer);
}

struct VariantPlace {
    AccountId owner;
    ImageId image;
    std::string name;
};

Handled answer_variant(const ApiParts& api, const http::Request& request, const VariantPlace& place) {
    co_return co_await answer_on_pool(api, [&] {
        return open_and_answer(request, api.library.open_variant(place.owner, place.image, place.name));
    });
}

/// How long a request for a variant that has expired is held.
std::uint32_t remake_wait_of(const http::Request& request) {
    const auto prefer = request.headers.get("Prefer");
    if (prefer && http::wait_preference_s(*prefer) == 0U) return 0;
    return wait_of(request).value_or(remake_wait_s);
}

/// For a variant that was not ready. If it has expired it is made again, and the answer is how it stands when
/// it is there, or after the wait; else as it stands now: what somebody else asked for may have come since.
Handled answer_when_remade(const ApiParts& api, const Principal& principal, const http::Request& request,
                           const VariantPlace& place) {
    const auto job = co_await http::on_pool(
        api.pool, [&] { return api.library.remake_variant(place.owner, place.image, place.name); });
    if (!job) co_return refuse(job.error());
    if (!*job) co_return co_await answer_variant(api, request, place);
    const auto deadline = SteadyClock::now() + std::chrono::seconds(remake_wait_of(request));
    for (bool is_first = true;; is_first = false) {
        if (!is_first) {
            const auto still = co_await api.authenticator.authenticate(request);
            if (!still) co_return refuse(still.error());
        }
        // Subscribed before it is looked at: a change in between sets the event.
        http::Event changed;
        const auto subscription = api.watch.subscribe(**job, [changed]() mutable { changed.set(); });
        Answer answer = co_await answer_variant(api, request, place);
        if (answer || answer.error().problem != Problem::variant_not_ready) co_return answer;
        const auto left = std::chrono::duration_cast<Milliseconds>(deadline - SteadyClock::now());
        const auto slice = std::min(left, reread_interval);
        if (slice <= Milliseconds::zero()) co_return answer;
        const bool heard = co_await changed.wait(slice);
        if (!heard && co_await http::is_draining()) co_return answer;
    }
}

}  // namespace

Handled get_original(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<ImageId>(request);
    if (!id) co_return refuse(id.error());
    co_return co_await answer_on_pool(api,
                                      [&] { return answer_original(api, request, principal.account, *id); });
}

Handled get_variant(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<ImageId>(request);
    if (!id) co_return refuse(id.error());
    const auto name = request.path_parameters.find("name");
    if (name == request.path_parameters.end() || !is_variant_name(name->second)) {
        co_return refuse(Problem::not_found, "There is no variant of this name.");
    }
    const VariantPlace place{principal.account, *id, name->second};
    Answer answer = co_await answer_variant(api, request, place);
    if (answer || answer.error().problem != Problem::variant_not_ready) co_return answer;
    co_return co_await answer_when_remade(api, principal, request, place);
}

}  // namespace safelight
