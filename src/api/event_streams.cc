#include "api/event_streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <deque>
#include <unordered_map>
#include <utility>

#include "api/guarded_stream.h"
#include "api/job_story.h"

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Who waits looks by himself as often: hints may be lost, and a worker's beginning is told to nobody.
constexpr Milliseconds reread_interval{1'000};
/// An account's stream looks no more often, however much happens.
constexpr Milliseconds account_pause{100};
/// How often it does, after a hint that shows nothing yet: others are still being committed.
constexpr int eager_looks = 10;
constexpr std::uint32_t page_changes = 20;
constexpr std::size_t stories_max = 256;
constexpr std::string_view reconnect_after = "retry: 1000\n\n";
constexpr std::string_view heartbeat_comment = ": still here\n\n";

void append(std::string& text, const JobEvent& event, const std::string& id = {}) {
    fmt::format_to(std::back_inserter(text), "event: {}\n", event.type);
    if (!id.empty()) fmt::format_to(std::back_inserter(text), "id: {}\n", id);
    fmt::format_to(std::back_inserter(text), "data: {}\n\n", event.data);
}

/// The last event carries the place: a client that lost the others is told of all of them again.
void append(std::string& text, const std::vector<JobEvent>& events, const ChangePlace& place) {
    for (const JobEvent& event : events)
        append(text, event, &event == &events.back() ? event_id_of(place) : std::string());
}

/// What both kinds have in common: waiting, heartbeats, the end.
class EventStream : public http::LiveSource {
  public:
    EventStream(const ApiParts& api, const Principal& principal, const http::Request& request,
                StreamSlot slot)
        : api_(api), account_(principal.account), request_(request), slot_(std::move(slot)) {}

    http::Task<std::string> next() final {
        // Asked before each look: a stream that always has something to say never waits.
        while (!ended_ && co_await may_go_on()) {
            http::Event changed;
            // Subscribed before the catalog is read: a change in between sets the event.
            const auto subscription = subscribe([changed]() mutable { changed.set(); });
            std::string text = co_await look();
            if (!text.empty()) co_return said(std::move(text));
            if (ended_) break;
            co_await wait(changed);
            if (SteadyClock::now() - said_at_ >= api_.events.heartbeat)
                co_return said(std::string(heartbeat_comment));
        }
        co_return std::string();
    }

  protected:
    [[nodiscard]] virtual JobWatch::Subscription subscribe(std::function<void()> callback) = 0;
    /// What there is to be said; empty when there is nothing yet.
    [[nodiscard]] virtual http::Task<std::string> look() = 0;
    /// How long to wait until the next look at most.
    [[nodiscard]] virtual Milliseconds patience() { return reread_interval; }
    virtual void note_hint() {}

    void end() { ended_ = true; }
    [[nodiscard]] const ApiParts& api() const { return api_; }
    [[nodiscard]] AccountId account() const { return account_; }

  private:
    std::string said(std::string text) {
        said_at_ = SteadyClock::now();
        return text;
    }

    /// False when the server drains, or whoever listens may not any more.
    http::Task<bool> may_go_on() {
        if (co_await http::is_draining()) co_return false;
        if (SteadyClock::now() - checked_at_ < recheck_interval) co_return true;
        const auto still = co_await api_.authenticator.authenticate(request_);
        checked_at_ = SteadyClock::now();
        // Only who may not listen any more is sent away: trouble of the catalog passes.
        co_return still.has_value() || !is_of_credentials(still.error().code);
    }

    /// For a hint, or until it is time to look or to say something in any case.
    http::Task<void> wait(http::Event& changed) {
        const auto silent = std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - said_at_);
        const auto slice =
            std::clamp<Milliseconds>(api_.events.heartbeat - silent, Milliseconds{1}, patience());
        if (co_await changed.wait(slice)) note_hint();
    }

    const ApiParts& api_;
    const AccountId account_;
    const http::Request& request_;
    const StreamSlot slot_;
    SteadyClock::time_point said_at_ = SteadyClock::now();
    SteadyClock::time_point checked_at_ = SteadyClock::now();
    bool ended_ = false;
};

class JobEvents final : public EventStream {
  public:
    JobEvents(const ApiParts& api, const Principal& principal, const http::Request& request, StreamSlot slot,
              JobChange seen, const std::optional<ChangePlace>& last)
        : EventStream(api, principal, request, std::move(slot)), seen_(std::move(seen)), id_(seen_->job.id) {
        if (!last || last->job != id_) return;
        story_ =
            last->change == seen_->place.change ? JobStory::known_until(*seen_) : JobStory::of_received();
    }

  private:
    JobWatch::Subscription subscribe(std::function<void()> callback) override {
        return api().watch.subscribe(id_, std::move(callback));
    }

