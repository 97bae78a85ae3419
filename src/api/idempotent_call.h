// A POST with an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): served once, and answered again
// when it is sent again.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "api/api.h"
#include "api/handlers.h"
#include "api/problems.h"
#include "api/upload.h"
#include "base/sha256.h"
#include "catalog/idempotency.h"
#include "http/message.h"
#include "http/task.h"

namespace safelight {

inline constexpr std::size_t idempotency_key_bytes_max = 255;

/// The key of the request's header, without quotes; empty when there is none. Errors: invalid_argument (too
/// long, empty, other characters than visible ASCII, a quotation mark, a comma, two of them).
[[nodiscard]] Result<std::optional<std::string>> idempotency_key_of(const http::Request& request);

/// One request that holds its key, or finds an answer. One coroutine at a time.
class IdempotentCall {
  public:
    /// `api` outlives it.
    IdempotentCall(const ApiParts& api, AccountId account, std::string_view key);

    /// Before anything else. Errors: request_outstanding (409), unavailable.
    [[nodiscard]] http::Task<Received<void>> begin();

    /// Whether an answer is kept: then the request is taken in for its fingerprint alone, nothing is changed,
    /// and answer_again() has the answer.
    [[nodiscard]] bool was_served() const { return kept_.has_value(); }

    /// Says that the request is still being served, if that is due. While a body comes in, and before
    /// anything is changed. Errors: request_outstanding (another request has taken over).
    [[nodiscard]] http::Task<Received<void>> hold();

    /// What the request is, apart from its key; before the answer is kept or given again.
    void note_fingerprint(const Sha256& fingerprint) { fingerprint_ = fingerprint; }

    /// Errors: idempotency_key_reused (422: the key was another request's).
    [[nodiscard]] Answer answer_again() const;

    /// For whoever writes the answer together with what it tells of. From then on it is taken to be kept.
    /// Does not block; any thread.
    [[nodiscard]] AnswerRecord record(const http::Response& response);

    /// The request was answered: keeps the answer, or its last wording. What was done stays done, whatever
    /// becomes of this.
    [[nodiscard]] http::Task<void> finish(const http::Response& response);
    /// Nothing was done: the key is free.
    [[nodiscard]] http::Task<void> give_up();

  private:
    using SteadyClock = std::chrono::steady_clock;

    const ApiParts& api_;
    const IdempotencyClaim claim_;
    const Sha256 seal_key_;
    std::optional<KeptAnswer> kept_;
    std::optional<Sha256> fingerprint_;
    std::optional<std::string> recorded_;  // the answer as it was written down
    SteadyClock::time_point held_at_;
};

/// Of a request whose body is a text.
[[nodiscard]] Sha256 fingerprint_of(const http::Request& request, const Sha256& body);

/// The handler of a POST. With a `call` that was served before it changes nothing.
using HandlePost = Handled (*)(const ApiParts&, const Principal&, http::Request&, IdempotentCall* call);

/// Serves a POST with or without a key; then waits for its job, where it made one and the client prefers
/// that.
[[nodiscard]] Handled serve_post(const ApiParts& api, const Principal& principal, http::Request& request,
                                 HandlePost handle);

/// In the place of a request's body for as long as it lives: passes it on, hashes what goes by, and holds the
/// call's key meanwhile.
class HashedBody final : public http::RequestBody {
  public:
    HashedBody(http::Request& request, IdempotentCall& call)
        : request_(request), inner_(*request.body), call_(call) {
        request.body = this;
    }
    ~HashedBody() override { request_.body = &inner_; }
    HashedBody(const HashedBody&) = delete;
    HashedBody& operator=(const HashedBody&) = delete;

    [[nodiscard]] std::optional<std::uint64_t> length_bytes() const override { return inner_.length_bytes(); }
    [[nodiscard]] http::Task<Result<std::size_t>> read(std::span<std::byte> buffer) override;
    void limit(std::uint64_t bytes_max) override { inner_.limit(bytes_max); }
    [[nodiscard]] bool is_abandoned() override { return inner_.is_abandoned(); }

    [[nodiscard]] Sha256 finish() { return hasher_.finish(); }

  private:
    http::Request& request_;
    http::RequestBody& inner_;
    IdempotentCall& call_;
    Sha256Hasher hasher_;
};

/// A handler of short texts as one of POSTs.
template <Handled (*handle)(const ApiParts&, const Principal&, http::Request&)>
Handled post_of_text(const ApiParts& api, const Principal& principal, http::Request& request,
                     IdempotentCall* call) {
    if (call == nullptr) co_return co_await handle(api, principal, request);
    HashedBody body(request, *call);
    Answer answer = http::Response{};
    if (call->was_served()) {
        auto text = co_await read_body(request, post_text_bytes_max);
        if (!text) answer = std::unexpected(std::move(text).error());
    } else {
        answer = co_await handle(api, principal, request);
    }
    call->note_fingerprint(fingerprint_of(request, body.finish()));
    co_return answer;
}

}  // namespace safelight
