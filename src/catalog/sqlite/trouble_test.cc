// When the file is locked, full, broken, read-only or gone: a typed error in bounded time, and recovery
// without restart.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <latch>
#include <thread>

#include "base/testing/no_descriptors.h"
#include "catalog/sqlite/faulty_files.h"
#include "catalog/sqlite/group_writer.h"
#include "catalog/sqlite/reader_pool.h"
#include "catalog/sqlite/sqlite_catalog.h"
#include "catalog/sqlite/test_files.h"

namespace safelight::sqlite {
namespace {

Job job_of(IdGenerator& ids, BlobKey blob, Timestamp now) {
    Job job;
    job.image.id = ids.next<ImageId>();
    job.id = ids.next<JobId>();
    job.owner = default_account();
    job.metadata_json = "{}";
    job.updated_at = now;
    job.image.blob = blob;
    job.image.facts.width_px = 1;
    job.image.facts.height_px = 1;
    job.image.variants.resize(2);
    job.image.variants[0].name = "a";
    job.image.variants[1].name = "b";
    return job;
}

class SqliteTrouble : public testing::Test {
  protected:
    SqliteTrouble() {
        config_.path = folder_.file();
        config_.vfs = faulty_files_name();
        config_.busy_timeout = Milliseconds{100};
        config_.check_timeout = Milliseconds{50};
        file_faults().clear();
        database_ = migrate_and_open_sqlite_catalog(config_, clock_).value();
    }
    ~SqliteTrouble() override { file_faults().clear(); }

    [[nodiscard]] BlobLedger& ledger() { return database_->ledger(); }
    [[nodiscard]] Status reserve_one() {
        return ledger().reserve(std::array{ids_.next<BlobKey>()}, clock_.now() + std::chrono::hours{1});
    }
    [[nodiscard]] Result<Job> create() {
        const BlobKey blob = ids_.next<BlobKey>();
        TRY(ledger().reserve(std::array{blob}, clock_.now() + std::chrono::hours{1}));
        return database_->catalog().create_job(job_of(ids_, blob, clock_.now()));
    }
    void expect_error(const Status& status, ErrorCode code) {
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, code) << status.error().log_text;
        EXPECT_FALSE(status.error().log_text.empty());
        EXPECT_EQ(status.error().public_text.find("SQL"), std::string::npos);
        EXPECT_EQ(status.error().public_text.find(folder_.path().string()), std::string::npos);
    }
    void expect_works() {
        const auto created = create();
        ASSERT_TRUE(created) << created.error().log_text;
        EXPECT_TRUE(database_->catalog().find_job(default_account(), created->id));
        EXPECT_TRUE(database_->check());
    }

    SystemClock clock_;
    IdGenerator ids_{clock_};
    DatabaseFolder folder_;
    SqliteConfig config_;
    std::unique_ptr<CatalogDatabase> database_;
};

TEST_F(SqliteTrouble, LockedByAnotherProcessIsUnavailableInBoundedTime) {
    const auto created = create();
    ASSERT_TRUE(created);
    RawDatabase other(config_.path);
    other.must("BEGIN IMMEDIATE");

    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> callers;
    std::array<Status, 8> outcomes;
    for (Status& outcome : outcomes) callers.emplace_back([&] { outcome = reserve_one(); });
    for (std::thread& caller : callers) caller.join();
    for (const Status& outcome : outcomes) expect_error(outcome, ErrorCode::unavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{20})
        << "not one timeout per caller";

    expect_error(database_->check(), ErrorCode::unavailable);
    EXPECT_TRUE(database_->catalog().find_job(default_account(), created->id)) << "reading goes on";
    other.must("ROLLBACK");
    expect_works();
}

TEST_F(SqliteTrouble, AFullDiskIsSaidSoAndRecoversWhenThereIsSpace) {
    const auto before = create();
    ASSERT_TRUE(before);
    file_faults().write = SQLITE_FULL;
    expect_error(reserve_one(), ErrorCode::storage_full);
    file_faults().write = 0;
    expect_works();
    EXPECT_TRUE(database_->catalog().find_job(default_account(), before->id));
}

TEST_F(SqliteTrouble, AFailedSyncIsNotAnswered) {
    const auto blob = ids_.next<BlobKey>();
    file_faults().sync = SQLITE_IOERR_FSYNC;
    expect_error(ledger().reserve(std::array{blob}, clock_.now()), ErrorCode::unavailable);
    const auto found = ledger().find(blob);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->has_value());
    file_faults().sync = 0;
    expect_works();
}