    http::Task<std::string> look() override {
        std::string text = begun_ ? "" : std::string(reconnect_after);
        begun_ = true;
        const auto change = co_await read();
        if (!change && change.error().code == ErrorCode::not_found) {
            append(text, JobEvent{"job.deleted", fmt::format(R"({{"id":"{}"}})", id_.to_string())});
            end();
        }
        // Trouble of the catalog's passes, or the next request hears of it.
        if (!change) co_return text;
        append(text, story_.tell(*change), change->place);
        if (is_finished(change->job.status)) end();
        co_return text;
    }

    http::Task<Result<JobChange>> read() {
        if (seen_) {
            JobChange seen = *std::move(seen_);
            seen_.reset();
            co_return seen;
        }
        co_return co_await http::on_pool(api().pool, [this] { return api().changes.find(account(), id_); });
    }

    std::optional<JobChange> seen_;
    const JobId id_;
    JobStory story_;
    bool begun_ = false;
};

class AccountEvents final : public EventStream {
  public:
    AccountEvents(const ApiParts& api, const Principal& principal, const http::Request& request,
                  StreamSlot slot, const AccountStart& start)
        : EventStream(api, principal, request, std::move(slot)),
          place_(start.from),
          known_until_(start.known_until) {
        opening_ = reconnect_after;
        const std::string id = event_id_of(start.from);
        if (start.reset) append(opening_, JobEvent{"stream.reset", "{}"}, id);
        // An id alone is remembered by the client, who would else have none before the first event.
        if (!start.reset) fmt::format_to(std::back_inserter(opening_), "id: {}\n\n", id);
    }

  private:
    JobWatch::Subscription subscribe(std::function<void()> callback) override {
        return api().watch.subscribe_to_all(std::move(callback));
    }

    http::Task<std::string> look() override {
        if (!opening_.empty()) co_return std::exchange(opening_, {});
        co_await keep_pause();
        const auto page = co_await http::on_pool(
            api().pool, [this] { return api().changes.after(account(), place_, page_changes); });
        looked_at_ = SteadyClock::now();
        std::string text;
        if (!page) co_return text;
        for (const JobChange& change : *page) {
            append(text, story_of(change.job).tell(change), change.place);
            place_ = change.place;
        }
        if (!page->empty()) eager_ = 0;
        is_behind_ = page->size() == page_changes;
        co_return text;
    }

    Milliseconds patience() override {
        if (is_behind_) return Milliseconds{1};
        if (eager_ == 0) return reread_interval;
        --eager_;
        return account_pause;
    }
    void note_hint() override { eager_ = eager_looks; }

    http::Task<void> keep_pause() {
        const auto since = std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - looked_at_);
        if (is_behind_ || since >= account_pause) co_return;
        http::Event never;
        static_cast<void>(co_await never.wait(account_pause - since));
    }

    /// The oldest is forgotten when there are too many; of its job more may be told than once.
    JobStory& story_of(const Job& job) {
        const auto found = stories_.find(job.id);
        if (found != stories_.end()) return found->second;
        if (order_.size() == stories_max) {
            stories_.erase(order_.front());
            order_.pop_front();
        }
        order_.push_back(job.id);
        const bool is_old = job.created_at < known_until_;
        return stories_.emplace(job.id, is_old ? JobStory::of_received() : JobStory()).first->second;
    }

    std::string opening_;
    ChangePlace place_;
    const Timestamp known_until_;
    SteadyClock::time_point looked_at_{};
    int eager_ = 0;
    bool is_behind_ = false;  // a whole page was there: more may be
    std::unordered_map<JobId, JobStory> stories_;
    std::deque<JobId> order_;  // of `stories_`, oldest first
};

}  // namespace

std::string event_id_of(const ChangePlace& place) {
    return fmt::format("{:x}-{}", place.change, place.job.to_string());
}

std::optional<ChangePlace> parse_event_id(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    ChangePlace place;
    const char* const end = text.data() + dash;
    const auto [stop, error] = std::from_chars(text.data(), end, place.change, 16);
    const auto job = JobId::parse(text.substr(dash + 1));
    if (error != std::errc{} || stop != end || !job) return std::nullopt;
    place.job = *job;
    return place;
}

std::optional<StreamSlot> StreamSlot::take(std::shared_ptr<std::atomic<std::uint32_t>> open,
                                           std::uint32_t streams_max) {
    if (open->fetch_add(1) < streams_max) return StreamSlot(std::move(open));
    --*open;
    return std::nullopt;
}

StreamSlot::~StreamSlot() {
    if (open_) --*open_;
}

std::unique_ptr<http::LiveSource> make_job_events(const ApiParts& api, const Principal& principal,
                                                  const http::Request& request, StreamSlot slot,
                                                  JobChange seen, const std::optional<ChangePlace>& last) {
    return std::make_unique<JobEvents>(api, principal, request, std::move(slot), std::move(seen), last);
}

std::unique_ptr<http::LiveSource> make_account_events(const ApiParts& api, const Principal& principal,
                                                      const http::Request& request, StreamSlot slot,
                                                      const AccountStart& start) {
    return std::make_unique<AccountEvents>(api, principal, request, std::move(slot), start);
}

}  // namespace safelight
