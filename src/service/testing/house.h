// The parts below the use cases, put together for tests: a real SQLite catalog in a folder of its own, the
// memory store and the catalog queue, with the places where a test can make them fail.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/testing/temporary_folder.h"
#include "blobs/faulty_store.h"
#include "blobs/memory/memory_store.h"
#include "catalog/sqlite/sqlite_catalog.h"
#include "queue/catalog/catalog_queue.h"
#include "service/ingest.h"
#include "service/job_watch.h"
#include "service/library.h"
#include "service/resumable_ingest.h"
#include "service/testing/faulty_catalog.h"
#include "service/testing/scripted_renderer.h"

namespace safelight::testing {

/// Long enough for a slow machine with sanitizers; only a test that fails waits for it.
inline constexpr std::chrono::seconds patience{60};

/// Remembers the names of events, by level.
class RecordingLogger final : public telemetry::Logger {
  public:
    void log(telemetry::Level level, std::string_view event,
             std::initializer_list<telemetry::Field>) override {
        const std::lock_guard lock(mutex_);
        events_.emplace_back(level, event);
    }
    [[nodiscard]] std::size_t count(telemetry::Level level, std::string_view event) const {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(std::ranges::count(events_, std::pair(level, std::string(event))));
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::pair<telemetry::Level, std::string>> events_;  // guarded by mutex_
};

/// A queue whose publishing can be made to fail or to be lost.
class FaultyQueue final : public JobQueue {
  public:
    explicit FaultyQueue(std::unique_ptr<JobQueue> inner) : inner_(std::move(inner)) {}

    std::atomic<bool> publish_fails = false;
    std::atomic<bool> hints_get_lost = false;
    std::atomic<std::uint32_t> published = 0;
    std::atomic<std::uint32_t> receive_failures = 0;  // how many receives fail from now on

    Status publish(const WaitingJob& job) override {
        if (publish_fails) return failure(ErrorCode::unavailable, "injected");
        ++published;
        if (hints_get_lost) return {};
        return inner_->publish(job);
    }
    Result<std::optional<Delivery>> receive(Milliseconds timeout, const std::stop_token& stop) override {
        if (receive_failures > 0) {
            --receive_failures;
            return failure(ErrorCode::unavailable, "injected");
        }
        return inner_->receive(timeout, stop);
    }
    Status acknowledge(const Delivery& delivery) override { return inner_->acknowledge(delivery); }
    Result<LaneDepths> depths() override { return inner_->depths(); }
    Status check() override { return inner_->check(); }

  private:
    const std::unique_ptr<JobQueue> inner_;
};

/// What comes from nowhere: hints are published, or the rescuer publishes them.
[[nodiscard]] inline Result<std::vector<WaitingJob>> nothing_pending(std::uint32_t) {
    return std::vector<WaitingJob>{};
}

template <class T>
[[nodiscard]] T value_of(Result<T> result) {
    if (!result)
        throw std::runtime_error("unexpected error: " + std::string(name_of(result.error().code)) + " " +
                                 result.error().public_text + " " + result.error().log_text);
    return std::move(*result);
}

[[nodiscard]] inline std::unique_ptr<CatalogDatabase> open_catalog(const TemporaryFolder& folder,
                                                                   const Clock& clock) {
    SqliteConfig config;
    config.path = (folder.path() / "catalog.db").string();
    return value_of(migrate_and_open_sqlite_catalog(config, clock));
}

inline constexpr Milliseconds variant_write_deadline = std::chrono::minutes{10};

struct House {
    explicit House(const Clock& house_clock)
        : clock(house_clock),
          ids(house_clock),
          database(open_catalog(folder, clock)),
          catalog(database->catalog(), script),
          claims(database->claims(), script),
          ledger(database->ledger(), script),
          rerenders(database->rerenders(), script),
          uploads(database->resumable_uploads(), script),
          blobs(make_faulty_store(make_memory_store(clock), faults)),
          queue(make_catalog_queue({}, nothing_pending)) {}

    const Clock& clock;
    TemporaryFolder folder;
    RecordingLogger log;
    IdGenerator ids;
    CatalogScript script;
    FaultPlan faults;
    std::unique_ptr<CatalogDatabase> database;
    FaultyCatalog catalog;
    FaultyClaims claims;
    FaultyLedger ledger;
    FaultyRerenders rerenders;
    FaultyResumableUploads uploads;
    std::unique_ptr<BlobStore> blobs;
    FaultyQueue queue;
    /// Nothing ahead: what is left in the ledger was left by somebody.
    KeyStocks keys{{clock, ids, ledger, log, IngestConfig{}.write_deadline, 0},
                   {clock, ids, ledger, log, variant_write_deadline, 0}};
    JobWatch watch;
    ScriptedRenderer renderer;
    telemetry::Metrics metrics;
    const AccountId owner = default_account();

