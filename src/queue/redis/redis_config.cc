#include "queue/redis/redis_config.h"

#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace safelight {
namespace {

constexpr std::size_t name_bytes_max = 512;
constexpr std::uint32_t database_max = 9'999;  // Redis has 16 unless it is told otherwise

std::optional<std::uint32_t> whole_number(std::string_view text, std::uint32_t max) {
    std::uint32_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || problem != std::errc{} || end != text.data() + text.size() || value > max)
        return std::nullopt;
    return value;
}

std::unexpected<Error> refused(std::string detail) {
    return invalid({{"", std::move(detail)}});
}

Status read_authority(const boost::urls::url_view& url, RedisQueueConfig& config) {
    config.host = url.host_address();
    if (config.host.empty()) return refused("The URL names no host.");
    if (url.has_port()) {
        const auto port = whole_number(std::string_view(url.port()), 65'535);
        if (!port || *port == 0) return refused("The port is a number from 1 to 65535.");
        config.port = static_cast<std::uint16_t>(*port);
    }
    if (url.has_userinfo()) {
        config.user = url.user();
        config.password = url.password();
    }
    return {};
}

Status read_database(const boost::urls::url_view& url, RedisQueueConfig& config) {
    const std::string path = url.path();
    if (path.empty() || path == "/") return {};
    const auto database = whole_number(std::string_view(path).substr(1), database_max);
    if (!database) return refused(fmt::format("The path is the database's number, 0 to {}.", database_max));
    config.database = *database;
    return {};
}

Status read_parameters(const boost::urls::url_view& url, RedisQueueConfig& config) {
    for (const auto& parameter : url.params()) {
        const std::string name = parameter.key;
        if (name == "stream") {
            config.stream = parameter.value;
        } else if (name == "group") {
            config.group = parameter.value;
        } else {
            return refused("Behind the question mark there may be stream=… and group=….");
        }
    }
    return {};
}

void check_name(std::string_view pointer, std::string_view name, std::vector<Fault>& faults) {
    if (name.empty() || name.size() > name_bytes_max)
        faults.push_back(
            {std::string(pointer), fmt::format("A name of 1 to {} bytes is needed.", name_bytes_max)});
}

}  // namespace

Status RedisQueueConfig::validate() const {
    std::vector<Fault> faults;
    const auto at_least_1_ms = [&](std::string_view pointer, Milliseconds value) {
        if (value < Milliseconds{1}) faults.push_back({std::string(pointer), "It takes at least 1 ms."});
    };
    check_name("host", host, faults);
    if (port == 0) faults.push_back({"port", "A port from 1 to 65535 is needed."});
    if (!user.empty() && password.empty())
        faults.push_back({"password", "A user has a password: redis://user:password@host."});
    if (database > database_max)
        faults.push_back({"database", fmt::format("A number from 0 to {} is needed.", database_max)});
    check_name("stream", stream, faults);
    check_name("group", group, faults);
    if (hints_max == 0) faults.push_back({"hints_max", "The queue has to hold at least one hint."});
    at_least_1_ms("connect_timeout", connect_timeout);
    at_least_1_ms("command_timeout", command_timeout);
    at_least_1_ms("block_max", block_max);
    at_least_1_ms("claim_idle", claim_idle);
    at_least_1_ms("claim_interval", claim_interval);
    at_least_1_ms("consumer_idle", consumer_idle);
    at_least_1_ms("backoff_min", backoff_min);
    if (backoff_max < backoff_min)
        faults.push_back({"backoff_max", "The longest pause is no shorter than the first one."});
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

std::string RedisQueueConfig::shown() const {
    const bool is_ipv6 = host.contains(':');
    return fmt::format("redis://{}{}{}{}{}:{}/{}?stream={}", user, user.empty() ? "" : "@",
                       is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port, database, stream);
}

Result<RedisQueueConfig> parse_redis_url(std::string_view text) {
    const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
    if (!parsed)
        return refused(
            "It is no URL: redis://user:password@host:port/database?stream=name, with what is not a letter "
            "or a "
            "digit in user and password percent-encoded (@ is %40).");
    const boost::urls::url_view& url = *parsed;
    if (url.scheme() == "rediss")
        return refused("TLS is not spoken here: let stunnel or a sidecar do it, and name its local port.");
    if (url.scheme() != "redis" && url.scheme() != "valkey") return refused("It begins with redis://.");
    if (url.has_fragment()) return refused("A # has no meaning here; in a password it is %23.");
    RedisQueueConfig config;
    TRY(read_authority(url, config));
    TRY(read_database(url, config));
    TRY(read_parameters(url, config));
    TRY(config.validate());
    return config;
}

}  // namespace safelight
