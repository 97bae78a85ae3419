// Jobs to measure among: several owners, all states, a past.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "catalog/catalog.h"

namespace safelight::bench {

/// What a database was filled with.
struct Filling {
    std::vector<AccountId> owners;  // the first of them has half of the jobs
    Timestamp oldest;
    Timestamp newest;
};

/// Ends the program with the error's texts.
[[noreturn]] void give_up(const Error& error);
template <class T>
T value_of(Result<T> result) {
    if (!result) give_up(result.error());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The same owners each time.
[[nodiscard]] std::vector<AccountId> owners();

/// A job that can be created, with one variant.
[[nodiscard]] Job draft(IdGenerator& ids, AccountId owner, BlobKey blob, Timestamp now);
/// Claims the job and finishes it, well or not.
void finish(CatalogDatabase& database, IdGenerator& ids, JobId id, bool well, Timestamp now);
[[nodiscard]] Claim take(CatalogDatabase& database, JobId id, Timestamp now);
[[nodiscard]] VariantOutcome outcome_of(CatalogDatabase& database, IdGenerator& ids, bool well,
                                        Timestamp now);
void complete(CatalogDatabase& database, const Claim& claim, const VariantOutcome& outcome, Timestamp now);

/// Through the catalog's own calls, many at once: half an hour for a million where every commit reaches a
/// disk, minutes where commits are grouped.
[[nodiscard]] Filling fill(CatalogDatabase& database, std::size_t jobs);

/// By a few statements, for a migrated and empty schema of PostgreSQL whose triggers the role may pass by. As
/// old as if a job had come every half a minute.
[[nodiscard]] Filling fill_postgres(const std::string& url, std::size_t jobs);

}  // namespace safelight::bench
