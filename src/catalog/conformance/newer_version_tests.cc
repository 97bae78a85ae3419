// What a newer version of the program has written is shown as far as it is understood, and left to it.
#include <algorithm>
#include <array>
#include <optional>

#include "catalog/conformance/schema_suite.h"

namespace safelight {
namespace {

constexpr Milliseconds lease{1'000};
constexpr Timestamp start{Milliseconds{1'795'000'000'000}};
constexpr std::string_view newer_transform = R"({"hologram":{"depth":7}})";

template <class AnyId>
AnyId id_of(std::uint8_t value) {
    AnyId id;
    id.uuid.bytes.fill(value);
    return id;
}

/// The suite's one job, as programs see it.
class OneJob {
  public:
    explicit OneJob(SchemaUnderTest& under_test) : database_(under_test.open().value()) {}

    [[nodiscard]] Job find() { return database_->catalog().find_job(owner_, id_).value(); }
    [[nodiscard]] Variant variant(const std::string& name) {
        const Job job = find();
        return *std::ranges::find(job.image.variants, name, &Variant::name);
    }
    [[nodiscard]] std::optional<Claim> claim(Timestamp now) {
        return database_->claims().claim(id_, lease, now).value();
    }
    [[nodiscard]] std::size_t claimable(Timestamp now) {
        return database_->claims().claimable(9, now).value().size();
    }
    [[nodiscard]] Result<Job> add(const std::string& name, const Transform& transform) {
        return database_->catalog().add_variants(owner_, id_, std::array{VariantRequest{name, transform}},
                                                 start);
    }
    [[nodiscard]] CatalogDatabase& database() { return *database_; }
    [[nodiscard]] AccountId owner() const { return owner_; }

  private:
    const std::unique_ptr<CatalogDatabase> database_;
    const AccountId owner_ = id_of<AccountId>(9);
    const JobId id_ = id_of<JobId>(4);
};

std::string set_transform(std::string_view transform) {
    return "UPDATE variants SET transform = '" + std::string(transform) + "' WHERE name = 'a'";
}

TEST_P(SchemaConformance, ATransformOfANewerVersionIsShownAsItStands) {
    must(set_transform(newer_transform));
    must(insert_variant(3, "b", 1));
    OneJob job(*under_test_);
    EXPECT_EQ(job.variant("a").unknown_transform, newer_transform);
    EXPECT_EQ(job.variant("a").status, VariantStatus::pending);
    EXPECT_EQ(job.variant("b").unknown_transform, std::nullopt);
    const auto page = job.database().catalog().list_jobs({.owner = job.owner(), .limit = 9});
    ASSERT_TRUE(page) << page.error().log_text;
    EXPECT_EQ(page->items.front().image.variants.front().unknown_transform, newer_transform);
    EXPECT_TRUE(job.database().catalog().list_images({.owner = job.owner(), .limit = 9}));
}

TEST_P(SchemaConformance, WhatIsNoTransformOfAnyVersionIsDamage) {
    must(set_transform("hologram(7)"));
    OneJob job(*under_test_);
    EXPECT_EQ(job.database().catalog().find_job(job.owner(), id_of<JobId>(4)).error().code,
              ErrorCode::internal);
}

TEST_P(SchemaConformance, WorkOfANewerVersionIsLeftToItAndInNobodysWay) {
    must(set_transform(newer_transform));
    OneJob job(*under_test_);
    EXPECT_EQ(job.claimable(start), 1U);
    EXPECT_FALSE(job.claim(start));
    EXPECT_EQ(job.claimable(start), 0U) << "put off";
    EXPECT_EQ(job.find().attempts, 0U) << "not claimed";
    EXPECT_EQ(value("SELECT tries FROM jobs"), "0");
    EXPECT_FALSE(job.claim(start + lease)) << "as often as one likes";
    EXPECT_EQ(job.find().status, JobStatus::processing);

    must(set_transform("{}"));  // as if this were the newer program
    const auto claim = job.claim(start + lease * 2);
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->attempt, 1U);
    EXPECT_EQ(claim->tries, 1U);
}

TEST_P(SchemaConformance, WhatANewerVersionHasMadeHoldsUpNoOtherVariant) {
    must(make_ready(2));
    must(set_transform(newer_transform));
    must("UPDATE variants SET format = 'hologram'");
    OneJob job(*under_test_);
    const Variant made = job.variant("a");
    EXPECT_EQ(made.status, VariantStatus::ready);
    ASSERT_TRUE(made.content);
    EXPECT_EQ(known_format(*made.content), std::nullopt);

    EXPECT_EQ(job.add("a", {}).error().code, ErrorCode::conflict) << "the name means something else";
    ASSERT_TRUE(job.add("b", {}));
    const auto claim = job.claim(start);
    ASSERT_TRUE(claim);
    ASSERT_EQ(claim->pending.size(), 1U);
    EXPECT_EQ(claim->pending.front().name, "b");
}

TEST_P(SchemaConformance, AnImageInAFormatOfANewerVersionIsShownAndWaits) {
    must("UPDATE images SET format = 'hologram'");
    OneJob job(*under_test_);
    EXPECT_EQ(known_format(job.find().image), std::nullopt);
    EXPECT_FALSE(job.claim(start));
    EXPECT_EQ(job.find().status, JobStatus::processing);
    must("UPDATE images SET format = 'jpeg'");
    EXPECT_EQ(known_format(job.find().image), Format::jpeg);
    EXPECT_TRUE(job.claim(start + lease));
}

TEST_P(SchemaConformance, ARerenderOfANewerVersionIsLeftToItAndInNobodysWay) {
    must(make_ready(2));
    must("INSERT INTO blobs VALUES (" + id(5) + ", 'live', 0)");
    must(insert_variant(3, "b", 1));
    must(make_ready(5) + " WHERE name = 'b'");
    must(insert_rerender("a", std::string(newer_transform)));
    must(insert_rerender("b", R"({"quality":50})"));
    OneJob job(*under_test_);
    Rerenders& rerenders = job.database().rerenders();
    const auto claim = [&](Timestamp now) { return rerenders.claim(lease, now).value(); };
    EXPECT_FALSE(claim(start));
    const auto other = claim(start);
    ASSERT_TRUE(other);
    EXPECT_EQ(other->name, "b");
    EXPECT_EQ(value("SELECT state FROM rerenders WHERE name = 'a'"), "waiting");
    EXPECT_EQ(value("SELECT tries FROM rerenders WHERE name = 'a'"), "0");

    must(R"(UPDATE rerenders SET transform = '{"quality":40}' WHERE name = 'a')");
    EXPECT_FALSE(claim(start));
    EXPECT_EQ(claim(start + lease)->name, "a");
}

}  // namespace
}  // namespace safelight
