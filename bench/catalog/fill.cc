#include "bench/catalog/fill.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/random.h"

namespace safelight::bench {
namespace {

constexpr std::size_t owner_count = 8;
constexpr std::size_t callers = 64;

Look any_look() {
    std::array<std::uint8_t, 8> bytes{};
    fill_random(bytes);
    Look look{
        .dominant = white, .palette = {white}, .thumbhash = std::vector<std::byte>(21), .blurhash = "00HetT"};
    for (const std::uint8_t byte : bytes) look.dhash = look.dhash << 8 | byte;
    return look;
}

}  // namespace

void give_up(const Error& error) {
    fmt::print(stderr, "{} {}\n", error.public_text, error.log_text);
    std::exit(1);
}

std::vector<AccountId> owners() {
    std::vector<AccountId> all;
    for (std::size_t i = 0; i < owner_count; ++i) {
        AccountId owner = default_account();
        owner.uuid.bytes.back() = static_cast<std::uint8_t>(i);
        all.push_back(owner);
    }
    return all;
}

Job draft(IdGenerator& ids, AccountId owner, BlobKey blob, Timestamp now) {
    Job job;
    job.image.id = ids.next<ImageId>();
    job.id = ids.next<JobId>();
    job.owner = owner;
    job.metadata_json = R"({"album":"7"})";
    job.updated_at = now;
    job.image.filename = "photo.jpg";
    job.image.blob = blob;
    job.image.size_bytes = 699'290;
    job.image.facts.width_px = 1'448;
    job.image.facts.height_px = 1'448;
    job.image.variants.resize(1);
    job.image.variants[0].name = "thumbnail";
    job.image.variants[0].transform.resize = Resize{.width_px = 100, .height_px = 100};
    return job;
}

Claim take(CatalogDatabase& database, JobId id, Timestamp now) {
    auto claim = value_of(database.claims().claim(id, Milliseconds{30'000}, now));
    if (!claim) give_up({ErrorCode::internal, "A job that is free could not be claimed.", {}, {}});
    return *std::move(claim);
}

VariantOutcome outcome_of(CatalogDatabase& database, IdGenerator& ids, bool well, Timestamp now) {
    VariantOutcome outcome{.name = "thumbnail", .content = {}, .error = {}};
    if (!well) {
        outcome.error = VariantError{ErrorCode::invalid_image, "The picture is broken."};
        return outcome;
    }
    const std::array blob{ids.next<BlobKey>()};
    value_of(database.ledger().reserve(blob, now + std::chrono::hours{1}));
    VariantContent content;
    content.blob = blob.front();
    content.width_px = 100;
    content.height_px = 100;
    content.size_bytes = 4'000;
    outcome.content = content;
    return outcome;
}

void complete(CatalogDatabase& database, const Claim& claim, const VariantOutcome& outcome, Timestamp now) {
    const std::array outcomes{outcome};
    value_of(database.claims().complete(claim.job_id, claim.attempt, outcomes, any_look(), now));
}

void finish(CatalogDatabase& database, IdGenerator& ids, JobId id, bool well, Timestamp now) {
    const Claim claim = take(database, id, now);
    complete(database, claim, outcome_of(database, ids, well, now), now);
}

Filling fill(CatalogDatabase& database, std::size_t jobs) {
    const SystemClock clock;
    IdGenerator ids(clock);
    Filling filling{.owners = owners(), .oldest = clock.now(), .newest = {}};
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t n = next++; n < jobs; n = next++) {
            const AccountId owner = filling.owners[n % 2 == 0 ? 0 : 1 + n / 2 % (owner_count - 1)];
            const std::array blob{ids.next<BlobKey>()};
            value_of(database.ledger().reserve(blob, clock.now() + std::chrono::hours{1}));
            const Job job =
                value_of(database.catalog().create_job(draft(ids, owner, blob.front(), clock.now())));
            if (n % 100 >= 3) finish(database, ids, job.id, n % 100 >= 8, clock.now());
        }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < callers; ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    filling.newest = clock.now();
    return filling;
}

}  // namespace safelight::bench
