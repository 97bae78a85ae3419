// The part of the suite for kept answers:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, IdempotencyConformance, testing::Values(backend), backend_name);
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/random.h"
#include "catalog/conformance/catalog_suite.h"
#include "catalog/idempotency.h"

namespace safelight {

class IdempotencyConformance : public CatalogConformance {
  protected:
    [[nodiscard]] Idempotency& store() { return under_test().database().idempotency(); }

    [[nodiscard]] static Sha256 hash_of(std::string_view text) {
        return sha256_of(std::as_bytes(std::span(text)));
    }
    /// Each with a token of its own.
    [[nodiscard]] static IdempotencyClaim claim_of(std::string_view key,
                                                   AccountId account = default_account()) {
        IdempotencyClaim claim{.account = account, .key_hash = hash_of(key), .token = {}};
        fill_random(claim.token.bytes);
        return claim;
    }
    [[nodiscard]] AnswerRecord record_of(const IdempotencyClaim& claim, const std::string& answer = "answer",
                                         Milliseconds kept_for = Milliseconds{86'400'000}) const {
        return {.claim = claim, .kept = {hash_of("request"), answer}, .expires_at = now() + kept_for};
    }
    KeyState state_after(const IdempotencyClaim& claim) {
        auto state = store().claim(claim, lease, now());
        if (!state) throw std::runtime_error(state.error().log_text);
        return *std::move(state);
    }
    [[nodiscard]] bool takes(const IdempotencyClaim& claim) {
        return std::holds_alternative<KeyTaken>(state_after(claim));
    }
    /// Fails when none is kept.
    [[nodiscard]] std::string answer_of(std::string_view key, AccountId account = default_account()) {
        return std::get<KeptAnswer>(state_after(claim_of(key, account))).answer;
    }
};

}  // namespace safelight
