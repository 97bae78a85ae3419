#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>

#include "bench/catalog/fill.h"

namespace safelight::bench {
namespace {

constexpr Milliseconds between_jobs{30'000};

class Session {
  public:
    explicit Session(const std::string& url) : handle_(PQconnectdb(url.c_str()), &PQfinish) {
        if (PQstatus(handle_.get()) != CONNECTION_OK) fail("connect");
    }
    void run(const std::string& sql) {
        const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(handle_.get(), sql.c_str()),
                                                                   &PQclear);
        if (PQresultStatus(result.get()) != PGRES_COMMAND_OK &&
            PQresultStatus(result.get()) != PGRES_TUPLES_OK)
            fail(sql);
    }

  private:
    [[noreturn]] void fail(const std::string& doing) {
        give_up({ErrorCode::unavailable, doing, PQerrorMessage(handle_.get()), {}});
    }

    std::unique_ptr<PGconn, decltype(&PQfinish)> handle_;
};

/// Version 7, by the time of the n-th job; equal for equal kinds and numbers.
std::string id_of(char kind) {
    return fmt::format(
        "(lpad(to_hex(ms), 12, '0') || '7' || substr(md5('{0}' || n), 1, 3) || '8' || substr(md5('{0}' || "
        "n), "
        "4, 15))::uuid",
        kind);
}

/// Every hundred jobs: 2 without variants, 3 that wait, 5 that failed, 90 that are ready.
constexpr const char* state =
    "CASE WHEN n % 100 < 2 THEN 'UNPROCESSED' WHEN n % 100 < 5 THEN 'PROCESSING'"
    " WHEN n % 100 < 10 THEN 'FAILED' ELSE 'PROCESSED' END";

}  // namespace

Filling fill_postgres(const std::string& url, std::size_t jobs) {
    const SystemClock clock;
    Filling filling{.owners = owners(), .oldest = {}, .newest = clock.now()};
    filling.oldest = filling.newest - between_jobs * static_cast<std::int64_t>(jobs);
    std::string owner = "(ARRAY[";
    for (const AccountId& id : filling.owners)
        owner += fmt::format("{}'{}'", &id == filling.owners.data() ? "" : ", ", id.to_string());
    owner += "])[CASE n % 2 WHEN 0 THEN 1 ELSE 2 + n / 2 % 7 END]::uuid";
    const std::string from = fmt::format(
        " FROM (SELECT n, {} + n * {} AS ms FROM generate_series(0::bigint, {}) AS n) AS jobs_of_the_past",
        filling.oldest.time_since_epoch().count(), between_jobs.count(), jobs - 1);
    const std::string sha256 = "sha256(n::text::bytea)";
    Session session(url);
    session.run("SET session_replication_role = replica");  // triggers would take an hour
    session.run(fmt::format("INSERT INTO blobs SELECT {}, 'live', ms{}", id_of('o'), from));
    session.run(fmt::format("INSERT INTO blobs SELECT {}, 'live', ms{} WHERE {} = 'PROCESSED'", id_of('t'),
                            from, state));
    session.run(fmt::format(
        "INSERT INTO images (id, owner, filename, blob, size_bytes, sha256, format, width_px, "
        "height_px, frames,"
        " has_alpha, colour_space, orientation, camera_make, camera_model, dhash, dominant, "
        "palette, thumbhash,"
        " blurhash) SELECT {}, {}, 'photo-' || n || '.jpg', {}, 699290 + n % 1000, {}, 'jpeg', "
        "1448, 1448, 1, false,"
        " 'rgb', 1, 'Nikon', 'D90', hashint8(n)::bigint << 31 | n, '\\x010203', '\\x010203040506', "
        "substr({}, 1, 21),"
        " 'LEHV6nWB2yk8pyo0adR*.7kCMdnj'{}",
        id_of('i'), owner, id_of('o'), sha256, sha256, from));
    session.run(fmt::format(
        "INSERT INTO jobs (id, owner, image_id, status, attempts, due_at, metadata, updated_at, finished_at)"
        " SELECT {0}, {1}, {2}, {3}, CASE WHEN n % 100 < 5 THEN 0 ELSE 1 END, ms, '{{\"album\":\"7\"}}', ms "
        "+ 40,"
        " CASE WHEN n % 100 >= 5 THEN ms + 40 END{4}",
        id_of('j'), owner, id_of('i'), state, from));
    session.run(
        fmt::format("INSERT INTO variants (image_id, name, position, transform, updated_at, status, blob, "
                    "format, width_px,"
                    " height_px, size_bytes, sha256, error_code, error_detail)"
                    " SELECT {}, 'thumbnail', 0, "
                    "'{{\"resize\":{{\"width\":100,\"height\":100,\"fit\":\"inside\"}}}}', ms + 40,"
                    " CASE made WHEN 'PROCESSED' THEN 'ready' WHEN 'FAILED' THEN 'failed' ELSE 'pending' END,"
                    " CASE made WHEN 'PROCESSED' THEN {} END, CASE made WHEN 'PROCESSED' THEN 'jpeg' END,"
                    " CASE made WHEN 'PROCESSED' THEN 100 END, CASE made WHEN 'PROCESSED' THEN 100 END,"
                    " CASE made WHEN 'PROCESSED' THEN 4000 END, CASE made WHEN 'PROCESSED' THEN {} END,"
                    " CASE made WHEN 'FAILED' THEN 'invalid_image' END, CASE made WHEN 'FAILED' THEN 'The "
                    "picture is broken.' END"
                    " FROM (SELECT n, ms, {} AS made{}) AS made_of_them WHERE made <> 'UNPROCESSED'",
                    id_of('i'), id_of('t'), sha256, state, from));
    session.run(
        "UPDATE totals SET value = (SELECT count(*) FROM jobs WHERE status = 'PROCESSING')"
        " WHERE name = 'backlog' AND shard = 0");
    // As the server does by itself, a while later: else the first who read pay for writing all this back.
    session.run("VACUUM ANALYZE");
    session.run("CHECKPOINT");
    return filling;
}

}  // namespace safelight::bench
