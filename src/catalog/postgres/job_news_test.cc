// What is told to those who listen, and that they hear it again after a break.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "catalog/postgres/faces.h"
#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

class Ear final : public JobNewsListener {
  public:
    void on_claimable(const WaitingJob& job) override { note("claimable " + job.id.to_string()); }
    void on_changed(JobId id) override { note("changed " + id.to_string()); }
    void on_listening() override { note("listening"); }

    /// The next that comes; "nothing" when none does.
    std::string next() {
        std::unique_lock lock(mutex_);
        if (!heard_.wait_for(lock, std::chrono::seconds{60}, [&] { return next_ < all_.size(); }))
            return "nothing";
        return all_[next_++];
    }

  private:
    void note(std::string news) {
        const std::lock_guard lock(mutex_);
        all_.push_back(std::move(news));
        heard_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable heard_;
    std::vector<std::string> all_;
    std::size_t next_ = 0;
};

class PostgresNewsTest : public testing::Test {
  protected:
    PostgresNewsTest()
        : database_(migrate_and_open_postgres_catalog(schema_.config(), clock_).value()),
          other_process_(open_postgres_catalog(schema_.config()).value()) {
        news_ = other_process_->listen(ear_).value();
    }

    JobId create() {
        const BlobKey blob = ids_.next<BlobKey>();
        EXPECT_TRUE(database_->ledger().reserve(std::array{blob}, now() + std::chrono::hours{1}));
        const auto created = database_->catalog().create_job(job_of(ids_, blob, now()));
        EXPECT_TRUE(created);
        return created->id;
    }
    std::uint32_t claim(JobId id) {
        const auto claim = database_->claims().claim(id, Milliseconds{60'000}, now()).value();
        if (!claim) throw std::runtime_error("the job could not be claimed");
        return claim->attempt;
    }
    Timestamp now() const { return clock_.now(); }
    static VariantOutcome failed(const std::string& name) {
        return {
            .name = name, .content = {}, .error = VariantError{ErrorCode::invalid_image, "It is broken."}};
    }

    SystemClock clock_;
    IdGenerator ids_{clock_};
    TestSchema schema_;
    std::unique_ptr<CatalogDatabase> database_;
    std::unique_ptr<CatalogDatabase> other_process_;
    Ear ear_;
    std::unique_ptr<JobNews> news_;
};

TEST_F(PostgresNewsTest, TheLifeOfAJobIsTold) {
    EXPECT_EQ(ear_.next(), "listening");
    EXPECT_TRUE(news_->is_listening());
    const JobId id = create();
    EXPECT_EQ(ear_.next(), "claimable " + id.to_string());
    // Taking it and going on with it is nobody's business.
    std::uint32_t attempt = claim(id);
    ASSERT_TRUE(database_->claims().renew(id, attempt, Milliseconds{60'000}, now()));
    ASSERT_TRUE(database_->claims().complete(id, attempt, std::array{failed("a")}, now()));
    EXPECT_EQ(ear_.next(), "claimable " + id.to_string()) << "one variant is left";
    attempt = claim(id);
    ASSERT_TRUE(database_->claims().complete(id, attempt, std::array{failed("b")}, now()));
    EXPECT_EQ(ear_.next(), "changed " + id.to_string());
    const std::array more{VariantRequest{.name = "c", .transform = {}}};
    ASSERT_TRUE(database_->catalog().add_variants(default_account(), id, more, now()));
    EXPECT_EQ(ear_.next(), "claimable " + id.to_string());
    ASSERT_TRUE(database_->catalog().delete_job(default_account(), id, now()));
    EXPECT_EQ(ear_.next(), "changed " + id.to_string());
}

TEST_F(PostgresNewsTest, WhatIsNotDueYetIsNotTold) {
    EXPECT_EQ(ear_.next(), "listening");
    const JobId id = create();
    EXPECT_EQ(ear_.next(), "claimable " + id.to_string());
    ASSERT_TRUE(database_->claims().release(id, claim(id), now() + Milliseconds{60'000}, true, now()));
    const JobId other = create();
    EXPECT_EQ(ear_.next(), "claimable " + other.to_string());
    ASSERT_TRUE(database_->claims().release(other, claim(other), now(), false, now()));
    EXPECT_EQ(ear_.next(), "claimable " + other.to_string()) << "given back at once";
    const std::array more{VariantRequest{.name = "c", .transform = {}}};
    ASSERT_TRUE(database_->catalog().add_variants(default_account(), id, more, now() - Milliseconds{10}));
    EXPECT_EQ(ear_.next(), "claimable " + id.to_string()) << "due at once again";
}

TEST_F(PostgresNewsTest, WhatFailedIsNotTold) {
    EXPECT_EQ(ear_.next(), "listening");
    EXPECT_FALSE(database_->catalog().create_job(job_of(ids_, ids_.next<BlobKey>(), now())))
        << "its blob was not reserved";
    EXPECT_FALSE(database_->catalog().delete_job(default_account(), ids_.next<JobId>(), now()));
    const JobId id = create();
    EXPECT_EQ(ear_.next(), "claimable " + id.to_string());
    EXPECT_FALSE(database_->claims().complete(id, claim(id) + 1, std::array{failed("a")}, {}, now()));
    ASSERT_TRUE(database_->catalog().delete_image(
        default_account(), database_->catalog().find_job(default_account(), id)->image.id, now()));
    EXPECT_EQ(ear_.next(), "changed " + id.to_string());
}

TEST_F(PostgresNewsTest, WhatAProcessDidItselfItIsNotTold) {
    EXPECT_EQ(ear_.next(), "listening");
    Ear own_ear;
    const auto own_news = database_->listen(own_ear).value();
    EXPECT_EQ(own_ear.next(), "listening");
    const JobId id = create();
    EXPECT_EQ(ear_.next(), "claimable " + id.to_string());
    ASSERT_TRUE(other_process_->catalog().delete_job(default_account(), id, now()));
    EXPECT_EQ(own_ear.next(), "changed " + id.to_string()) << "and not that it was created";
}

TEST_F(PostgresNewsTest, ManyAtOnceAreAllTold) {
    EXPECT_EQ(ear_.next(), "listening");
    std::set<std::string> expected;
    for (int i = 0; i < 400; ++i) expected.insert("claimable " + create().to_string());
    std::set<std::string> heard;
    while (heard.size() < expected.size()) heard.insert(ear_.next());
    EXPECT_EQ(heard, expected);
}

TEST_F(PostgresNewsTest, WhatCouldNotBeToldAtOnceIsToldLater) {
    EXPECT_EQ(ear_.next(), "listening");
    RawDatabase raw(test_server_url());
    const JobId first = create();
    EXPECT_EQ(ear_.next(), "claimable " + first.to_string());
    ASSERT_EQ(
        raw.value("SELECT pg_terminate_backend(pid, 10000) " + schema_.ours("query LIKE '%pg_notify%'")),
        "t");
    const JobId second = create();
    EXPECT_EQ(ear_.next(), "claimable " + second.to_string());
}

TEST_F(PostgresNewsTest, WhatWaitsIsToldBeforeTheEnd) {
    EXPECT_EQ(ear_.next(), "listening");
    const JobId id = create();
    database_.reset();
    EXPECT_EQ(ear_.next(), "claimable " + id.to_string());
}

TEST_F(PostgresNewsTest, AnotherSchemaIsNotHeard) {
    EXPECT_EQ(ear_.next(), "listening");
    const TestSchema other_schema;
    const auto other = migrate_and_open_postgres_catalog(other_schema.config(), clock_).value();
    const BlobKey blob = ids_.next<BlobKey>();
    ASSERT_TRUE(other->ledger().reserve(std::array{blob}, now() + std::chrono::hours{1}));
    ASSERT_TRUE(other->catalog().create_job(job_of(ids_, blob, now())));
    const JobId id = create();
    EXPECT_EQ(ear_.next(), "claimable " + id.to_string());
}

TEST_F(PostgresNewsTest, ItIsHeardAgainAfterABreak) {
    EXPECT_EQ(ear_.next(), "listening");
    RawDatabase raw(test_server_url());
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(raw.value("SELECT pg_terminate_backend(pid) " + schema_.ours("query LIKE 'LISTEN%'")), "t");
        EXPECT_EQ(ear_.next(), "listening");
        const JobId id = create();
        EXPECT_EQ(ear_.next(), "claimable " + id.to_string());
    }
}

TEST_F(PostgresNewsTest, ItEndsAtOnceWhateverItIsDoing) {
    EXPECT_EQ(ear_.next(), "listening");
    const auto before = std::chrono::steady_clock::now();
    news_.reset();
    ConnectionOptions nowhere;
    nowhere.url = "postgresql://127.0.0.1:1/none";
    auto deaf = make_job_news(nowhere, "", ear_).value();
    EXPECT_FALSE(deaf->is_listening());
    deaf.reset();
    auto mute = std::make_unique<NewsSender>(nowhere, "n");
    mute->changed(ids_.next<JobId>());
    mute.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{5});
}

}  // namespace
}  // namespace safelight::postgres
