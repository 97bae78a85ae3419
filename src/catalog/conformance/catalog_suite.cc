#include "catalog/conformance/catalog_suite.h"

#include <array>
#include <stdexcept>

namespace safelight {
namespace {

/// For helpers that have to return something: a failure ends the test with the error's text.
template <class T>
T value_of(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().public_text + " / " + result.error().log_text);
    return std::move(*result);
}

void must(const Status& status) {
    if (!status) throw std::runtime_error(status.error().public_text + " / " + status.error().log_text);
}

}  // namespace

CatalogConformance::CatalogConformance() : under_test_(GetParam().make()) {}

BlobKey CatalogConformance::reserve() {
    const std::array keys{ids_.next<BlobKey>()};
    must(ledger().reserve(keys, now() + std::chrono::hours{1}));
    return keys.front();
}

Transform CatalogConformance::transform(std::uint32_t side_px) {
    return Transform{
        .resize = Resize{.width_px = side_px, .height_px = side_px}, .format = {}, .quality = {}};
}

VariantRequest CatalogConformance::request(const std::string& name, std::uint32_t side_px) {
    return {.name = name, .transform = transform(side_px)};
}

Job CatalogConformance::draft(const std::vector<std::string>& variants, AccountId owner) {
    Job job;
    job.image.id = ids_.next<ImageId>();
    job.id = ids_.next<JobId>();
    job.owner = owner;
    job.metadata_json = R"({"album":"7"})";
    job.created_at = now();
    job.updated_at = now();
    job.image.owner = owner;
    job.image.filename = "cät.jpg";
    job.image.blob = reserve();
    job.image.size_bytes = 699'290;
    job.image.sha256.bytes.fill(std::byte{0xab});
    job.image.facts = {.format = Format::webp,
                       .width_px = 1'448,
                       .height_px = 900,
                       .frames = 3,
                       .has_alpha = true,
                       .colour_space = ColourSpace::cmyk,
                       .orientation = Orientation::turned_90};
    job.image.created_at = now();
    for (const std::string& name : variants) {
        Variant variant;
        variant.name = name;
        variant.transform = transform(100);
        variant.updated_at = now();
        job.image.variants.push_back(std::move(variant));
    }
    return job;
}

Job CatalogConformance::create(const std::vector<std::string>& variants, AccountId owner) {
    return value_of(catalog().create_job(draft(variants, owner)));
}

Job CatalogConformance::find(JobId id, AccountId owner) {
    return value_of(catalog().find_job(owner, id));
}

Claim CatalogConformance::claim(JobId id) {
    auto claim = value_of(claims().claim(id, lease, now()));
    if (!claim) throw std::runtime_error("the job could not be claimed");
    return std::move(*claim);
}

VariantOutcome CatalogConformance::made(const std::string& name) {
    VariantOutcome outcome{.name = name, .content = VariantContent{}, .error = {}};
    outcome.content->blob = reserve();
    outcome.content->format = Format::png;
    outcome.content->width_px = 100;
    outcome.content->height_px = 62;
    outcome.content->size_bytes = 4'711;
    outcome.content->sha256.bytes.fill(std::byte{0x17});
    return outcome;
}

VariantOutcome CatalogConformance::failed(const std::string& name) {
    return {.name = name, .content = {}, .error = VariantError{ErrorCode::invalid_image, "It is broken."}};
}

Completion CatalogConformance::process(JobId id, const std::vector<std::string>& make,
                                       const std::vector<std::string>& fail) {
    const Claim held = claim(id);
    std::vector<VariantOutcome> outcomes;
    for (const std::string& name : make) outcomes.push_back(made(name));
    for (const std::string& name : fail) outcomes.push_back(failed(name));
    return value_of(claims().complete(id, held.attempt, outcomes, now()));
}

Look CatalogConformance::look_with(std::uint64_t dhash) {
    return {.dominant = {1, 2, 3},
            .palette = {{1, 2, 3}, {255, 0, 128}},
            .thumbhash = {std::byte{9}, std::byte{0}, std::byte{255}},
            .blurhash = "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
            .dhash = dhash};
}

Job CatalogConformance::seen(std::uint64_t dhash, AccountId owner) {
    const Job job = create({"thumbnail"}, owner);
    const Claim held = claim(job.id);
    const std::array outcomes{made("thumbnail")};
    value_of(claims().complete(job.id, held.attempt, outcomes, look_with(dhash), now()));
    advance(Milliseconds{1});
    return job;
}

std::optional<BlobState> CatalogConformance::state_of(BlobKey key) {
    const auto entry = value_of(ledger().find(key));
    if (!entry) return std::nullopt;
    return entry->state;
}

std::vector<JobId> CatalogConformance::claimable(std::uint32_t limit) {
    std::vector<JobId> ids;
    for (const WaitingJob& waiting : value_of(claims().claimable(limit, now()))) ids.push_back(waiting.id);
    return ids;
}

std::uint64_t CatalogConformance::backlog() {
    return value_of(claims().backlog());
}

}  // namespace safelight
