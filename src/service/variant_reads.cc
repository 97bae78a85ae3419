#include "service/variant_reads.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>

namespace safelight {
namespace {

/// Bounds the transaction.
constexpr std::size_t batch_max = 256;

/// What no rule asks for more finely: an account's own are of whole days.
Milliseconds least_grain(const RetentionRules& defaults) {
    const Milliseconds own = read_grain(std::chrono::days(1));
    return defaults.expire_variants_after ? std::min(own, read_grain(*defaults.expire_variants_after)) : own;
}

}  // namespace

VariantReads::VariantReads(const VariantReadsConfig& config, const Clock& clock, Retention& store,
                           telemetry::Logger& log)
    : config_(config),
      clock_(clock),
      store_(store),
      log_(log),
      least_grain_(least_grain(config.defaults)),
      may_expire_(config.defaults.expire_variants_after.has_value()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    pthread_setname_np(thread_.native_handle(), "variant-reads");
}

VariantReads::~VariantReads() = default;

void VariantReads::note(AccountId owner, ImageId image, const Variant& variant) {
    if (!may_expire_) return;
    const Timestamp now = clock_.now();
    const Timestamp known = std::max(variant.updated_at, variant.read_at.value_or(variant.updated_at));
    // What is far in the future was noted by a clock that was ahead.
    if (std::chrono::abs(now - known) < least_grain_) return;
    const std::lock_guard lock(mutex_);
    Place place(image, variant.name);
    const auto found = gathered_.find(place);
    if (found == gathered_.end() && gathered_.size() >= gathered_max) return;
    gathered_.insert_or_assign(std::move(place), Read{owner, now});
}

void VariantReads::flush() {
    std::map<Place, Read> gathered;
    {
        const std::lock_guard lock(mutex_);
        gathered.swap(gathered_);
    }
    std::map<AccountId, std::vector<VariantRead>> by_owner;
    for (auto& [place, read] : gathered)
        by_owner[read.owner].push_back({read.owner, place.first, place.second, read.at});
    for (const auto& [owner, reads] : by_owner) note_reads(owner, reads);
    look_for_rules();
}

void VariantReads::note_reads(AccountId owner, const std::vector<VariantRead>& reads) {
    const auto own = store_.find_rules(owner);
    if (!own) return log_failure(own.error());
    const auto expire_after = in_force(*own, config_.defaults).expire_variants_after;
    if (!expire_after) return;
    std::span<const VariantRead> left(reads);
    while (!left.empty()) {
        const auto batch = left.first(std::min(left.size(), batch_max));
        left = left.subspan(batch.size());
        if (const Status noted = store_.note_reads(batch, *expire_after); !noted)
            return log_failure(noted.error());
    }
}

void VariantReads::look_for_rules() {
    if (config_.defaults.expire_variants_after) return;
    const auto has_rules = store_.has_own_expiry();
    if (!has_rules) return log_failure(has_rules.error());
    may_expire_ = *has_rules;
}

void VariantReads::run(const std::stop_token& stop) {
    const auto flush_safely = [this] {
        try {
            flush();
        } catch (const std::exception& exception) {
            log_.error("exception while reads of variants were noted", {{"what", exception.what()}});
        }
    };
    while (!stop.stop_requested()) {
        flush_safely();
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, config_.interval, [] { return false; });
    }
    flush_safely();
}

void VariantReads::log_failure(const Error& error) {
    log_.warn("reads of variants could not be noted",
              {{"error", name_of(error.code)}, {"detail", error.log_text}});
}

}  // namespace safelight
