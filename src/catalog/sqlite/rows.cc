#include "catalog/sqlite/rows.h"

#include <utility>

#include "catalog/sql/rules.h"
#include "catalog/sqlite/statements.h"

namespace safelight::sqlite {

Result<Job> job_by_id(Connection& connection, AccountId owner, JobId id) {
    Job job;
    {
        TRY_ASSIGN(Query query, connection.query(sql::find_job, id, owner));
        TRY_ASSIGN(const bool found, query.next());
        if (!found) return no_job();
        Columns columns{query};
        job = read_job(columns);
        TRY(columns.status());
    }
    TRY_ASSIGN(job.image.variants, variants_of(connection, job.image.id));
    return job;
}

Result<std::optional<Image>> find_image(Connection& connection, ImageId id) {
    std::optional<Image> image;
    {
        TRY_ASSIGN(Query query, connection.query(sql::image_by_id, id));
        TRY_ASSIGN(const bool found, query.next());
        if (!found) return image;
        Columns columns{query};
        image = read_image(columns);
        TRY(columns.status());
    }
    TRY_ASSIGN(image->variants, variants_of(connection, id));
    return image;
}

Result<std::vector<PlacedVariant>> read_variants(Query query) {
    std::vector<PlacedVariant> variants;
    while (true) {
        TRY_ASSIGN(const bool row, query.next());
        if (!row) break;
        Columns columns{query};
        variants.push_back(read_variant(columns));
        TRY(columns.status());
    }
    sort_by_place(variants);
    return variants;
}

Result<std::vector<Variant>> variants_of(Connection& connection, ImageId image_id) {
    TRY_ASSIGN(Query query, connection.query(sql::variants_of_image, image_id));
    TRY_ASSIGN(std::vector<PlacedVariant> placed, read_variants(std::move(query)));
    return without_places(std::move(placed));
}

}  // namespace safelight::sqlite
