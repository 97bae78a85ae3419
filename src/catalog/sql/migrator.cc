#include "catalog/sql/migrator.h"

#include <string>
#include <utility>
#include <vector>

namespace safelight {
namespace {

class StepwiseMigrator final : public Migrator {
  public:
    StepwiseMigrator(std::unique_ptr<VersionedSchema> schema, std::span<const Migration> migrations,
                     const Clock& clock)
        : schema_(std::move(schema)), migrations_(migrations), clock_(clock) {}

    Result<MigrationStatus> status() override {
        TRY_ASSIGN(const std::uint32_t version, known_version());
        MigrationStatus status{
            .version = version, .newest_version = newest_version(migrations_), .pending = {}};
        for (const Migration& migration : migrations_.subspan(version))
            status.pending.emplace_back(migration.name);
        return status;
    }

    Result<std::vector<std::string>> up() override {
        std::vector<std::string> applied;
        while (true) {
            TRY_ASSIGN(const Migration* migration, in_transaction([this] { return step_up(); }));
            if (migration == nullptr) return applied;
            applied.emplace_back(migration->name);
        }
    }

    Result<std::vector<std::string>> down(std::uint32_t steps) override {
        std::vector<std::string> undone;
        for (; steps > 0; --steps) {
            TRY_ASSIGN(const Migration* migration, in_transaction([this] { return step_down(); }));
            if (migration == nullptr) break;
            undone.emplace_back(migration->name);
        }
        return undone;
    }

  private:
    /// The version is read inside of the transaction that changes it: two processes may start at once.
    template <class Step>
    Result<const Migration*> in_transaction(Step step) {
        TRY(schema_->begin());
        Result<const Migration*> outcome = step();
        if (outcome) {
            if (auto committed = schema_->commit(); !committed) outcome = forward(std::move(committed));
        }
        if (!outcome) schema_->roll_back();
        return outcome;
    }

    /// Null when there is nothing left to do.
    Result<const Migration*> step_up() {
        TRY(schema_->prepare());
        TRY_ASSIGN(const std::uint32_t version, known_version());
        if (version == migrations_.size()) return nullptr;
        const Migration& migration = migrations_[version];
        TRY(schema_->apply(migration, clock_.now()));
        return &migration;
    }

    Result<const Migration*> step_down() {
        TRY_ASSIGN(const std::uint32_t version, known_version());
        if (version == 0) return nullptr;
        const Migration& migration = migrations_[version - 1];
        TRY(schema_->undo(migration));
        return &migration;
    }

    /// Versions rise by one from 1, so that the version is also the number of migrations applied.
    Result<std::uint32_t> known_version() {
        TRY_ASSIGN(const std::uint32_t version, schema_->version());
        TRY(refuse_newer(version, newest_version(migrations_)));
        return version;
    }

    const std::unique_ptr<VersionedSchema> schema_;
    const std::span<const Migration> migrations_;
    const Clock& clock_;
};

}  // namespace

std::unique_ptr<Migrator> make_migrator(std::unique_ptr<VersionedSchema> schema,
                                        std::span<const Migration> migrations, const Clock& clock) {
    return std::make_unique<StepwiseMigrator>(std::move(schema), migrations, clock);
}

}  // namespace safelight
