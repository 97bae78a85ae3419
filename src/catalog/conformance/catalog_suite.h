// What every catalog has to do, as tests that run over any backend:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, CatalogConformance, testing::Values(backend), backend_name);
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "catalog/catalog.h"

namespace safelight {

/// One database for one test, empty at first; gone when this is destroyed.
class CatalogUnderTest {
  public:
    virtual ~CatalogUnderTest() = default;
    [[nodiscard]] virtual CatalogDatabase& database() = 0;
    /// Another handle on the same database, as another process would have it.
    [[nodiscard]] virtual std::unique_ptr<CatalogDatabase> open_another() = 0;
};

struct CatalogBackend {
    std::string name;
    std::function<std::unique_ptr<CatalogUnderTest>()> make;
};

[[nodiscard]] inline std::string backend_name(const testing::TestParamInfo<CatalogBackend>& info) {
    return info.param.name;
}

inline void PrintTo(const CatalogBackend& backend, std::ostream* out) {
    *out << backend.name;
}

class CatalogConformance : public testing::TestWithParam<CatalogBackend> {
  protected:
    static constexpr Milliseconds lease{30'000};

    CatalogConformance();

    [[nodiscard]] Catalog& catalog() { return under_test_->database().catalog(); }
    [[nodiscard]] JobClaims& claims() { return under_test_->database().claims(); }
    [[nodiscard]] BlobLedger& ledger() { return under_test_->database().ledger(); }
    [[nodiscard]] CatalogUnderTest& under_test() { return *under_test_; }
    [[nodiscard]] Timestamp now() const { return clock_.now(); }
    void advance(Milliseconds by) { clock_.advance(by); }

    /// A key, noted as `writing` for an hour.
    [[nodiscard]] BlobKey reserve();
    /// A job that could be created; its blob is reserved.
    [[nodiscard]] Job draft(const std::vector<std::string>& variants, AccountId owner = default_account());
    /// A job that was created.
    Job create(const std::vector<std::string>& variants, AccountId owner = default_account());
    [[nodiscard]] Job find(JobId id, AccountId owner = default_account());
    [[nodiscard]] Claim claim(JobId id);
    /// An outcome with a blob that is reserved.
    [[nodiscard]] VariantOutcome made(const std::string& name);
    [[nodiscard]] static VariantOutcome failed(const std::string& name);
    /// Claims the job and makes, or fails, the variants named.
    Completion process(JobId id, const std::vector<std::string>& make,
                       const std::vector<std::string>& fail = {});
    /// A job that is finished, and whose image has a look; a later one's id is higher.
    Job seen(std::uint64_t dhash, AccountId owner = default_account());
    [[nodiscard]] static Look look_with(std::uint64_t dhash);
    [[nodiscard]] std::optional<BlobState> state_of(BlobKey key);
    /// Without their lanes.
    [[nodiscard]] std::vector<JobId> claimable(std::uint32_t limit = 100);
    [[nodiscard]] std::uint64_t backlog();

    [[nodiscard]] static Transform transform(std::uint32_t side_px);
    [[nodiscard]] static VariantRequest request(const std::string& name, std::uint32_t side_px = 100);

    ManualClock clock_{Timestamp{Milliseconds{1'795'000'000'000}}};
    IdGenerator ids_{clock_};
    const AccountId stranger_{ids_.next<AccountId>()};

  private:
    std::unique_ptr<CatalogUnderTest> under_test_;
};

/// The error's code; fails the test when there is none.
template <class T>
[[nodiscard]] ErrorCode code_of(const Result<T>& result) {
    EXPECT_FALSE(result.has_value()) << "an error was expected";
    return result ? ErrorCode::internal : result.error().code;
}

}  // namespace safelight

#define SAFELIGHT_ASSERT_OK(...)                                                                 \
    do {                                                                                         \
        const auto& outcome_of_call = (__VA_ARGS__);                                             \
        ASSERT_TRUE(outcome_of_call.has_value())                                                 \
            << outcome_of_call.error().public_text << " / " << outcome_of_call.error().log_text; \
    } while (false)
