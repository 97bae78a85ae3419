// What can go wrong with Redis, told apart inside this room; outside it is all `unavailable`.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/error.h"

namespace safelight::redis {

enum class Trouble {
    // The connection.
    unreachable,  // nobody takes it, or it was not tried: the last failure is too recent
    lost,         // it was closed under a call
    timed_out,    // no answer in time
    nonsense,     // what came is not Redis' protocol, or not the answer to what was asked
    // What Redis says.
    no_group,        // the stream or its group is gone; made anew by the receiver
    wants_password,  // NOAUTH
    wrong_password,  // WRONGPASS
    not_permitted,   // NOPERM
    read_only,       // READONLY: a replica
    out_of_memory,   // OOM: maxmemory is reached
    loading,         // LOADING, or a replica without its primary
    cannot_persist,  // MISCONF, NOREPLICAS
    wrong_type,      // WRONGTYPE: the key holds something else
    in_cluster,      // MOVED, ASK, CLUSTERDOWN, CROSSSLOT
    too_old,         // a command is not known
    too_many_clients,
    refused,  // anything else
};

struct Failure {
    Trouble trouble = Trouble::refused;
    std::string log_text;  // what to mend; never the password
};

template <class T>
using Outcome = std::expected<T, Failure>;

/// `return failed(Trouble::lost, "…");`
[[nodiscard]] std::unexpected<Failure> failed(Trouble trouble, std::string log_text);

/// What an error reply means. `text` is the reply without its "-".
[[nodiscard]] Failure failure_of_reply(std::string_view text);
/// The same for the answer to AUTH: a server that does not know the command repeats its arguments, so nothing
/// of the reply is passed on.
[[nodiscard]] Failure failure_of_login(std::string_view text);

/// True for trouble with the connection or the server as a whole: no call will fare better for a while.
[[nodiscard]] bool is_outage(Trouble trouble);
/// True when the connection is not to be used again; another server may answer the next one.
[[nodiscard]] bool ends_connection(Trouble trouble);

/// For callers of the JobQueue.
[[nodiscard]] Error to_error(Failure failure);

}  // namespace safelight::redis
