// Listens on a connection of its own, and connects anew, ever more slowly, for as long as that fails.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <memory>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "catalog/postgres/errors.h"
#include "catalog/postgres/faces.h"
#include "catalog/postgres/news_message.h"

namespace safelight::postgres {
namespace {

constexpr Milliseconds pause_min{100};
constexpr Milliseconds pause_max{10'000};
/// A server that vanished without a word is noticed by asking.
constexpr Milliseconds question_interval{15'000};

class PostgresNews final : public JobNews {
  public:
    PostgresNews(ConnectionOptions options, std::string own_node, JobNewsListener& listener, Descriptor wake,
                 Descriptor waker)
        : options_(std::move(options)),
          own_node_(std::move(own_node)),
          listener_(listener),
          wake_(std::move(wake)),
          waker_(std::move(waker)),
          thread_([this] { run(); }) {}

    ~PostgresNews() override {
        stopping_ = true;
        waker_.close();  // the other end becomes readable, and stays so
        thread_.join();
    }

    bool is_listening() const override { return listening_; }

  private:
    void run() {
        Milliseconds pause = pause_min;
        while (!stopping_) {
            if (listen_once()) pause = pause_min;
            wait(-1, pause);
            pause = std::min(pause * 2, pause_max);
        }
    }

    /// For as long as a connection holds; false when none could be had.
    bool listen_once() {
        bool has_listened = false;
        try {
            if (const auto connection = connect()) {
                has_listened = listening_ = true;
                listener_.on_listening();
                listen(**connection);
            }
        } catch (const std::exception&) {
            // No memory, say: the thread outlives it, and tries again.
        }
        listening_ = false;
        return has_listened;
    }

    [[nodiscard]] Result<std::unique_ptr<Connection>> connect() {
        TRY_ASSIGN(auto connection, Connection::open(options_));
        TRY_ASSIGN(const std::string channel, news_channel(*connection));
        TRY(connection->script(fmt::format("LISTEN {}", channel)));
        return connection;
    }

    /// Until the connection breaks, or the end.
    void listen(Connection& connection) {
        while (!stopping_) {
            tell_all(connection);
            const Ready ready = wait(PQsocket(connection.handle()), question_interval);
            if (ready == Ready::stop) return;
            if (ready == Ready::nothing) {
                if (!connection.script("SELECT 1")) return;
            } else if (PQconsumeInput(connection.handle()) == 0) {
                return;
            }
        }
    }

    void tell_all(Connection& connection) {
        while (!stopping_) {
            const std::unique_ptr<PGnotify, decltype(&PQfreemem)> notice(PQnotifies(connection.handle()),
                                                                         &PQfreemem);
            if (notice == nullptr) return;
            tell(notice->extra);
        }
    }

    void tell(std::string_view text) {
        const NewsMessage message = parse_news(text);
        if (message.node == own_node_) return;
        for (const auto& [kind, job] : message.items) {
            if (kind == JobNewsItem::Kind::claimable)
                listener_.on_claimable(job);
            else
                listener_.on_changed(job.id);
        }
    }

    enum class Ready { nothing, readable, stop };
    /// For something to read from `socket` (-1: from nothing), for the end, or for `time` to pass.
    Ready wait(int socket, Milliseconds time) {
        std::array<pollfd, 2> files{{{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                                     {.fd = socket, .events = POLLIN, .revents = 0}}};
        ::poll(files.data(), files.size(), static_cast<int>(time.count()));
        if (stopping_) return Ready::stop;
        return files[1].revents != 0 ? Ready::readable : Ready::nothing;
    }

    const ConnectionOptions options_;
    const std::string own_node_;
    JobNewsListener& listener_;
    const Descriptor wake_;
    Descriptor waker_;
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> listening_ = false;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<JobNews>> make_job_news(ConnectionOptions options, std::string own_node,
                                               JobNewsListener& listener) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return std::unexpected(error_with(ErrorCode::unavailable, "no pipe"));
    return std::make_unique<PostgresNews>(std::move(options), std::move(own_node), listener,
                                          Descriptor(ends[0]), Descriptor(ends[1]));
}

}  // namespace safelight::postgres
