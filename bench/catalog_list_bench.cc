// What a page of the job list costs with few and with many jobs, what finding similar images costs, what the
// hot calls cost, and what group commit brings.
//
//   catalog_list_bench FOLDER [JOBS]     (default: 1,000,000)
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "catalog/sqlite/sqlite_catalog.h"

namespace safelight {
namespace {

using Steady = std::chrono::steady_clock;

template <class T>
T value_of(Result<T> result) {
    if (!result) {
        fmt::print(stderr, "{} {}\n", result.error().public_text, result.error().log_text);
        std::exit(1);
    }
    return std::move(*result);
}

void must(const Status& status) {
    if (status) return;
    fmt::print(stderr, "{} {}\n", status.error().public_text, status.error().log_text);
    std::exit(1);
}

double seconds_since(Steady::time_point begin) {
    return std::chrono::duration<double>(Steady::now() - begin).count();
}

double cpu_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

class Bench {
  public:
    explicit Bench(const std::filesystem::path& file) {
        SqliteConfig config;
        config.path = file.string();
        database_ = value_of(migrate_and_open_sqlite_catalog(config, clock_));
    }

    Job create() {
        const std::array blob{ids_.next<BlobKey>()};
        must(database_->ledger().reserve(blob, deadline()));
        return value_of(database_->catalog().create_job(draft(blob.front())));
    }

