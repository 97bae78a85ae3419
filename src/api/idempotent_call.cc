#include "api/idempotent_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <span>
#include <utility>

#include "api/fingerprint.h"
#include "api/upload_quota.h"
#include "base/random.h"
#include "base/seal.h"

namespace safelight {
namespace {

namespace json = boost::json;

/// In the catalog an answer can be told from its key only by who sends the key: some have secrets in them.
Sha256 hash_of(std::string_view purpose, std::string_view key) {
    Sha256Hasher hasher;
    hasher.update(std::as_bytes(std::span(purpose)));
    hasher.update(std::as_bytes(std::span(key)));
    return hasher.finish();
}

Uuid random_token() {
    Uuid token;
    fill_random(token.bytes);
    return token;
}

bool is_allowed(char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != ',';
}

std::string text_of(const http::Response& response) {
    json::array headers;
    for (const auto& [name, value] : response.headers.all()) {
        if (!is_rate_limit(name)) headers.push_back({name, value});
    }
    // Answers of POSTs are short texts, never streams.
    const auto* const body = std::get_if<std::string>(&response.body);
    return json::serialize(json::object{{"status", response.status},
                                        {"headers", std::move(headers)},
                                        {"body", body == nullptr ? std::string() : *body}});
}

std::optional<http::Response> response_of(const std::string& text) {
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    if (error) return std::nullopt;
    http::Response response;
    response.status = static_cast<int>(value.at("status").as_int64());
    for (const json::value& field : value.at("headers").as_array())
        response.headers.add(json::value_to<std::string>(field.at(0)),
                             json::value_to<std::string>(field.at(1)));
    response.body = json::value_to<std::string>(value.at("body"));
    return response;
}

std::unexpected<Refusal> outstanding() {
    return std::unexpected(
        Refusal{Problem::request_outstanding,
                {ErrorCode::fenced, "Another request with this Idempotency-Key is being served.", {}, {}},
                {}});
}

}  // namespace

Result<std::optional<std::string>> idempotency_key_of(const http::Request& request) {
    auto field = request.headers.get("Idempotency-Key");
    if (!field) return std::nullopt;
    std::string_view key = *field;
    // The draft has a string of RFC 8941, with quotes; most clients send what is between them.
    const bool is_quoted = key.size() >= 2 && key.starts_with('"') && key.ends_with('"');
    if (is_quoted) key = key.substr(1, key.size() - 2);
    if (key.empty() || key.size() > idempotency_key_bytes_max || !std::ranges::all_of(key, is_allowed)) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("An Idempotency-Key has 1 to {} visible characters, and no comma, backslash "
                        "or quotation mark, such as a UUID.",
                        idempotency_key_bytes_max));
    }
    return std::string(key);
}

IdempotentCall::IdempotentCall(const ApiParts& api, AccountId account, std::string_view key)
    : api_(api),
      claim_{account, hash_of("safelight idempotency key: ", key), random_token()},
      seal_key_(hash_of("safelight idempotency answer: ", key)) {}

http::Task<Received<void>> IdempotentCall::begin() {
    held_at_ = SteadyClock::now();
    auto state = co_await http::on_pool(api_.pool, [&] {
        return api_.idempotency.store.claim(claim_, api_.idempotency.lease, api_.clock.now());
    });
    if (!state) co_return refuse(std::move(state).error());
    if (std::holds_alternative<KeyInUse>(*state)) co_return outstanding();
    if (auto* const kept = std::get_if<KeptAnswer>(&*state)) kept_ = std::move(*kept);
    co_return Received<void>{};
}

http::Task<Received<void>> IdempotentCall::hold() {
    const auto now = SteadyClock::now();
    if (was_served() || now - held_at_ < api_.idempotency.lease / 3) co_return Received<void>{};
    const Status held = co_await http::on_pool(api_.pool, [&] {
        return api_.idempotency.store.renew(claim_, api_.clock.now() + api_.idempotency.lease);
    });
    if (held) {
        held_at_ = now;
    } else if (held.error().code == ErrorCode::fenced) {
        co_return outstanding();
    } else if (now - held_at_ >= api_.idempotency.lease) {
        co_return refuse(held.error());
    }
    co_return Received<void>{};
}

