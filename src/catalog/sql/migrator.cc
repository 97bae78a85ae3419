#include "catalog/sql/migrator.h"

#include <algorithm>
#include <cstddef>
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
        TRY_ASSIGN(const SchemaVersion schema, compatible_schema());
        MigrationStatus status{.version = schema.version,
                               .compatible_from = schema.compatible_from,
                               .newest_version = newest_version(migrations_),
                               .pending = {}};
        for (const Migration& migration : pending(schema)) status.pending.emplace_back(migration.name);
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
        TRY_ASSIGN(const SchemaVersion schema, compatible_schema());
        if (schema.version > migrations_.size()) return nullptr;
        TRY(schema_->prepare());
        if (schema.version == migrations_.size()) return nullptr;
        const Migration& migration = pending(schema).front();
        TRY(schema_->apply(migration, clock_.now()));
        return &migration;
    }

    Result<const Migration*> step_down() {
        TRY_ASSIGN(const SchemaVersion schema, schema_->version());
        TRY(refuse_newer(schema, newest_version(migrations_)));
        if (schema.version == 0) return nullptr;
        const Migration& migration = migrations_[schema.version - 1];
        TRY(schema_->undo(migration));
        return &migration;
    }

    Result<SchemaVersion> compatible_schema() {
        TRY_ASSIGN(const SchemaVersion schema, schema_->version());
        TRY(refuse_incompatible(schema, newest_version(migrations_)));
        return schema;
    }

    /// Versions rise by one from 1, so that the version is also the number of migrations applied; a newer
    /// program may have applied more than there are here.
    [[nodiscard]] std::span<const Migration> pending(const SchemaVersion& schema) const {
        return migrations_.subspan(std::min<std::size_t>(schema.version, migrations_.size()));
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