    void finish(const Job& job) {
        const auto claim = value_of(database_->claims().claim(job.id, Milliseconds{30'000}, clock_.now()));
        const std::array blob{ids_.next<BlobKey>()};
        must(database_->ledger().reserve(blob, deadline()));
        const std::array outcomes{outcome(blob.front())};
        value_of(database_->claims().complete(job.id, claim->attempt, outcomes, any_look(), clock_.now()));
    }

    /// `count` jobs by many callers at once; every tenth stays in processing.
    void fill(std::size_t count) {
        std::atomic<std::size_t> next = 0;
        std::vector<std::thread> callers;
        for (int i = 0; i < 64; ++i) {
            callers.emplace_back([&] {
                for (std::size_t number = next++; number < count; number = next++) {
                    const Job job = create();
                    if (number % 10 != 0) finish(job);
                }
            });
        }
        for (std::thread& caller : callers) caller.join();
    }

    /// The median time of a page, in microseconds.
    double page_us(std::optional<JobStatus> status, std::optional<Uuid> after) {
        std::vector<double> times;
        for (int i = 0; i < 301; ++i) {
            const auto begin = Steady::now();
            const auto page = value_of(database_->catalog().list_jobs(
                {.owner = default_account(), .status = status, .after = after}));
            times.push_back(seconds_since(begin) * 1e6);
        }
        std::ranges::nth_element(times, times.begin() + 150);
        return times[150];
    }

    /// The id below which half of the jobs lie.
    Uuid middle(const Job& first, const Job& last) {
        return Uuid::lowest_at(first.created_at + (last.created_at - first.created_at) / 2);
    }

    void print_pages(std::size_t jobs, const Job& first, const Job& last) {
        const Uuid deep = middle(first, last);
        fmt::print(
            "{:>9} jobs  first page {:6.0f} µs  deep {:6.0f} µs | PROCESSED: first {:6.0f} µs  deep {:6.0f} "
            "µs\n",
            jobs, page_us({}, {}), page_us({}, deep), page_us(JobStatus::processed, {}),
            page_us(JobStatus::processed, deep));
    }

    /// The images that look like that of a finished job, of as many as were finished.
    void print_similar(const Job& job) {
        std::vector<double> times;
        std::size_t found = 0;
        for (int i = 0; i < 51; ++i) {
            const auto begin = Steady::now();
            found = value_of(database_->catalog().similar_images(
                                 {.owner = default_account(), .image = job.image.id}))
                        .size();
            times.push_back(seconds_since(begin) * 1e3);
        }
        std::ranges::nth_element(times, times.begin() + 25);
        fmt::print("similar images: {:.2f} ms, {} found\n", times[25], found);
    }

    /// Small writes (a reservation each) by so many callers.
    void print_writes(std::size_t callers) {
        constexpr std::size_t each = 1'000;
        const std::size_t count = each * 4 / callers;
        const auto begin = Steady::now();
        const double cpu_begin = cpu_seconds();
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < callers; ++i) {
            threads.emplace_back([&] {
                for (std::size_t k = 0; k < count; ++k) {
                    must(database_->ledger().reserve(std::array{ids_.next<BlobKey>()}, deadline()));
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        const auto writes = static_cast<double>(count * callers);
        fmt::print("{:>3} callers: {:8.0f} writes/s, {:5.1f} µs of CPU each\n", callers,
                   writes / seconds_since(begin), (cpu_seconds() - cpu_begin) / writes * 1e6);
    }

    /// A job's whole life (reserve, create, claim, reserve, complete) by so many callers.
    void print_lives(std::size_t callers) {
        const std::size_t count = 2'000 / callers;
        const auto begin = Steady::now();
        const double cpu_begin = cpu_seconds();
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < callers; ++i) {
            threads.emplace_back([&] {
                for (std::size_t k = 0; k < count; ++k) finish(create());
            });
        }
        for (std::thread& thread : threads) thread.join();
        const auto jobs = static_cast<double>(count * callers);
        fmt::print("{:>3} callers: {:8.0f} jobs/s of 5 writes, {:5.1f} µs of CPU per write\n", callers,
                   jobs / seconds_since(begin), (cpu_seconds() - cpu_begin) / jobs / 5 * 1e6);
    }

  private:
    [[nodiscard]] Timestamp deadline() const { return clock_.now() + std::chrono::hours{1}; }

    Job draft(BlobKey blob) {
        Job job;
        job.image.id = ids_.next<ImageId>();
        job.id = ids_.next<JobId>();
        job.owner = default_account();
        job.metadata_json = "{}";
        job.updated_at = clock_.now();
        job.image.filename = "photo.jpg";
        job.image.blob = blob;
        job.image.facts.width_px = 1'448;
        job.image.facts.height_px = 1'448;
        job.image.variants.resize(1);
        job.image.variants[0].name = "thumbnail";
        job.image.variants[0].transform.resize = Resize{.width_px = 100, .height_px = 100};
        return job;
    }

    /// Hashes spread as those of photographs do not, but are compared all the same.
    static Look any_look() {
        std::array<std::uint8_t, 8> bytes{};
        fill_random(bytes);
        Look look{.dominant = white,
                  .palette = {white},
                  .thumbhash = std::vector<std::byte>(21),
                  .blurhash = "00HetT"};
        for (const std::uint8_t byte : bytes) look.dhash = look.dhash << 8 | byte;
        return look;
    }

    static VariantOutcome outcome(BlobKey blob) {
        VariantContent content;
        content.blob = blob;
        content.width_px = 100;
        content.height_px = 100;
        content.size_bytes = 4'000;
        return {.name = "thumbnail", .content = content, .error = {}};
    }

    SystemClock clock_;
    IdGenerator ids_{clock_};
    std::unique_ptr<CatalogDatabase> database_;
};

int run(const std::filesystem::path& folder, std::size_t jobs) {
    std::filesystem::create_directories(folder);
    {
        Bench small(folder / "small.db");
        const Job first = small.create();
        small.finish(first);
        small.fill(8);
        const Job last = small.create();
        small.print_pages(10, first, last);
        for (const std::size_t callers : {1, 8, 16, 64}) small.print_writes(callers);
        for (const std::size_t callers : {1, 8, 16, 64}) small.print_lives(callers);
    }
    Bench large(folder / "large.db");
    const Job first = large.create();
    const auto begin = Steady::now();
    large.fill(jobs - 2);
    const Job last = large.create();
    fmt::print("filled with {} jobs in {:.0f} s\n", jobs, seconds_since(begin));
    large.print_pages(jobs, first, last);
    large.finish(first);
    large.print_similar(first);
    return 0;
}

}  // namespace
}  // namespace safelight

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: catalog_list_bench FOLDER [JOBS]\n");
        return 2;
    }
    const std::size_t jobs = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
    return safelight::run(argv[1], std::max<std::size_t>(jobs, 10));
}