Answer IdempotentCall::answer_again() const {
    if (!fingerprint_ || kept_->fingerprint != *fingerprint_) {
        return refuse(
            Problem::idempotency_key_reused,
            "This Idempotency-Key was used for another request. Send this one with a key of its own.");
    }
    const auto text = unseal(seal_key_, kept_->answer);
    auto response = text ? response_of(*text) : std::nullopt;
    if (!response) return refuse(Problem::internal, "a kept answer cannot be read");
    response->headers.set("Idempotency-Replayed", "true");
    return *std::move(response);
}

AnswerRecord IdempotentCall::record(const http::Response& response) {
    recorded_ = text_of(response);
    return {.claim = claim_,
            .kept = {fingerprint_.value_or(Sha256{}), seal(seal_key_, *recorded_)},
            .expires_at = api_.clock.now() + api_.idempotency.kept_for};
}

http::Task<void> IdempotentCall::finish(const http::Response& response) {
    Idempotency& store = api_.idempotency.store;
    Status kept;
    if (!recorded_) {
        kept = co_await http::on_pool_patiently(api_.pool, [&] { return store.keep(record(response)); });
    } else if (std::string text = text_of(response); text != *recorded_) {
        kept = co_await http::on_pool_patiently(api_.pool,
                                                [&] { return store.amend(claim_, seal(seal_key_, text)); });
    }
    if (!kept) {
        api_.log.warn("the answer to an Idempotency-Key could not be kept",
                      {{"error", name_of(kept.error().code)}, {"detail", kept.error().log_text}});
    }
}

http::Task<void> IdempotentCall::give_up() {
    if (was_served()) co_return;
    const Status released =
        co_await http::on_pool_patiently(api_.pool, [&] { return api_.idempotency.store.release(claim_); });
    // Else it is free when its lease is over.
    if (!released)
        api_.log.warn("an Idempotency-Key could not be freed", {{"error", name_of(released.error().code)}});
}

Sha256 fingerprint_of(const http::Request& request, const Sha256& body) {
    Fingerprint fingerprint;
    fingerprint.add(std::string_view(request.method));
    fingerprint.add(std::string_view(request.path));
    for (const auto& [name, value] : request.query) {
        fingerprint.add(std::string_view(name));
        fingerprint.add(std::string_view(value));
    }
    return fingerprint.finish(body);
}

Handled serve_post(const ApiParts& api, const Principal& principal, http::Request& request,
                   HandlePost handle) {
    const auto key = idempotency_key_of(request);
    if (!key) co_return refuse(key.error());
    if (!*key) {
        Answer answer = co_await handle(api, principal, request, nullptr);
        if (!answer) co_return answer;
        co_return co_await hold_accepted(api, principal, request, std::move(*answer));
    }
    IdempotentCall call(api, principal.account, **key);
    if (auto begun = co_await call.begin(); !begun) co_return std::unexpected(std::move(begun).error());
    Answer answer = co_await handle(api, principal, request, &call);
    if (!answer) {
        co_await call.give_up();
        co_return answer;
    }
    if (call.was_served()) co_return call.answer_again();
    co_await call.finish(*answer);
    answer = co_await hold_accepted(api, principal, request, std::move(*answer));
    co_await call.finish(*answer);
    co_return answer;
}

http::Task<Result<std::size_t>> HashedBody::read(std::span<std::byte> buffer) {
    auto count = co_await inner_.read(buffer);
    if (!count) co_return count;
    hasher_.update(buffer.first(*count));
    if (auto held = co_await call_.hold(); !held) co_return std::unexpected(held.error().error);
    co_return count;
}

}  // namespace safelight
