// The decorators behave as the store that they wrap, and do what they are for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/faulty_store.h"
#include "blobs/memory/memory_store.h"
#include "blobs/metered_store.h"

namespace safelight {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class MeteredFixture final : public BlobStoreFixture {
  public:
    BlobStore& store() override { return *store_; }
    BlobStore& second_store() override { return *store_; }
    bool place_foreign(const std::string&) override { return false; }

  private:
    SystemClock clock_;
    telemetry::Metrics metrics_;
    std::unique_ptr<BlobStore> store_ = make_metered_store(make_memory_store(clock_), metrics_);
};

class FaultlessFixture final : public BlobStoreFixture {
  public:
    BlobStore& store() override { return *store_; }
    BlobStore& second_store() override { return *store_; }
    bool place_foreign(const std::string&) override { return false; }

  private:
    SystemClock clock_;
    FaultPlan plan_;
    std::unique_ptr<BlobStore> store_ = make_faulty_store(make_memory_store(clock_), plan_);
};

INSTANTIATE_TEST_SUITE_P(Decorators, BlobStoreConformance,
                         testing::Values(BlobStoreBackend{"metered", std::make_unique<MeteredFixture>},
                                         BlobStoreBackend{"without_faults",
                                                          std::make_unique<FaultlessFixture>}),
                         blob_store_backend_name);

class FaultyStoreTest : public testing::Test {
  protected:
    BlobKey new_key() { return keys_.next<BlobKey>(); }
    static Error error_of(ErrorCode code) { return {code, "planned", {}, {}}; }

    template <class T>
    static void expect_error(const Result<T>& result, ErrorCode code) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, code);
    }

    SystemClock clock_;
    IdGenerator keys_{clock_};
    FaultPlan plan_;
    std::unique_ptr<BlobStore> store_ = make_faulty_store(make_memory_store(clock_), plan_);
};

TEST_F(FaultyStoreTest, TheNthCallFailsAndNoOther) {
    plan_.fail(BlobOperation::create, 2, error_of(ErrorCode::unavailable));
    EXPECT_TRUE(put(*store_, new_key(), noise(1)));
    expect_error(put(*store_, new_key(), noise(1)), ErrorCode::unavailable);
    EXPECT_TRUE(put(*store_, new_key(), noise(1)));
    EXPECT_EQ(plan_.calls(BlobOperation::create), 3U);
}

TEST_F(FaultyStoreTest, EachOperationCanFail) {
    const BlobKey key = new_key();
    ASSERT_TRUE(put(*store_, key, noise(10)));
    for (const auto operation : {BlobOperation::create, BlobOperation::write, BlobOperation::commit}) {
        plan_.fail(operation, 1, error_of(ErrorCode::storage_full));
        expect_error(put(*store_, new_key(), noise(1)), ErrorCode::storage_full);
    }
    plan_.fail(BlobOperation::open, 1, error_of(ErrorCode::timeout));
    expect_error(store_->open(key), ErrorCode::timeout);
    plan_.fail(BlobOperation::read, 1, error_of(ErrorCode::unavailable));
    const auto source = store_->open(key);
    ASSERT_TRUE(source);
    expect_error(read_all(**source, 100), ErrorCode::unavailable);
    plan_.fail(BlobOperation::remove, 1, error_of(ErrorCode::unavailable));
    expect_error(store_->remove(key), ErrorCode::unavailable);
    plan_.fail(BlobOperation::list, 1, error_of(ErrorCode::unavailable));
    expect_error(store_->list([](const BlobEntry&) { return Status{}; }, [](const std::string&) {}),
                 ErrorCode::unavailable);
    plan_.fail(BlobOperation::check, 1, error_of(ErrorCode::unavailable));
    expect_error(store_->check(), ErrorCode::unavailable);

    EXPECT_EQ(listing_of(*store_).entries.size(), 1U) << "what failed had no effect";
}

TEST_F(FaultyStoreTest, AFailureMayComeAfterTheEffect) {
    const BlobKey key = new_key();
    plan_.fail(BlobOperation::commit, 1, error_of(ErrorCode::timeout), FaultMoment::after_effect);
    expect_error(put(*store_, key, noise(10)), ErrorCode::timeout);
    EXPECT_TRUE(store_->open(key));
}

