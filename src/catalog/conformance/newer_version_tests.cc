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

}  // namespace

NewerRerenderConformance::NewerRerenderConformance() {
    must(make_ready(2));
    must(insert_rerender("a", std::string(newer_transform)));
}

void NewerRerenderConformance::add(std::string_view transform) {
    const std::string number = std::to_string(++added_);
    const std::string name = "v" + number;
    const std::string blob = under_test_->id("ff" + std::string(30 - number.size(), '0') + number);
    must("INSERT INTO blobs VALUES (" + blob + ", 'live', 0)");
    must(
        "INSERT INTO variants (image_id, name, position, transform, updated_at, status, blob, format,"
        " width_px, height_px, size_bytes, sha256) SELECT image_id, '" +
        name + "', " + number + ", '{}', updated_at, status, " + blob +
        ", format, width_px, height_px, size_bytes, sha256 FROM variants WHERE name = 'a'");
    must(insert_rerender(name, std::string(transform)));
    must("UPDATE rerenders SET due_at = 1 + " + number + " WHERE name = '" + name + "'");
}

namespace {

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
    [[nodiscard]] JobId id() const { return id_; }

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

TEST_P(SchemaConformance, WhatIsPutOffIsOtherwiseAsItWas) {
    OneJob job(*under_test_);
    ASSERT_TRUE(job.claim(start));  // as if this were the newer program
    must(set_transform(newer_transform));
    const std::string columns =
        "SELECT attempts || ' ' || tries || ' ' || lease_until || ' ' || updated_at || ' ' || lane FROM jobs";
    const std::string before = value(columns);
    const Job shown = job.find();
    EXPECT_FALSE(job.claim(start + lease)) << "the lease has run out";
    EXPECT_EQ(value(columns), before);
    EXPECT_EQ(job.find(), shown);
    EXPECT_EQ(job.claimable(start + lease), 0U);
    EXPECT_EQ(job.claimable(start + lease * 2), 1U);
}

TEST_P(SchemaConformance, WhoseLeaseRanOutFinishesWhatWasPutOffSince) {
    OneJob job(*under_test_);
    const auto claim = job.claim(start);
    ASSERT_TRUE(claim);
    must(set_transform(newer_transform));
    EXPECT_FALSE(job.claim(start + lease));
    JobClaims& claims = job.database().claims();
    EXPECT_TRUE(claims.renew(job.id(), claim->attempt, lease, start + lease * 2));
    EXPECT_EQ(job.claimable(start + lease * 2), 0U);
    EXPECT_FALSE(job.claim(start + lease * 3));
    VariantOutcome outcome{.name = "a", .content = {}, .error = VariantError{}};
    outcome.error->code = ErrorCode::unsupported_transform;
    const auto completion = claims.complete(job.id(), claim->attempt, std::array{outcome}, start + lease * 3);
    ASSERT_TRUE(completion) << completion.error().log_text;
    EXPECT_EQ(completion->status, JobStatus::failed);
    EXPECT_EQ(value("SELECT count(*) FROM jobs WHERE lease_until IS NULL AND tries = 0"), "1");
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

TEST_P(NewerRerenderConformance, IsLeftToItAndInNobodysWay) {
    add(R"({"quality":50})");
    const auto other = take(start);
    ASSERT_TRUE(other) << "it comes first, and costs the other no look";
    EXPECT_EQ(other->name, "v1");
    EXPECT_EQ(value("SELECT state FROM rerenders WHERE name = 'a'"), "waiting");
    EXPECT_EQ(value("SELECT tries FROM rerenders WHERE name = 'a'"), "0");
    EXPECT_FALSE(rerenders().claim(lease, start).value().may_be_more) << "put off";

    must(R"(UPDATE rerenders SET transform = '{"quality":40}' WHERE name = 'a')");
    EXPECT_FALSE(take(start));
    const auto known = take(start + lease);
    ASSERT_TRUE(known);
    EXPECT_EQ(known->name, "a");
    EXPECT_EQ(known->tries, 1U);
}

TEST_P(NewerRerenderConformance, OfAPictureInItsFormatIsLeftToItAsWell) {
    must(R"(UPDATE rerenders SET transform = '{"quality":40}')");
    must("UPDATE images SET format = 'hologram'");
    EXPECT_FALSE(take(start));
    must("UPDATE images SET format = 'jpeg'");
    EXPECT_FALSE(take(start));
    EXPECT_TRUE(take(start + lease));
}

TEST_P(NewerRerenderConformance, OneCallPutsOffSoManyAndSaysThatThereMayBeMore) {
    for (std::uint32_t i = 1; i < rerenders_put_off_max; ++i) add(newer_transform);
    add(R"({"quality":50})");
    const RerenderSearch first = rerenders().claim(lease, start).value();
    EXPECT_FALSE(first.claim);
    EXPECT_TRUE(first.may_be_more);
    const RerenderSearch second = rerenders().claim(lease, start).value();
    ASSERT_TRUE(second.claim);
    EXPECT_EQ(second.claim->name, "v" + std::to_string(rerenders_put_off_max));
    const RerenderSearch third = rerenders().claim(lease, start).value();
    EXPECT_FALSE(third.claim);
    EXPECT_FALSE(third.may_be_more);
}

TEST_P(NewerRerenderConformance, PutOffIsStillWhoseLeaseRanOut) {
    must(R"(UPDATE rerenders SET transform = '{"quality":40}')");
    const auto held = take(start);  // as if this were the newer program
    ASSERT_TRUE(held);
    must("UPDATE rerenders SET transform = '" + std::string(newer_transform) + "'");
    EXPECT_FALSE(take(start + lease));
    EXPECT_EQ(value("SELECT tries FROM rerenders"), "1");
    const RerenderId id{.image_id = held->image.id, .name = held->name, .token = held->token};
    EXPECT_TRUE(rerenders().renew(id, lease, start + lease * 2));
    EXPECT_FALSE(take(start + lease * 3));
    EXPECT_TRUE(rerenders().release(id, start + lease * 4, true));
}

}  // namespace
}  // namespace safelight
