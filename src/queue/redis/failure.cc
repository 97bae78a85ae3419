#include "queue/redis/failure.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace safelight::redis {
namespace {

struct KnownReply {
    std::string_view beginning;
    Trouble trouble;
    std::string_view what_to_mend;
};

constexpr std::array known_replies{
    KnownReply{"NOGROUP", Trouble::no_group, "the consumer group is gone"},
    KnownReply{"UNBLOCKED", Trouble::no_group, "the stream was removed while it was waited for"},
    KnownReply{"ERR The XGROUP subcommand requires the key to exist", Trouble::no_group,
               "the stream is gone"},
    KnownReply{"ERR no such key", Trouble::no_group, "the stream is not there yet"},
    KnownReply{"NOAUTH", Trouble::wants_password,
               "Redis wants a password: name it in the queue's URL, redis://user:password@host"},
    KnownReply{"WRONGPASS", Trouble::wrong_password,
               "Redis does not take this user and password: mend them in the queue's URL"},
    KnownReply{"ERR invalid password", Trouble::wrong_password,
               "Redis does not take this password: mend it in the queue's URL"},
    KnownReply{
        "ERR AUTH", Trouble::wrong_password,
        "Redis has no password for its default user: take it out of the queue's URL, or set requirepass"},
    KnownReply{"ERR Client sent AUTH", Trouble::wrong_password,
               "Redis has no password: take it out of the queue's URL, or set requirepass"},
    KnownReply{"NOPERM", Trouble::not_permitted,
               "the user lacks a right: allow it +@stream +multi +exec +ping +select +client +eval and the "
               "stream's key"},
    KnownReply{"DENIED", Trouble::not_permitted,
               "Redis is in protected mode: set a password there, or bind it to loopback"},
    KnownReply{"READONLY", Trouble::read_only, "this is a replica: name the primary in the queue's URL"},
    KnownReply{
        "OOM", Trouble::out_of_memory,
        "Redis has reached maxmemory: raise it, or free memory; workers find jobs in the catalog meanwhile"},
    KnownReply{"LOADING", Trouble::loading, "Redis is still loading its data: wait"},
    KnownReply{"MASTERDOWN", Trouble::loading, "a replica without its primary: bring the primary back"},
    KnownReply{"MISCONF", Trouble::cannot_persist,
               "Redis cannot write its data to disk and takes no writes: look at its disk and its log"},
    KnownReply{"NOREPLICAS", Trouble::cannot_persist,
               "Redis wants more replicas (min-replicas-to-write): bring them back"},
    KnownReply{"WRONGTYPE", Trouble::wrong_type,
               "the stream's key holds something else: name another one in the queue's URL, ?stream=name"},
    KnownReply{"MOVED", Trouble::in_cluster,
               "this is a cluster, which is not supported: use one Redis, or the node that owns the stream"},
    KnownReply{"ASK", Trouble::in_cluster, "this is a cluster, which is not supported: use one Redis"},
    KnownReply{"CLUSTERDOWN", Trouble::in_cluster,
               "this is a cluster, which is not supported: use one Redis"},
    KnownReply{"ERR unknown command", Trouble::too_old,
               "Redis 6.2 or newer, or Valkey, is needed, with no command renamed"},
    KnownReply{"ERR unknown subcommand", Trouble::too_old,
               "Redis 6.2 or newer, or Valkey, is needed, with no command renamed"},
    KnownReply{"ERR max number of clients", Trouble::too_many_clients,
               "Redis has too many connections: raise maxclients"},
    KnownReply{
        "ERR DB index is out of range", Trouble::refused,
        "Redis has no database of this number: mend the path of the queue's URL, or raise `databases`"},
    KnownReply{"ERR invalid DB index", Trouble::refused, "mend the database's number in the queue's URL"},
};

const KnownReply* known(std::string_view text) {
    for (const KnownReply& reply : known_replies) {
        if (text.starts_with(reply.beginning)) return &reply;
    }
    return nullptr;
}

}  // namespace

std::unexpected<Failure> failed(Trouble trouble, std::string log_text) {
    return std::unexpected(Failure{trouble, std::move(log_text)});
}

Failure failure_of_reply(std::string_view text) {
    constexpr std::size_t quoted_bytes_max = 200;
    const std::string_view quoted = text.substr(0, quoted_bytes_max);
    constexpr std::string_view refused_exec = "EXECABORT Transaction discarded because of: ";
    const KnownReply* reply = known(text.starts_with(refused_exec) ? text.substr(refused_exec.size()) : text);
    if (reply == nullptr)
        // A transaction of which a part was refused: EXECABORT, which names no reason.
        return {Trouble::refused, fmt::format("Redis refused: {}", quoted)};
    return {reply->trouble, fmt::format("{} ({})", reply->what_to_mend, quoted)};
}

Failure failure_of_login(std::string_view text) {
    const KnownReply* reply = known(text);
    if (reply == nullptr) return {Trouble::refused, "Redis refused the login"};
    return {reply->trouble, std::string(reply->what_to_mend)};
}

bool is_outage(Trouble trouble) {
    switch (trouble) {
        case Trouble::unreachable:
        case Trouble::lost:
        case Trouble::timed_out:
        case Trouble::nonsense:
        case Trouble::wants_password:
        case Trouble::wrong_password:
        case Trouble::loading:
        case Trouble::too_many_clients:
            return true;
        default:
            return false;
    }
}

bool ends_connection(Trouble trouble) {
    return is_outage(trouble) || trouble == Trouble::read_only || trouble == Trouble::in_cluster;
}

Error to_error(Failure failure) {
    return {ErrorCode::unavailable, "The queue of jobs does not answer.", std::move(failure.log_text), {}};
}

}  // namespace safelight::redis