TEST_F(SqliteTrouble, AFailedWriteFailsEverybodyOfTheGroup) {
    file_faults().write = SQLITE_IOERR_WRITE;
    std::array<Status, 8> outcomes;
    std::latch start{outcomes.size()};
    std::vector<std::thread> callers;
    for (Status& outcome : outcomes) {
        callers.emplace_back([&] {
            start.arrive_and_wait();
            outcome = reserve_one();
        });
    }
    for (std::thread& caller : callers) caller.join();
    for (const Status& outcome : outcomes) expect_error(outcome, ErrorCode::unavailable);
    file_faults().write = 0;
    expect_works();
    const auto entries = ledger().entries(std::nullopt, 100);
    ASSERT_TRUE(entries);
    EXPECT_EQ(entries->size(), 1U) << "only what was made after the trouble";
}

TEST_F(SqliteTrouble, AFileThatTurnsReadOnlyCanStillBeRead) {
    const auto created = create();
    ASSERT_TRUE(created);
    ASSERT_TRUE(database_->catalog().find_job(default_account(), created->id));
    // Errors make the writer open the file anew, and then it finds it read-only.
    file_faults().open_read_only = true;
    file_faults().write = SQLITE_IOERR_WRITE;
    expect_error(reserve_one(), ErrorCode::unavailable);
    file_faults().write = 0;
    expect_error(reserve_one(), ErrorCode::unavailable);
    expect_error(database_->check(), ErrorCode::unavailable);
    EXPECT_TRUE(database_->catalog().find_job(default_account(), created->id));
    file_faults().open_read_only = false;
    expect_works();
}

TEST_F(SqliteTrouble, ARemovedFileIsNoticedBeforeAnythingIsLost) {
    const auto created = create();
    ASSERT_TRUE(created);
    const auto aside = folder_.path() / "aside.db";
    std::filesystem::rename(config_.path, aside);
    expect_error(reserve_one(), ErrorCode::unavailable);
    EXPECT_EQ(database_->catalog().find_job(default_account(), created->id).error().code,
              ErrorCode::unavailable);
    expect_error(database_->check(), ErrorCode::unavailable);
    EXPECT_FALSE(std::filesystem::exists(config_.path)) << "and no empty one is put in its place";
    std::filesystem::rename(aside, config_.path);
    EXPECT_TRUE(database_->catalog().find_job(default_account(), created->id));
    expect_works();
}