TEST_F(FaultyStoreTest, FailuresLastUntilTheyAreCleared) {
    plan_.fail_always(BlobOperation::check, error_of(ErrorCode::unavailable));
    for (int i = 0; i < 3; ++i) expect_error(store_->check(), ErrorCode::unavailable);
    plan_.clear();
    EXPECT_TRUE(store_->check());
}

TEST_F(FaultyStoreTest, ReadsCanBeCorrupted) {
    const BlobKey key = new_key();
    const auto bytes = noise(10);
    ASSERT_TRUE(put(*store_, key, bytes));
    plan_.corrupt_reads();
    const auto source = store_->open(key);
    ASSERT_TRUE(source);
    const auto read = read_all(**source, 100);
    ASSERT_TRUE(read);
    EXPECT_NE(*read, bytes);
    EXPECT_EQ(read->size(), bytes.size());
}

TEST_F(FaultyStoreTest, AHookCanHoldACall) {
    const BlobKey key = new_key();
    std::latch reached(1);
    std::latch released(1);
    plan_.before([&](BlobOperation operation, BlobKey called_for) {
        if (operation != BlobOperation::commit) return;
        EXPECT_EQ(called_for, key);
        reached.count_down();
        released.wait();
    });
    std::jthread writer([&] { EXPECT_TRUE(put(*store_, key, noise(10))); });
    reached.wait();
    EXPECT_FALSE(store_->open(key));
    released.count_down();
    writer.join();
    EXPECT_TRUE(store_->open(key));
}

TEST(MeteredStore, CallsAreCountedWithTheirResults) {
    const SystemClock clock;
    IdGenerator keys(clock);
    telemetry::Metrics metrics;
    FaultPlan plan;
    const auto store = make_metered_store(make_faulty_store(make_memory_store(clock), plan), metrics);
    const BlobKey key = keys.next<BlobKey>();
    ASSERT_TRUE(put(*store, key, noise(10)));
    EXPECT_FALSE(store->open(keys.next<BlobKey>()));
    {
        const auto source = store->open(key);
        ASSERT_TRUE(source && read_all(**source, 100) && read_all(**source, 100));
    }
    plan.fail(BlobOperation::write, 1, {ErrorCode::storage_full, "planned", {}, {}});
    EXPECT_FALSE(put(*store, keys.next<BlobKey>(), noise(10)));
    EXPECT_TRUE(store->remove(key));
    EXPECT_THAT(listing_of(*store).entries, IsEmpty());
    EXPECT_TRUE(store->check());
    const BlobKey keys_to_go[] = {key, keys.next<BlobKey>()};
    EXPECT_EQ(store->remove_many(keys_to_go).size(), 2U);
    plan.fail(BlobOperation::remove, 2, {ErrorCode::unavailable, "planned", {}, {}});
    EXPECT_EQ(store->remove_many(keys_to_go).size(), 2U);

    const std::string text = metrics.expose();
    for (const char* const line :
         {R"({operation="create",result="ok"} 2)", R"({operation="write",result="ok"} 1)",
          R"({operation="write",result="storage_full"} 1)", R"({operation="commit",result="ok"} 1)",
          R"({operation="open",result="ok"} 1)", R"({operation="open",result="not_found"} 1)",
          R"({operation="read",result="ok"} 1)", R"({operation="remove",result="ok"} 1)",
          R"({operation="remove_many",result="ok"} 1)", R"({operation="remove_many",result="unavailable"} 1)",
          R"({operation="list",result="ok"} 1)", R"({operation="check",result="ok"} 1)"}) {
        EXPECT_THAT(text, HasSubstr("safelight_blob_operations_total" + std::string(line)));
    }
    EXPECT_THAT(text, HasSubstr(R"(safelight_blob_operation_seconds_count{operation="commit"} 1)"));
}

TEST(MeteredStore, AWriterThatWasNeverWrittenToIsNoWrite) {
    const SystemClock clock;
    telemetry::Metrics metrics;
    const auto store = make_metered_store(make_memory_store(clock), metrics);
    EXPECT_TRUE(store->create(IdGenerator(clock).next<BlobKey>()));
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("\"write\"")));
}

}  // namespace
}  // namespace safelight
