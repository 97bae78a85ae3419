#include "service/quota_desk.h"

#include <pthread.h>

#include <fmt/format.h>

#include <exception>
#include <utility>
#include <vector>

namespace safelight {
namespace {

constexpr std::size_t accounts_max = 10'000;

}  // namespace

QuotaDesk::QuotaDesk(const QuotaConfig& config, const QuotaParts& parts) : config_(config), parts_(parts) {
    thread_ = std::jthread([this](const std::stop_token& stop) { hold_places(stop); });
    pthread_setname_np(thread_.native_handle(), "upload-places");
}

QuotaDesk::~QuotaDesk() = default;

std::optional<Quotas> QuotaDesk::remembered(AccountId account) const {
    const std::lock_guard lock(mutex_);
    const auto found = accounts_.find(account);
    if (found == accounts_.end()) return std::nullopt;
    const Milliseconds age = parts_.clock.now() - found->second.read_at;
    // A clock that was set back must not keep an old one fresh.
    if (age < Milliseconds::zero() || age >= config_.fresh_for) return std::nullopt;
    return found->second.in_force;
}

Result<Quotas> QuotaDesk::in_force(AccountId account) {
    if (const auto known = remembered(account)) return *known;
    return in_force_now(account);
}

Result<Quotas> QuotaDesk::in_force_now(AccountId account) {
    TRY_ASSIGN(const Quotas own, parts_.store.find_quotas(account));
    const Quotas limits = safelight::in_force(own, config_.defaults);
    remember(account, limits);
    return limits;
}

void QuotaDesk::remember(AccountId account, const Quotas& in_force) {
    const std::lock_guard lock(mutex_);
    // Old or new does not matter: they are asked for again.
    if (accounts_.size() >= accounts_max) accounts_.clear();
    accounts_.insert_or_assign(account, Remembered{in_force, parts_.clock.now()});
}

Result<Usage> QuotaDesk::usage(AccountId account) {
    return parts_.store.usage(account, parts_.clock.now());
}

Result<std::unique_ptr<QuotaDesk::Place>> QuotaDesk::admit(const Arrival& arrival, const Quotas& in_force) {
    const Timestamp now = parts_.clock.now();
    if (arrival.is_job && limit_jobs(in_force)) {
        TRY_ASSIGN(const Usage usage, parts_.store.usage(arrival.account, now));
        TRY(check_demand({.stored_bytes = arrival.size_bytes, .pixels = 1}, in_force, usage, now));
    }
    UploadEntry entry{.account = arrival.account, .counts = arrival.counts};
    if (arrival.has_bytes && in_force.concurrent_uploads) {
        entry.place = parts_.ids.next<UploadPlaceId>();
        entry.place_expires_at = now + config_.lease;
    }
    TRY(parts_.store.enter(entry, in_force, now));
    if (!entry.place) return nullptr;
    const std::lock_guard lock(mutex_);
    places_.insert(*entry.place);
    return std::make_unique<Place>(*this, *entry.place);
}

QuotaDesk::Place::~Place() {
    if (!left_) desk_->forget(id_);
}

void QuotaDesk::Place::leave() {
    if (std::exchange(left_, true)) return;
    desk_->forget(id_);
    const Status left = desk_->parts_.store.leave(id_);
    // Else it is free when its lease is over.
    if (!left)
        desk_->parts_.log.warn("a place for an upload could not be freed",
                               {{"error", name_of(left.error().code)}, {"detail", left.error().log_text}});
}

void QuotaDesk::forget(UploadPlaceId place) {
    const std::lock_guard lock(mutex_);
    places_.erase(place);
}

void QuotaDesk::hold_places(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        changed_.wait_for(lock, stop, config_.lease / 3, [] { return false; });
        if (stop.stop_requested() || places_.empty()) continue;
        const std::vector<UploadPlaceId> places(places_.begin(), places_.end());
        lock.unlock();
        try {
            const Timestamp now = parts_.clock.now();
            const Status held = parts_.store.hold(places, now, now + config_.lease);
            // The next third tries again; should a lease run out before, there is one upload too many.
            if (!held)
                parts_.log.warn("places for uploads could not be held",
                                {{"error", name_of(held.error().code)}, {"detail", held.error().log_text}});
        } catch (const std::exception& exception) {
            parts_.log.error("exception while places for uploads were held", {{"what", exception.what()}});
        }
        lock.lock();
    }
}

Status QuotaConfig::validate() const {
    std::vector<Fault> faults;
    for (const QuotaField& field : quota_fields) {
        if ((defaults.*field.value).value_or(0) > quota_max)
            faults.push_back({std::string(field.name), fmt::format("may be {} at most", quota_max)});
    }
    if (lease <= Milliseconds::zero()) faults.push_back({"lease", "must be above 0"});
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

}  // namespace safelight