TEST_F(SqliteTrouble, GarbageInPlaceOfTheFileIsUnavailable) {
    database_.reset();
    std::filesystem::resize_file(config_.path, 0);
    std::FILE* file = std::fopen(config_.path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    const std::string text(8'192, 'x');
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
    const auto opened = open_sqlite_catalog(config_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
}

TEST_F(SqliteTrouble, ASizeLimitOfTheDatabaseIsAFullDisk) {
    ConnectionOptions options{.path = config_.path, .writes = true};
    auto writer = GroupWriter::start({.connection = options}).value();
    ASSERT_TRUE(writer->write([](Connection& connection) -> Status {
        return connection.script("PRAGMA max_page_count = 1");  // is raised to what is in use
    }));
    const auto fill = [&](int rows) {
        return writer->write([&](Connection& connection) -> Status {
            for (int i = 0; i < rows; ++i) {
                TRY(connection.run("INSERT INTO blobs (key, state, deadline) VALUES ($1, 'writing', 0)",
                                   ids_.next<BlobKey>()));
            }
            return {};
        });
    };
    expect_error(fill(10'000), ErrorCode::storage_full);
    EXPECT_TRUE(ledger().entries(std::nullopt, 10)->empty()) << "all or nothing";
    ASSERT_TRUE(writer->write([](Connection& connection) -> Status {
        return connection.script("PRAGMA max_page_count = 100000");
    }));
    EXPECT_TRUE(fill(10'000));
}

TEST_F(SqliteTrouble, TheQueueOfWritesIsBounded) {
    auto writer =
        GroupWriter::start({.connection = {.path = config_.path, .writes = true}, .queue_max = 2}).value();
    std::latch inside{1};
    std::latch leave{1};
    std::thread holder([&] {
        EXPECT_TRUE(writer->write([&](Connection&) -> Status {
            inside.count_down();
            leave.wait();
            return {};
        }));
    });
    inside.wait();
    // Two wait; whoever comes third is refused at once. `check` gives up waiting, its place stays taken.
    EXPECT_FALSE(writer->check(Milliseconds{1}));
    EXPECT_FALSE(writer->check(Milliseconds{1}));
    const auto refused = writer->write([](Connection&) -> Status { return {}; });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_NE(refused.error().log_text.find("too many"), std::string::npos);
    leave.count_down();
    holder.join();
}

TEST_F(SqliteTrouble, AnExceptionInAWriteIsItsOwnError) {
    auto writer = GroupWriter::start({.connection = {.path = config_.path, .writes = true}}).value();
    const auto outcome = writer->write([](Connection&) -> Status { throw std::bad_alloc(); });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::internal);
    EXPECT_TRUE(writer->check(Milliseconds{10'000}));
}

/// The child: creates jobs for ever, tells each id once it was answered.
[[noreturn]] void create_for_ever(const SqliteConfig& config, int answers) {
    const SystemClock clock;
    IdGenerator ids{clock};
    const auto database = open_sqlite_catalog(config).value();
    const auto work = [&] {
        while (true) {
            const BlobKey blob = ids.next<BlobKey>();
            const Job job = job_of(ids, blob, clock.now());
            if (!database->ledger().reserve(std::array{blob}, clock.now() + std::chrono::hours{1}) ||
                !database->catalog().create_job(job) ||
                ::write(answers, job.id.uuid.bytes.data(), job.id.uuid.bytes.size()) != 16) {
                ::_exit(1);
            }
        }
    };
    std::thread other(work);
    work();
    ::_exit(0);
}

TEST_F(SqliteTrouble, KilledInTheMiddleOfWritingLosesNothingAnswered) {
    database_.reset();
    config_.vfs.clear();
    for (int round = 0; round < 5; ++round) {
        std::array<int, 2> pipe_ends{};
        ASSERT_EQ(::pipe(pipe_ends.data()), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(pipe_ends[0]);
            create_for_ever(config_, pipe_ends[1]);
        }
        ::close(pipe_ends[1]);
        std::vector<JobId> answered;
        const auto read_one = [&] {
            JobId id;
            if (::read(pipe_ends[0], id.uuid.bytes.data(), 16) != 16) return false;
            answered.push_back(id);
            return true;
        };
        for (int i = 0; i < 20 + round * 7; ++i) ASSERT_TRUE(read_one());
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));
        while (read_one()) continue;
        ::close(pipe_ends[0]);

        const auto reopened = open_sqlite_catalog(config_);
        ASSERT_TRUE(reopened) << reopened.error().log_text;
        for (const JobId id : answered) {
            const auto job = (*reopened)->catalog().find_job(default_account(), id);
            ASSERT_TRUE(job);
            EXPECT_EQ(job->image.variants.size(), 2U);
        }
        RawDatabase raw(config_.path);
        EXPECT_EQ(raw.value("PRAGMA integrity_check"), "ok");
        EXPECT_TRUE(raw.column("PRAGMA foreign_key_check").empty());
        EXPECT_EQ(raw.value("SELECT count(*) FROM images"), raw.value("SELECT count(*) FROM jobs"));
        EXPECT_EQ(raw.value("SELECT count(*) FROM images"),
                  raw.value("SELECT count(*) FROM blobs WHERE state = 'live'"));
        EXPECT_EQ(raw.value("SELECT 2 * count(*) FROM images"), raw.value("SELECT count(*) FROM variants"));
        EXPECT_EQ(raw.value("SELECT value FROM totals"), raw.value("SELECT count(*) FROM jobs"));
    }
}

TEST_F(SqliteTrouble, WithoutDescriptorsTheConnectionsThatAreOpenAreUsed) {
    ReaderPool pool({.path = folder_.file()}, 2);
    const auto read = [&] { return pool.read([](Connection&) -> Status { return {}; }); };
    ASSERT_TRUE(pool.read([&](Connection&) { return read(); })) << "both are open";
    const NoDescriptors none;
    const Status broken = pool.read(
        [](Connection& connection) { return connection.script("ATTACH '/nowhere/other.db' AS other"); });
    expect_error(broken, ErrorCode::unavailable);
    const NoDescriptors also_none_of_its_own;  // which were closed with it
    EXPECT_TRUE(read());
    const Status outer = pool.read([&](Connection&) -> Status {
        expect_error(read(), ErrorCode::unavailable);
        return {};
    });
    EXPECT_TRUE(outer);
    EXPECT_TRUE(read());
}

}  // namespace
}  // namespace safelight::sqlite
