// What is known of an image beside its container: EXIF, look, focal point; and who looks like whom.
#include <gtest/gtest.h>

#include <array>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {
namespace {

/// Distance and id of each.
using Found = std::vector<std::pair<std::uint32_t, ImageId>>;

Found similar(Catalog& catalog, const SimilarQuery& query) {
    const auto found = catalog.similar_images(query);
    EXPECT_TRUE(found);
    Found brief;
    if (!found) return brief;
    for (const auto& [image, distance] : *found) brief.emplace_back(distance, image.id);
    return brief;
}

TEST_P(CatalogConformance, ExifAndFocalPointComeBackAsTheyWere) {
    Job job = draft({"thumbnail"});
    job.image.facts.exif = {.camera_make = "Fälschung",
                            .camera_model = "X 100",
                            .taken_at = "2024-05-31T12:00:00+02:00",
                            .artist = "Ute \"U\" Sommer",
                            .copyright = "© Ute",
                            .position = GpsPosition{-12.345678901, 179.25}};
    job.image.focal_point = FocalPoint{0.3, 1};
    SAFELIGHT_ASSERT_OK(catalog().create_job(job));
    const Image stored = find(job.id).image;
    EXPECT_EQ(stored.facts, job.image.facts);
    EXPECT_EQ(stored.focal_point, job.image.focal_point);
    EXPECT_EQ(claim(job.id).image, stored) << "the worker sees the same";
}

TEST_P(CatalogConformance, AnImageHasNoneOfThemByItself) {
    const Image image = create({}).image;
    EXPECT_EQ(image.facts.exif, ExifFacts{});
    EXPECT_FALSE(image.focal_point);
    EXPECT_FALSE(image.look);
    Job job = draft({});
    job.image.look = look_with(5);
    SAFELIGHT_ASSERT_OK(catalog().create_job(job));
    EXPECT_FALSE(find(job.id).image.look) << "only a render gives it a look";
}

TEST_P(CatalogConformance, TheLookComesWithACompletion) {
    for (const std::uint64_t dhash : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
        const Job job = seen(dhash);
        EXPECT_EQ(find(job.id).image.look, look_with(dhash));
        EXPECT_EQ(find(job.id).status, JobStatus::processed);
        const auto image = catalog().find_image(default_account(), job.image.id);
        SAFELIGHT_ASSERT_OK(image);
        EXPECT_EQ(image->look, look_with(dhash));
    }
    const auto listed = catalog().list_images({.owner = default_account()});
    SAFELIGHT_ASSERT_OK(listed);
    ASSERT_EQ(listed->items.size(), 3U);
    EXPECT_EQ(listed->items.back().look, look_with(0));
}

TEST_P(CatalogConformance, ACompletionWithoutALookKeepsTheOneThatIsThere) {
    const Job job = seen(7);
    SAFELIGHT_ASSERT_OK(
        catalog().add_variants(default_account(), job.id, std::array{request("more")}, now()));
    process(job.id, {"more"});
    EXPECT_EQ(find(job.id).image.look, look_with(7));
}

TEST_P(CatalogConformance, ALateWorkersLookIsFenced) {
    const Job job = create({"thumbnail"});
    const Claim first = claim(job.id);
    advance(lease + Milliseconds{1});
    const Claim second = claim(job.id);
    const std::array outcomes{made("thumbnail")};
    EXPECT_EQ(code_of(claims().complete(job.id, first.attempt, outcomes, look_with(1), now())),
              ErrorCode::fenced);
    EXPECT_FALSE(find(job.id).image.look);
    SAFELIGHT_ASSERT_OK(claims().complete(job.id, second.attempt, outcomes, look_with(2), now()));
    EXPECT_EQ(find(job.id).image.look, look_with(2));
}

TEST_P(CatalogConformance, AFailedCompletionNotesNothing) {
    const Job job = create({"thumbnail"});
    const Claim held = claim(job.id);
    const std::array outcomes{made("thumbnail")};
    SAFELIGHT_ASSERT_OK(ledger().abandon(std::array{outcomes.front().content->blob}));
    EXPECT_EQ(code_of(claims().complete(job.id, held.attempt, outcomes, look_with(1), now())),
              ErrorCode::conflict);
    EXPECT_FALSE(find(job.id).image.look);
}

TEST_P(CatalogConformance, TheFocalPointCanBeSetAndTakenAway) {
    const Job job = create({"thumbnail"});
    const auto set = catalog().set_focal_point(default_account(), job.image.id, FocalPoint{0, 0.75}, now());
    SAFELIGHT_ASSERT_OK(set);
    EXPECT_EQ(set->image.focal_point, (FocalPoint{0, 0.75}));
    EXPECT_EQ(find(job.id).image, set->image);
    const auto taken = catalog().set_focal_point(default_account(), job.image.id, std::nullopt, now());
    SAFELIGHT_ASSERT_OK(taken);
    EXPECT_FALSE(taken->image.focal_point);
    EXPECT_EQ(find(job.id), job) << "nothing else changed";
}

TEST_P(CatalogConformance, NobodySetsAStrangersFocalPoint) {
    const Job job = create({"thumbnail"});
    EXPECT_EQ(code_of(catalog().set_focal_point(stranger_, job.image.id, FocalPoint{}, now())),
              ErrorCode::not_found);
    EXPECT_EQ(
        code_of(catalog().set_focal_point(default_account(), ids_.next<ImageId>(), FocalPoint{}, now())),
        ErrorCode::not_found);
    EXPECT_FALSE(find(job.id).image.focal_point);
}

TEST_P(CatalogConformance, SimilarImagesComeNearestFirstAndThenNewest) {
    const Job wanted = seen(0b1111);
    const Job near = seen(0b0111);
    const Job equal = seen(0b1111);
    const Job near_too = seen(0b1110);
    seen(~std::uint64_t{0});  // 60 bits away
    create({"thumbnail"});    // has no look
    seen(0b1111, stranger_);
    const SimilarQuery query{.owner = default_account(), .image = wanted.image.id};
    const Found expected{{0, equal.image.id}, {1, near_too.image.id}, {1, near.image.id}};
    EXPECT_EQ(similar(catalog(), query), expected);
    const auto found = catalog().similar_images(query);
    SAFELIGHT_ASSERT_OK(found);
    EXPECT_EQ(found->front().image, find(equal.id).image) << "with its variants";
}

TEST_P(CatalogConformance, SimilarImagesAreBoundedByDistanceAndNumber) {
    const Job wanted = seen(std::uint64_t{1} << 63);
    std::vector<Job> others;
    for (std::uint64_t bits = 0; bits < 12; ++bits)
        others.push_back(seen((std::uint64_t{1} << 63) | ((std::uint64_t{1} << bits) - 1)));
    SimilarQuery query{.owner = default_account(), .image = wanted.image.id};
    EXPECT_EQ(similar(catalog(), query).size(), 11U) << "0 to 10 bits";
    query.distance_max = 0;
    EXPECT_EQ(similar(catalog(), query), (Found{{0, others[0].image.id}}));
    query.distance_max = 64;
    EXPECT_EQ(similar(catalog(), query).size(), 12U);
    query.limit = 2;
    EXPECT_EQ(similar(catalog(), query), (Found{{0, others[0].image.id}, {1, others[1].image.id}}));
}

TEST_P(CatalogConformance, SimilarToWhatHasNoLookOrIsNotOnesOwn) {
    const Job unseen = create({"thumbnail"});
    EXPECT_EQ(code_of(catalog().similar_images({.owner = default_account(), .image = unseen.image.id})),
              ErrorCode::conflict);
    const Job theirs = seen(1, stranger_);
    EXPECT_EQ(code_of(catalog().similar_images({.owner = default_account(), .image = theirs.image.id})),
              ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().similar_images({.owner = default_account(), .image = ids_.next<ImageId>()})),
              ErrorCode::not_found);
}

}  // namespace
}  // namespace safelight
