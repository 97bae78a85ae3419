// The part of the suite for how long images and variants are kept:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, RetentionConformance, testing::Values(backend), backend_name);
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "catalog/conformance/catalog_suite.h"
#include "catalog/retention.h"

namespace safelight {

class RetentionConformance : public CatalogConformance {
  protected:
    static constexpr Milliseconds day{std::chrono::days(1)};

    [[nodiscard]] Retention& retention() { return under_test().database().retention(); }
    [[nodiscard]] Accounts& accounts() { return under_test().database().accounts(); }
    [[nodiscard]] Rerenders& rerenders() { return under_test().database().rerenders(); }

    void set_rules(const OwnRetention& rules, AccountId account = default_account()) {
        const auto changed =
            accounts().change_account(account, [&](Account& present) { present.retention = rules; });
        if (!changed) throw std::runtime_error(changed.error().log_text);
    }
    [[nodiscard]] AccountId new_account(const std::string& name, const OwnRetention& rules = {}) {
        Account account{.id = ids_.next<AccountId>(), .name = name, .created_at = now(), .retention = rules};
        if (!accounts().create_account(account)) throw std::runtime_error("no account");
        return account.id;
    }
    [[nodiscard]] Job create_ready(const std::vector<std::string>& variants = {"a"},
                                   AccountId owner = default_account()) {
        const Job job = create(variants, owner);
        process(job.id, variants);
        advance(Milliseconds{1});
        return find(job.id, owner);
    }
    /// All that is to be done now.
    RetentionStep run(const RetentionLook& look = {}) { return run_with(retention(), look); }
    RetentionStep run_with(Retention& its_retention, const RetentionLook& look) {
        RetentionStep all;
        for (;;) {
            const auto step = its_retention.step(look, now());
            if (!step) throw std::runtime_error(step.error().log_text);
            if (!*step) return all;
            all.deleted.insert(all.deleted.end(), (*step)->deleted.begin(), (*step)->deleted.end());
            all.doomed.insert(all.doomed.end(), (*step)->doomed.begin(), (*step)->doomed.end());
            all.expired_variants += (*step)->expired_variants;
        }
    }
    /// Time passes while accounts are looked at.
    RetentionStep live(Milliseconds time, const RetentionLook& look = {}) {
        RetentionStep all;
        for (Milliseconds left = time; left > Milliseconds::zero();) {
            const Milliseconds some = std::min<Milliseconds>(left, day / 2);
            advance(some);
            left -= some;
            const RetentionStep step = run(look);
            all.deleted.insert(all.deleted.end(), step.deleted.begin(), step.deleted.end());
            all.expired_variants += step.expired_variants;
        }
        return all;
    }
    /// Every rule has been in force for so long that it is known what was read.
    void begin_noting(const RetentionLook& look = {}) { (void)run(look); }
    [[nodiscard]] Variant variant(const Job& job, const std::string& name = "a") {
        for (const Variant& variant : find(job.id, job.owner).image.variants)
            if (variant.name == name) return variant;
        throw std::runtime_error("no variant " + name);
    }
    [[nodiscard]] std::optional<Remaking> ask_again(const Job& job, const std::string& name = "a") {
        const auto asked = retention().ask_again(job.owner, job.image.id, name, now());
        if (!asked) throw std::runtime_error(asked.error().log_text);
        return *asked;
    }
    void note_read(const Job& job, Milliseconds expire_after, const std::string& name = "a") {
        const std::array reads{VariantRead{job.owner, job.image.id, name, now()}};
        if (!retention().note_reads(reads, expire_after)) throw std::runtime_error("not noted");
    }
    /// Made with `variants`, of which all have expired by a rule of 2 days.
    [[nodiscard]] Job create_expired(const std::vector<std::string>& variants = {"a"}) {
        set_rules({.expire_variants_after_days = 2});
        begin_noting();
        const Job job = create_ready(variants);
        if (live(3 * day).expired_variants != variants.size()) throw std::runtime_error("not expired");
        return job;
    }
};

}  // namespace safelight
