#include "catalog/postgres/rows.h"

#include <algorithm>
#include <functional>
#include <unordered_set>
#include <utility>

#include "catalog/postgres/statements.h"
#include "catalog/sql/rules.h"

namespace safelight::postgres {
namespace {

/// `count` columns are the record's, the first of them its id; a variant's follow, null when it has none.
template <class Record>
struct Layout {
    Record (*read)(Columns&);
    Image& (*image_of)(Record&);
    int count = 0;
};

template <class Record>
Result<std::vector<Record>> gather(Answer& answer, const Layout<Record>& layout) {
    std::vector<Record> records;
    std::vector<PlacedVariant> variants;
    std::unordered_set<Uuid> seen;
    records.reserve(static_cast<std::size_t>(answer.row_count()));
    while (answer.next()) {
        if (seen.insert(Columns{answer}.uuid()).second) {
            Columns columns{answer};
            records.push_back(layout.read(columns));
            TRY(columns.status());
        }
        Columns columns{answer, layout.count};
        if (columns.next_is_null()) continue;
        variants.push_back(read_variant(columns));
        TRY(columns.status());
    }
    sort_by_place(variants);
    std::vector<Image*> images;
    for (Record& record : records) images.push_back(&layout.image_of(record));
    distribute(std::move(variants), images);
    return records;
}

}  // namespace

Result<std::vector<Job>> read_jobs(Answer answer) {
    const Layout<Job> layout{.read = &read_job,
                             .image_of = [](Job& job) -> Image& { return job.image; },
                             .count = job_column_count + image_column_count};
    TRY_ASSIGN(std::vector<Job> jobs, gather(answer, layout));
    std::ranges::sort(jobs, std::greater{}, &Job::id);
    return jobs;
}

Result<std::vector<JobChange>> read_job_changes(Answer answer) {
    const Layout<JobChange> layout{.read = &read_job_change,
                                   .image_of = [](JobChange& change) -> Image& { return change.job.image; },
                                   .count = job_column_count + image_column_count + 1};
    TRY_ASSIGN(std::vector<JobChange> changes, gather(answer, layout));
    std::ranges::sort(changes, {}, &JobChange::place);
    return changes;
}

Result<std::vector<Image>> read_images(Answer answer) {
    const Layout<Image> layout{.read = &read_image,
                               .image_of = [](Image& image) -> Image& { return image; },
                               .count = image_column_count};
    TRY_ASSIGN(std::vector<Image> images, gather(answer, layout));
    std::ranges::sort(images, std::greater{}, &Image::id);
    return images;
}

Result<Job> job_by_id(Connection& connection, AccountId owner, JobId id) {
    TRY_ASSIGN(Answer answer, connection.query(sql::find_job, id, owner));
    TRY_ASSIGN(std::vector<Job> jobs, read_jobs(std::move(answer)));
    if (jobs.empty()) return no_job();
    return std::move(jobs.front());
}

}  // namespace safelight::postgres
