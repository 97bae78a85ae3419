// What is remembered by the hash of a text that a client sent, up to a number of entries.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <utility>

#include "base/sha256.h"

namespace safelight {

/// The oldest entry makes room for a new one. Ordered, not hashed: who chooses the texts cannot make look-ups
/// slow. One thread at a time.
template <class Value>
class BoundedCache {
  public:
    explicit BoundedCache(std::size_t entries_max) : entries_max_(entries_max) {}

    /// Null when it is not known; valid until the next change.
    [[nodiscard]] const Value* find(const Sha256& hash) const {
        const auto found = by_hash_.find(hash);
        return found == by_hash_.end() ? nullptr : &found->second->second;
    }

    /// Replaces what was there.
    void put(const Sha256& hash, Value value) {
        if (entries_max_ == 0) return;
        erase(hash);
        if (entries_.size() >= entries_max_) erase(entries_.back().first);
        entries_.emplace_front(hash, std::move(value));
        by_hash_[hash] = entries_.begin();
    }

    void erase(const Sha256& hash) {
        const auto found = by_hash_.find(hash);
        if (found == by_hash_.end()) return;
        const auto entry = found->second;
        by_hash_.erase(found);
        entries_.erase(entry);  // last: `hash` may be the entry's own
    }

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    using Entries = std::list<std::pair<Sha256, Value>>;

    const std::size_t entries_max_;
    Entries entries_;  // the newest first
    std::map<Sha256, typename Entries::iterator> by_hash_;
};

}  // namespace safelight
