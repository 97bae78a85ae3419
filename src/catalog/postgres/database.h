// The primary, as the templates of catalog/sql want their database: what they read decides who may do what,
// or what is done next, which a standby may not know yet.
#pragma once

#include <string_view>
#include <utility>

#include "catalog/postgres/pool.h"
#include "catalog/postgres/rows.h"
#include "catalog/postgres/statements.h"

namespace safelight::postgres {

struct Database {
    static constexpr std::string_view jobs_from = sql::jobs_from;
    static constexpr std::string_view jobs_from_by_status = sql::jobs_from_by_status;
    static constexpr std::string_view hold_of_job = sql::lock_hold;

    Pool& pool;

    template <class Work>
    auto write(Work&& work) {
        return pool.write(std::forward<Work>(work));
    }
    template <class Work>
    auto read(Work&& work) {
        return pool.read(std::forward<Work>(work));
    }
};

}  // namespace safelight::postgres
