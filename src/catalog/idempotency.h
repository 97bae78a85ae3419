// Answers that are kept for a while: a request that is sent again, with the same Idempotency-Key, is answered
// again and not served again.
//
// Calls as those of catalog.h: each one transaction, durable when it returns; any thread; they block. Errors
// of every call: unavailable, storage_full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/sha256.h"

namespace safelight {

struct Job;

/// A request's hold on a key. Of the key itself only the hash is kept.
struct IdempotencyClaim {
    AccountId account;
    Sha256 key_hash;
    Uuid token;  // tells this hold from every other one; random

    bool operator==(const IdempotencyClaim&) const = default;
};

struct KeptAnswer {
    Sha256 fingerprint;  // of the request
    std::string answer;  // as its writer wrote it; bytes

    bool operator==(const KeptAnswer&) const = default;
};

/// What is written when a request has been served.
struct AnswerRecord {
    IdempotencyClaim claim;
    KeptAnswer kept;
    Timestamp expires_at;
};
/// Of the request that creates a job, from the job as it is stored.
using RecordOfJob = std::function<AnswerRecord(const Job&)>;

struct KeyTaken {};   // this request is to be served
struct KeyInUse {     // another request is
    Timestamp until;  // when it is given up, unless it says that it goes on
};
using KeyState = std::variant<KeyTaken, KeyInUse, KeptAnswer>;

class Idempotency {
  public:
    virtual ~Idempotency() = default;

    /// Takes the key until now + lease, if nobody holds it and no answer is kept (one statement decides).
    [[nodiscard]] virtual Result<KeyState> claim(const IdempotencyClaim& claim, Milliseconds lease,
                                                 Timestamp now) = 0;
    /// Holds on to it. Errors: fenced (somebody else took it, or an answer is kept).
    [[nodiscard]] virtual Status renew(const IdempotencyClaim& claim, Timestamp until) = 0;
    /// Nothing came of the request: the key is free. No error when it is not held any more.
    [[nodiscard]] virtual Status release(const IdempotencyClaim& claim) = 0;
    /// Keeps the answer of a request that was served; Catalog::create_job does so together with the job.
    /// Errors: fenced.
    [[nodiscard]] virtual Status keep(const AnswerRecord& record) = 0;
    /// Another wording of the answer that is kept. No error when it is not kept any more.
    [[nodiscard]] virtual Status amend(const IdempotencyClaim& claim, const std::string& answer) = 0;

    /// Drops what is over, at most `limit`; returns how many. Reads only when nothing is.
    [[nodiscard]] virtual Result<std::uint64_t> sweep(std::uint32_t limit, Timestamp now) = 0;
};

}  // namespace safelight
