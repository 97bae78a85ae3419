#include "queue/redis/testing/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <variant>

#include "base/descriptor.h"
#include "base/ids.h"
#include "queue/redis/stream.h"

namespace safelight::redis {
namespace {

constexpr auto patience = std::chrono::seconds(10);
constexpr Milliseconds pause_between_looks{5};

std::uint16_t free_port() {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
        throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

std::string unique_stream() {
    static const SystemClock clock;
    static IdGenerator ids(clock);
    return "test:" + ids.next<JobId>().to_string();
}

void end(pid_t process) {
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
}

}  // namespace

RedisQueueConfig shared_server() {
    const char* url = std::getenv("SAFELIGHT_TEST_REDIS");
    if (url == nullptr)
        throw std::runtime_error(
            "SAFELIGHT_TEST_REDIS is not set: ./test starts a Redis and sets it; by hand: "
            "SAFELIGHT_TEST_REDIS=redis://127.0.0.1:6379");
    RedisQueueConfig config = parse_redis_url(url).value();
    config.stream = unique_stream();
    return config;
}

RedisServer::RedisServer(std::vector<std::string> options) : options_(std::move(options)) {
    constexpr int tries = 5;
    for (int i = 0; i < tries; ++i) {
        // Somebody else may take the port before Redis does.
        port_ = free_port();
        spawn(options_);
        if (comes_up()) return;
        end(std::exchange(process_, -1));
    }
    throw std::runtime_error("redis-server does not come up; is it installed?");
}

RedisServer::~RedisServer() {
    if (process_ > 0) end(process_);
}

RedisQueueConfig RedisServer::config() const {
    RedisQueueConfig config;
    config.port = port_;
    config.connect_timeout = Milliseconds{200};
    config.command_timeout = Milliseconds{300};
    config.block_max = Milliseconds{500};
    config.backoff_min = Milliseconds{20};
    config.backoff_max = Milliseconds{100};
    return config;
}

void RedisServer::spawn(const std::vector<std::string>& options) {
    std::vector<std::string> words{"redis-server",
                                   "--port",
                                   std::to_string(port_),
                                   "--bind",
                                   "127.0.0.1",
                                   "--dir",
                                   folder_.path().native(),
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no"};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    const std::string log = (folder_.path() / "redis.log").native();
    ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    const int problem =
        ::posix_spawnp(&process_, "redis-server", &actions, nullptr, arguments.data(), ::environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (problem != 0) throw std::runtime_error("redis-server cannot be started: ./test installs it");
}

bool RedisServer::comes_up() const {
    const auto deadline = SteadyClock::now() + patience;
    while (SteadyClock::now() < deadline) {
        int status = 0;
        if (::waitpid(process_, &status, WNOHANG) == process_) return false;
        const auto connection = Connection::open(config(), "test", SteadyClock::now() + Milliseconds{200});
        // One that wants a password answers as well.
        if (connection || connection.error().trouble == Trouble::wants_password) return true;
        std::this_thread::sleep_for(pause_between_looks);
    }
    return false;
}

void RedisServer::kill() {
    end(std::exchange(process_, -1));
}

void RedisServer::start() {
    spawn(options_);
    if (!comes_up()) throw std::runtime_error("redis-server does not come up again");
}

void RedisServer::start_with(const std::vector<std::string>& options) {
    spawn(options);
}

void RedisServer::pause() {
    ::kill(process_, SIGSTOP);
    // It has stopped when the kernel says so.
    int status = 0;
    ::waitpid(process_, &status, WUNTRACED);
}

void RedisServer::resume() {
    ::kill(process_, SIGCONT);
}

Reply say(const RedisQueueConfig& server, std::initializer_list<std::string_view> words) {
    const auto deadline = SteadyClock::now() + patience;
    auto connection = Connection::open(server, "test", deadline);
    if (!connection) throw std::runtime_error(connection.error().log_text);
    const Command command(words);
    auto replies = (*connection)->run(std::span(&command, 1), deadline);
    if (!replies) throw std::runtime_error(replies.error().log_text);
    return std::move(replies->front());
}

Reply command(const RedisQueueConfig& server, std::initializer_list<std::string_view> words) {
    Reply reply = say(server, words);
    if (reply.view().is_error()) throw std::runtime_error(std::string(reply.view().text()));
    return reply;
}

bool eventually(const std::function<bool()>& holds) {
    const auto deadline = SteadyClock::now() + patience;
    while (!holds()) {
        if (SteadyClock::now() >= deadline) return false;
        std::this_thread::sleep_for(pause_between_looks);
    }
    return true;
}

int blocked_clients(const RedisQueueConfig& server) {
    const Reply reply = command(server, {"INFO", "clients"});
    constexpr std::string_view name = "blocked_clients:";
    const std::string text(reply.view().text());
    const auto at = text.find(name);
    return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + name.size());
}

void remove_streams(const RedisQueueConfig& server) {
    for (const Lane lane : all_lanes) say(server, {"DEL", stream_of(server, lane)});
}

std::int64_t in_hand(const RedisQueueConfig& server) {
    std::int64_t entries = 0;
    for (const Lane lane : all_lanes) {
        const Reply reply = say(server, {"XPENDING", stream_of(server, lane), server.group});
        entries += reply.view()[0].integer().value_or(0);
    }
    return entries;
}

void RecordingLogger::log(telemetry::Level, std::string_view event,
                          std::initializer_list<telemetry::Field> fields) {
    std::string line(event);
    for (const telemetry::Field& field : fields) {
        line += fmt::format(" {}=", field.name);
        if (const auto* text = std::get_if<std::string_view>(&field.value)) line += *text;
    }
    const std::lock_guard lock(mutex_);
    text_ += line + "\n";
}

std::string RecordingLogger::text() const {
    const std::lock_guard lock(mutex_);
    return text_;
}

}  // namespace safelight::redis
