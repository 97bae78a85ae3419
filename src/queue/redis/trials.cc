#include "queue/redis/trials.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "queue/redis/stream.h"

namespace safelight::redis {
namespace {

constexpr std::string_view own_name = "safelight-doctor";
constexpr std::string_view no_entry = "0-1";

/// One command, for one lane or for none.
struct Trial {
    std::string name;
    std::string stream = {};
    Command command;
    bool is_upkeep = false;
};

void try_in_lane(const RedisQueueConfig& config, Lane lane, std::vector<Trial>& trials) {
    const std::string stream = stream_of(config, lane);
    const auto add = [&](std::string name, Command command, bool is_upkeep = false) {
        trials.push_back({std::move(name), stream, std::move(command), is_upkeep});
    };
    add("XADD", publish_command(config, {.id = JobId{}, .lane = lane}));
    add("XGROUP CREATE", make_group_command(config, lane));
    add("XREADGROUP", read_command(config, own_name, lane));
    add("XAUTOCLAIM", claim_command(config, own_name, lane, "0-0"));
    auto acknowledge = acknowledge_commands(config, lane, no_entry);
    add("XDEL", std::move(acknowledge[0]));
    add("XACK", std::move(acknowledge[1]));
    add("XLEN", {"XLEN", stream});
    add("XPENDING", {"XPENDING", stream, config.group});
    add("XINFO CONSUMERS", consumers_command(config, lane), true);
    add("XGROUP DELCONSUMER", {"XGROUP", "DELCONSUMER", stream, config.group, own_name}, true);
    add("EVAL", remove_consumer_command(config, lane, own_name), true);
}

std::vector<Trial> all_trials(const RedisQueueConfig& config) {
    std::vector<Trial> trials;
    trials.push_back({.name = "PING", .command = {"PING"}});
    for (const Lane lane : all_lanes) try_in_lane(config, lane, trials);
    // A receiver does without these, and is not woken then.
    trials.push_back({.name = "CLIENT ID", .command = {"CLIENT", "ID"}, .is_upkeep = true});
    trials.push_back({.name = "CLIENT UNBLOCK", .command = {"CLIENT", "UNBLOCK", "0"}, .is_upkeep = true});
    return trials;
}

/// A command of ours and where it was refused, in the order of the trials.
class Refusals {
  public:
    void add(const Trial& trial) {
        auto known = std::ranges::find(refusals_, trial.name, &Refusal::name);
        if (known == refusals_.end()) known = refusals_.insert(known, {trial.name, {}});
        if (!trial.stream.empty()) known->streams.push_back(trial.stream);
    }
    [[nodiscard]] std::vector<std::string> in_words() const {
        std::vector<std::string> words;
        for (const auto& [name, streams] : refusals_) {
            const bool is_everywhere = streams.empty() || streams.size() == all_lanes.size();
            words.push_back(is_everywhere ? name : fmt::format("{} on {}", name, fmt::join(streams, ", ")));
        }
        return words;
    }

  private:
    struct Refusal {
        std::string name;
        std::vector<std::string> streams;
    };
    std::vector<Refusal> refusals_;
};

void note_trouble(const Failure& failure, std::vector<std::string>& trouble) {
    if (std::ranges::find(trouble, failure.log_text) == trouble.end()) trouble.push_back(failure.log_text);
}

/// A transaction that is none: who may say EXEC is told that nothing was begun.
Outcome<bool> may_execute(Connection& connection, TimePoint deadline) {
    const auto answer = connection.run(Command{"EXEC"}, deadline);
    if (answer || answer.error().trouble == Trouble::refused) return true;
    if (answer.error().trouble == Trouble::not_permitted) return false;
    return std::unexpected(answer.error());
}

}  // namespace

Outcome<Trials> try_commands(const RedisQueueConfig& config, TimePoint deadline) {
    TRY_ASSIGN(const auto connection, Connection::open(config, std::string(own_name), deadline));
    Trials outcome;
    TRY_ASSIGN(const bool is_exec_allowed, may_execute(*connection, deadline));
    if (!is_exec_allowed) outcome.refused.emplace_back("EXEC");
    // Alone: without it everything that follows would be carried out.
    const auto begun = connection->run(Command{"MULTI"}, deadline);
    if (!begun && begun.error().trouble != Trouble::not_permitted) return std::unexpected(begun.error());
    if (!begun || begun->view().text() != "OK") {
        outcome.refused.emplace_back("MULTI");
        return outcome;
    }
    const std::vector<Trial> trials = all_trials(config);
    std::vector<Command> commands;
    for (const Trial& trial : trials) commands.push_back(trial.command);
    TRY_ASSIGN(const auto replies, connection->run(commands, deadline));
    Refusals vital;
    Refusals upkeep;
    for (std::size_t i = 0; i < trials.size(); ++i) {
        const ReplyView reply = replies[i].view();
        if (!reply.is_error()) continue;
        const Failure failure = failure_of_reply(reply.text());
        if (failure.trouble == Trouble::not_permitted)
            (trials[i].is_upkeep ? upkeep : vital).add(trials[i]);
        else
            note_trouble(failure, outcome.trouble);
    }
    std::ranges::move(vital.in_words(), std::back_inserter(outcome.refused));
    outcome.refused_upkeep = upkeep.in_words();
    return outcome;
}

}  // namespace safelight::redis
