#include "catalog/sqlite/similar.h"

#include <algorithm>
#include <utility>

#include "catalog/sql/rules.h"
#include "catalog/sqlite/rows.h"
#include "catalog/sqlite/statements.h"

namespace safelight::sqlite {
namespace {

struct Match {
    std::uint32_t distance = 0;
    ImageId id;
};

/// Nearest first, of equally near ones the newest.
bool comes_before(const Match& one, const Match& other) {
    if (one.distance != other.distance) return one.distance < other.distance;
    return one.id > other.id;
}

Result<std::int64_t> dhash_of(Connection& connection, const SimilarQuery& wanted) {
    TRY_ASSIGN(Query query, connection.query(sql::dhash_of_image, wanted.image, wanted.owner));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return no_image();
    Columns columns{query};
    if (columns.next_is_null()) return no_look();
    return columns.number();
}

/// A heap whose top is the worst: memory is bounded whatever is stored.
Result<std::vector<Match>> best_matches(Connection& connection, const SimilarQuery& wanted,
                                        std::int64_t dhash) {
    std::vector<Match> best;
    TRY_ASSIGN(Query query, connection.query(sql::images_within, wanted.owner, dhash, wanted.distance_max));
    while (true) {
        TRY_ASSIGN(const bool row, query.next());
        if (!row) break;
        Columns columns{query};
        Match match;
        match.distance = columns.number<std::uint32_t>();
        match.id = columns.id<ImageId>();
        TRY(columns.status());
        if (match.id == wanted.image) continue;
        best.push_back(match);
        std::ranges::push_heap(best, comes_before);
        if (best.size() <= wanted.limit) continue;
        std::ranges::pop_heap(best, comes_before);
        best.pop_back();
    }
    std::ranges::sort_heap(best, comes_before);
    return best;
}

}  // namespace

Result<std::vector<SimilarImage>> similar_to(Connection& connection, const SimilarQuery& wanted) {
    TRY_ASSIGN(const std::int64_t dhash, dhash_of(connection, wanted));
    TRY_ASSIGN(const std::vector<Match> matches, best_matches(connection, wanted, dhash));
    std::vector<SimilarImage> images;
    for (const Match& match : matches) {
        TRY_ASSIGN(auto image, find_image(connection, match.id));
        if (image) images.push_back({std::move(*image), match.distance});
    }
    return images;
}

}  // namespace safelight::sqlite
