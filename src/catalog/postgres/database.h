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
    static constexpr std::string_view hold_job_of_image = sql::hold_job_of_image;
    static constexpr std::string_view job_touched = sql::job_touched;
    static constexpr std::string_view take_next_retention = sql::take_next_retention;
    static constexpr std::string_view take_next_own_retention = sql::take_next_own_retention;
    static constexpr std::string_view take_far_off_retention = sql::take_far_off_retention;
    static constexpr std::string_view take_far_off_own_retention = sql::take_far_off_own_retention;
    static constexpr std::string_view jobs_of_old_images = sql::jobs_of_old_images;
    static constexpr std::string_view overdue_of_images = sql::overdue_of_images;
    static constexpr std::string_view hold_overdue_of_image = sql::lock_overdue_of_image;

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
