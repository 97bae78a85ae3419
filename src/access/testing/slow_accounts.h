// Accounts whose look-ups of keys can be held up and counted; the rest passes through.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "catalog/accounts.h"

namespace safelight::testing {

class SlowAccounts final : public Accounts {
  public:
    explicit SlowAccounts(Accounts& inner) : inner_(inner) {}

    std::atomic<int> lookups = 0;

    /// From now on until release(), every look-up of a key waits.
    void hold() {
        const std::lock_guard lock(mutex_);
        held_ = true;
    }
    void release() {
        {
            const std::lock_guard lock(mutex_);
            held_ = false;
        }
        changed_.notify_all();
    }

    Result<std::optional<ApiKey>> find_key(const Sha256& secret_hash) override {
        ++lookups;
        lookups.notify_all();
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !held_; });
        return inner_.find_key(secret_hash);
    }

    Status create_account(const Account& account) override { return inner_.create_account(account); }
    Result<std::optional<Account>> find_account(AccountId id) override { return inner_.find_account(id); }
    Result<std::optional<Account>> find_account(std::string_view name) override {
        return inner_.find_account(name);
    }
    Result<Account> change_account(AccountId id, const std::function<void(Account&)>& change) override {
        return inner_.change_account(id, change);
    }
    Result<std::vector<Account>> list_accounts(std::optional<AccountId> after, std::uint32_t limit) override {
        return inner_.list_accounts(after, limit);
    }
    Status create_key(const ApiKey& key, const Sha256& secret_hash) override {
        return inner_.create_key(key, secret_hash);
    }
    Result<std::optional<ApiKey>> find_key(ApiKeyId id) override { return inner_.find_key(id); }
    Result<std::vector<ApiKey>> list_keys(const KeyQuery& query) override { return inner_.list_keys(query); }
    Result<ApiKey> revoke_key(ApiKeyId id, Timestamp now) override { return inner_.revoke_key(id, now); }
    Status rotate_key(ApiKeyId old, Timestamp until, const ApiKey& successor,
                      const Sha256& secret_hash) override {
        return inner_.rotate_key(old, until, successor, secret_hash);
    }
    Status note_uses(std::span<const KeyUse> uses) override { return inner_.note_uses(uses); }

  private:
    Accounts& inner_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = false;  // guarded by mutex_
};

}  // namespace safelight::testing
