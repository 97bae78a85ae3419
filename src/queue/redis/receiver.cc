#include "queue/redis/receiver.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <thread>
#include <utility>

namespace safelight::redis {
namespace {

/// Of one try: trouble that comes back at once is not mended.
constexpr int mends_max = 3;

}  // namespace

Outcome<std::optional<Delivery>> Receiver::receive(TimePoint deadline, const std::stop_token& stop) {
    const WakeOnStop wake_on_stop(wake_up_, stop);
    Gate& gate = parts_.link.gate();
    Gate& reading_gate = parts_.link.reading_gate();
    while (!stop.stop_requested()) {
        const auto pass = gate.wait(deadline, stop);
        const auto reading_pass = reading_gate.wait(deadline, stop);
        if (!pass || !reading_pass) {
            if (stop.stop_requested()) break;
            return std::unexpected(parts_.link.away());
        }
        const auto got = next_entry_mending(deadline);
        if (!got) {
            parts_.link.failed(*pass, got.error());
            reading_gate.failed(*reading_pass, SteadyClock::now(), got.error().log_text);
            return std::unexpected(got.error());
        }
        parts_.link.answered();
        reading_gate.succeeded();
        if (const std::optional<Entry>& entry = *got) {
            if (auto delivery = deliver(*entry, stop)) return delivery;
        } else if (SteadyClock::now() >= deadline) {
            break;
        }
    }
    return std::nullopt;
}

Outcome<std::optional<Entry>> Receiver::next_entry_mending(TimePoint deadline) {
    for (int mends = 0;; ++mends) {
        const bool was_connected = connection_ != nullptr;
        auto entry = next_entry(deadline);
        if (entry || mends == mends_max) return entry;
        if (auto mended = mend(entry.error(), was_connected); !mended)
            return std::unexpected(std::move(mended).error());
    }
}

Outcome<std::optional<Entry>> Receiver::next_entry(TimePoint deadline) {
    if (connection_ && !connection_->is_usable()) connection_.reset();
    if (!connection_) {
        auto opened =
            Connection::open(parts_.config, consumer_, SteadyClock::now() + parts_.config.command_timeout);
        if (!opened) return std::unexpected(std::move(opened).error());
        connection_ = std::move(*opened);
        parts_.link.answered();  // publishers need not wait until this receiver has something
    }
    auto entry = parts_.upkeep.claim(*connection_, consumer_);
    if (!entry || *entry) return entry;
    if (auto swept = parts_.upkeep.sweep(*connection_); !swept)
        return std::unexpected(std::move(swept).error());
    auto found = look_for_entry();
    if (!found || *found || SteadyClock::now() >= deadline) return found;
    return wait_for_entry(deadline);
}

/// In the lanes, in their order. One command cannot do that: it takes one of each.
Outcome<std::optional<Entry>> Receiver::look_for_entry() {
    for (const Lane lane : parts_.turns.next()) {
        const auto reply = connection_->run(read_command(parts_.config, consumer_, lane),
                                            SteadyClock::now() + parts_.config.command_timeout);
        if (!reply) return std::unexpected(reply.error());
        const ReplyView view = reply->view();
        auto entries = entries_of_read(parts_.config, view);
        if (!entries.empty()) return std::move(entries.front());
        if (!view.is_nil()) return not_redis();
    }
    return std::nullopt;
}

/// What is no answer to the command that was sent.
std::unexpected<Failure> Receiver::not_redis() {
    connection_.reset();
    return failed(Trouble::nonsense, "what answers does not know Redis' streams");
}

Outcome<std::optional<Entry>> Receiver::wait_for_entry(TimePoint deadline) {
    const TimePoint now = SteadyClock::now();
    const auto until_then =
        std::chrono::ceil<Milliseconds>(std::min(deadline, parts_.upkeep.next_claim()) - now);
    const Milliseconds block = std::clamp(until_then, Milliseconds{1}, parts_.config.block_max);
    const Command command = wait_command(parts_.config, consumer_, block);
    if (auto sent = connection_->send(command.wire(), now + parts_.config.command_timeout); !sent)
        return std::unexpected(std::move(sent).error());
    const auto received =
        connection_->receive(now + block + parts_.config.command_timeout, wake_up_.descriptor());
    if (!received) return std::unexpected(received.error());
    const std::optional<Reply>& reply = *received;
    if (!reply) {
        for (const Entry& entry : end_wait()) give_back(entry);
        return std::nullopt;
    }
    const ReplyView view = reply->view();
    if (view.is_error()) return std::unexpected(failure_of_reply(view.text()));
    auto entries = entries_of_read(parts_.config, view);
    if (entries.empty() && !view.is_nil()) return not_redis();
    if (entries.empty()) return std::nullopt;
    // Others came in between the look and the wait.
    for (const Entry& other : std::span(entries).subspan(1)) give_back(other);
    return std::move(entries.front());
}

/// A stop was asked for while the server holds our call. It is called off there, so that no entry goes to a
/// receiver that has left; what it had been given already is returned.
std::vector<Entry> Receiver::end_wait() {
    const auto reply = unblock(SteadyClock::now() + parts_.config.command_timeout);
    if (!reply) {
        // Closing it ends the wait as well; what was under way is taken over by somebody after claim_idle.
        connection_.reset();
        return {};
    }
    return entries_of_read(parts_.config, reply->view());
}

std::optional<Reply> Receiver::unblock(TimePoint deadline) {
    if (connection_->client_id() == 0) return std::nullopt;
    const Command command{"CLIENT", "UNBLOCK", std::to_string(connection_->client_id())};
    while (SteadyClock::now() < deadline) {
        const auto unblocked = parts_.callers.run(command);
        if (!unblocked) return std::nullopt;
        const bool was_waiting = unblocked->view().integer() == 1;
        auto reply = connection_->receive(deadline, was_waiting ? -1 : wake_up_.descriptor());
        if (!reply) return std::nullopt;
        if (*reply) return std::move(*reply);
        // Our call has not come to its wait yet: two connections keep no order between them.
        std::this_thread::sleep_for(Milliseconds{1});
    }
    return std::nullopt;
}

Outcome<void> Receiver::make_groups() {
    std::vector<Command> commands;
    for (const Lane lane : all_lanes) commands.push_back(make_group_command(parts_.config, lane));
    const auto replies = connection_->run(commands, SteadyClock::now() + parts_.config.command_timeout);
    if (!replies) return std::unexpected(replies.error());
    for (const Reply& made : *replies) {
        const ReplyView reply = made.view();
        // BUSYGROUP: somebody else was quicker.
        if (reply.is_error() && !reply.text().starts_with("BUSYGROUP"))
            return std::unexpected(failure_of_reply(reply.text()));
    }
    return {};
}

Outcome<void> Receiver::mend(const Failure& failure, bool was_connected) {
    if (failure.trouble == Trouble::no_group) {
        auto made = make_groups();
        if (made)
            parts_.log.info("consumer groups of the queue made",
                            {{"stream", parts_.config.stream}, {"group", parts_.config.group}});
        return made;
    }
    if (ends_connection(failure.trouble)) connection_.reset();
    // A connection that was there before may have died unnoticed; a new one that breaks is an outage.
    if (failure.trouble == Trouble::lost && was_connected) return {};
    return std::unexpected(failure);
}

std::optional<Delivery> Receiver::deliver(const Entry& entry, const std::stop_token& stop) {
    if (!entry.job_id) {
        parts_.log.warn("an entry of the queue names no job, and is dropped", {{"entry", entry.id}});
        if (const auto dropped =
                parts_.callers.run_all(acknowledge_commands(parts_.config, entry.lane, entry.id));
            !dropped)
            parts_.log.debug("an entry stays in the queue", {{"detail", dropped.error().log_text}});
        return std::nullopt;
    }
    if (stop.stop_requested()) {
        give_back(entry);
        return std::nullopt;
    }
    return Delivery{*entry.job_id, entry.lane, entry.id};
}

void Receiver::give_back(const Entry& entry) {
    if (!entry.job_id) return;
    // When it fails the entry stays in this consumer's hand, and is taken over after claim_idle.
    if (const auto given =
            parts_.callers.run_all(give_back_commands(parts_.config, {*entry.job_id, entry.lane}, entry.id));
        !given)
        parts_.log.debug("a hint was not given back", {{"detail", given.error().log_text}});
}

}  // namespace safelight::redis
