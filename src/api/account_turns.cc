#include "api/account_turns.h"

#include <algorithm>

namespace safelight {

AccountTurns::AccountTurns(std::size_t at_once, Milliseconds wait) : at_once_(at_once), wait_(wait) {}

AccountTurns::Turn::~Turn() {
    if (!lines_) return;
    const std::lock_guard lock(lines_->mutex);
    const auto found = lines_->by_account.find(account_);
    if (found == lines_->by_account.end()) return;
    Line& line = found->second;
    if (!waiter_->has_turn) {
        std::erase(line.waiting, waiter_);
    } else if (!line.waiting.empty()) {
        const std::shared_ptr<Waiter> next = line.waiting.front();
        line.waiting.pop_front();
        next->has_turn = true;
        next->called.set();
    } else if (--line.at_work == 0) {
        lines_->by_account.erase(found);
    }
}

AccountTurns::Turn AccountTurns::join(AccountId account) {
    auto waiter = std::make_shared<Waiter>();
    const std::lock_guard lock(lines_->mutex);
    Line& line = lines_->by_account[account];
    if (line.at_work < at_once_) {
        ++line.at_work;
        waiter->has_turn = true;
    } else {
        line.waiting.push_back(waiter);
    }
    return {lines_, account, std::move(waiter)};
}

bool AccountTurns::has_turn(const Turn& turn) const {
    const std::lock_guard lock(lines_->mutex);
    return turn.waiter_->has_turn;
}

http::Task<Result<AccountTurns::Turn>> AccountTurns::take(AccountId account) {
    Turn turn = join(account);
    if (!has_turn(turn)) {
        const bool called = co_await turn.waiter_->called.wait(wait_);
        if (!called && !has_turn(turn) && !co_await http::is_draining()) {
            co_return failure(ErrorCode::overloaded,
                              "Too many uploads of the account wait for one another. Try again later.");
        }
    }
    co_return std::move(turn);
}

}  // namespace safelight
