// How the server of the catalog is, and what the role may do there: for whoever has to mend it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/clock_skew.h"
#include "base/result.h"
#include "catalog/postgres/postgres_catalog.h"

namespace safelight {

struct PostgresExamination {
    std::string version;  // in the server's words: "15.18 (Debian 15.18-0+deb12u1)"
    std::string role;
    /// False: something in between gives one session of the server to several of ours, so that prepared
    /// statements, settings and LISTEN are lost. Nothing below was looked at then.
    bool keeps_sessions = true;
    std::string schema;                 // empty: the search path has none that the role may use
    std::vector<std::string> lacking;   // rights, in their order: "INSERT, UPDATE on jobs"
    bool may_migrate = false;           // make tables in the schema, and change those that are there
    std::int64_t connections_free = 0;  // those that this took are counted as free
    std::optional<ClockSkew> clock;     // the server's
};

/// Opens two connections at the same time, and writes nothing. Blocks: for two connections and a dozen short
/// statements at most. `clock` is this machine's. Errors: as open_postgres_catalog, but for the version of
/// the schema.
[[nodiscard]] Result<PostgresExamination> examine_postgres(const PostgresConfig& config, const Clock& clock);

}  // namespace safelight
