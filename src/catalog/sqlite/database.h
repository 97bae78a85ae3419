// A writer and readers, as the templates of catalog/sql want their database.
#pragma once

#include <string_view>
#include <utility>

#include "catalog/sqlite/group_writer.h"
#include "catalog/sqlite/reader_pool.h"
#include "catalog/sqlite/rows.h"
#include "catalog/sqlite/statements.h"

namespace safelight::sqlite {

struct Database {
    static constexpr std::string_view jobs_from = sql::jobs_from;
    static constexpr std::string_view jobs_from_by_status = sql::jobs_from_by_status;
    static constexpr std::string_view hold_of_job = sql::hold_of_job;
    static constexpr std::string_view hold_job_of_image = sql::job_of_image;
    static constexpr std::string_view job_touched = sql::job_touched;
    static constexpr std::string_view take_next_retention = sql::next_retention;
    static constexpr std::string_view take_next_own_retention = sql::next_own_retention;
    static constexpr std::string_view take_far_off_retention = sql::far_off_retention;
    static constexpr std::string_view take_far_off_own_retention = sql::far_off_own_retention;
    static constexpr std::string_view jobs_of_old_images = sql::jobs_of_old_images;
    static constexpr std::string_view overdue_of_images = sql::overdue_of_images;
    static constexpr std::string_view hold_overdue_of_image = sql::overdue_of_image;

    GroupWriter& writer;
    ReaderPool& readers;

    template <class Work>
    auto write(Work&& work) {
        return writer.write(std::forward<Work>(work));
    }
    template <class Work>
    auto read(Work&& work) {
        return readers.read(std::forward<Work>(work));
    }
};

}  // namespace safelight::sqlite