    [[nodiscard]] std::unique_ptr<Ingest> make_ingest(const IngestConfig& config = {}) {
        return safelight::make_ingest(config, {clock, ids, catalog, claims, ledger, *blobs, keys.originals,
                                               queue, renderer, log, metrics});
    }
    [[nodiscard]] std::unique_ptr<ResumableIngest> make_resumable_ingest(
        Ingest& ingest, const ResumableIngestConfig& config = {}) {
        return safelight::make_resumable_ingest(
            config, {clock, ids, uploads, ledger, *blobs, keys.originals, ingest, log});
    }
    [[nodiscard]] std::unique_ptr<Library> make_library(std::uint64_t backlog_max = 100'000,
                                                        VariantReads* reads = nullptr) {
        return safelight::make_library({clock, ids, catalog, claims, database->control(),
                                        database->bulk_operations(), database->retention(), ledger, *blobs,
                                        queue, watch, log, metrics, backlog_max, 3, reads});
    }

    /// Uploads a picture of its own with these variants.
    [[nodiscard]] Job upload(const std::vector<std::string>& variants = {"thumbnail"},
                             std::size_t size_bytes = 1'000) {
        const auto ingest = make_ingest();
        const auto upload = value_of(ingest->begin(owner));
        const auto picture = make_picture(size_bytes, ids.next<JobId>().to_string());
        if (const Status status = upload->write(picture); !status) throw std::runtime_error("upload");
        return value_of(upload->finish({.filename = "cat.jpg", .variants = requests(variants)}));
    }

    /// Each name with a transform of its own.
    [[nodiscard]] static std::vector<VariantRequest> requests(const std::vector<std::string>& names) {
        std::vector<VariantRequest> requests;
        for (const std::string& name : names) {
            Transform transform;
            transform.resize =
                Resize{.width_px = static_cast<std::uint32_t>(100 + requests.size()), .height_px = 100};
            requests.push_back({name, transform});
        }
        return requests;
    }

    [[nodiscard]] Job find(JobId id) { return value_of(database->catalog().find_job(owner, id)); }

    /// Waits for the watch to say so.
    [[nodiscard]] Job await_finished(JobId id) {
        std::mutex mutex;
        std::condition_variable changed;
        bool notified = false;
        const auto subscription = watch.subscribe(id, [&] {
            const std::lock_guard lock(mutex);
            notified = true;
            changed.notify_all();
        });
        for (;;) {
            Job job = find(id);
            if (is_finished(job.status)) return job;
            std::unique_lock lock(mutex);
            if (!changed.wait_for(lock, patience, [&] { return notified; }))
                throw std::runtime_error("never finished");
            notified = false;
        }
    }

    [[nodiscard]] std::vector<BlobKey> stored() {
        std::vector<BlobKey> stored_keys;
        const Status listed = blobs->list(
            [&stored_keys](const BlobEntry& entry) -> Status {
                stored_keys.push_back(entry.key);
                return {};
            },
            [](const std::string& name) { ADD_FAILURE() << "foreign: " << name; });
        EXPECT_TRUE(listed);
        std::ranges::sort(stored_keys);
        return stored_keys;
    }

    [[nodiscard]] std::vector<LedgerEntry> entries() {
        return value_of(database->ledger().entries(std::nullopt, 100'000));
    }

    /// Store, ledger and records agree: each blob is live, is there, and is what its record says.
    void expect_in_order() {
        std::vector<BlobKey> recorded;
        for (const LedgerEntry& entry : entries()) {
            EXPECT_EQ(entry.state, BlobState::live) << entry.key.to_string();
            recorded.push_back(entry.key);
        }
        EXPECT_EQ(stored(), recorded);
        std::vector<BlobKey> referred;
        for (const auto& reference : value_of(database->ledger().references(std::nullopt, 100'000))) {
            referred.push_back(reference.key);
            const auto source = blobs->open(reference.key);
            ASSERT_TRUE(source) << reference.variant;
            const auto bytes = value_of(read_all(**source, 100'000'000));
            EXPECT_EQ(bytes.size(), reference.size_bytes) << reference.variant;
            EXPECT_EQ(sha256_of(bytes), reference.sha256) << reference.variant;
        }
        EXPECT_EQ(referred, recorded);
    }

    void expect_nothing() {
        EXPECT_TRUE(stored().empty());
        EXPECT_TRUE(entries().empty());
    }
};

}  // namespace safelight::testing
