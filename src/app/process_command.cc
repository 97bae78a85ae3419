// `safelight process`: the same pipeline as the server's, over files and folders.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "app/commands.h"
#include "app/presets_file.h"
#include "app/wiring.h"
#include "base/byte_source.h"
#include "transform/presets.h"

namespace safelight::app {
namespace {

namespace fs = std::filesystem;

/// One picture to make variants of.
struct Task {
    fs::path source;
    fs::path folder;   // where its variants go
    std::string stem;  // their names begin with it
};

struct Failure {
    fs::path source;
    std::string variant;  // empty: the whole picture
    std::string reason;
};

/// What happened so far; every thread reports here.
class Progress {
  public:
    Progress(std::size_t total, std::vector<Failure> failures)
        : total_(total), on_terminal_(::isatty(STDERR_FILENO) == 1), failures_(std::move(failures)) {}

    void picture_done() {
        const std::lock_guard lock(mutex_);
        ++done_;
        if (on_terminal_) draw();
    }
    void variant_written() { ++written_; }
    void failed(Failure failure) {
        const std::lock_guard lock(mutex_);
        failures_.push_back(std::move(failure));
    }

    /// After the threads have ended. Returns the exit code.
    int summarise() {
        if (on_terminal_) std::fputs("\n", stderr);
        std::ranges::sort(failures_, {}, &Failure::source);
        for (const auto& failure : failures_) {
            fmt::print(stderr, "failed: {}{}{}: {}\n", failure.source.string(),
                       failure.variant.empty() ? "" : " → ", failure.variant, failure.reason);
        }
        fmt::print(stderr, "{} pictures, {} variants written, {} failures\n", total_, written_.load(),
                   failures_.size());
        return failures_.empty() ? 0 : 1;
    }

  private:
    void draw() const {
        constexpr std::size_t width = 40;
        const std::size_t filled = total_ == 0 ? width : done_ * width / total_;
        fmt::print(stderr, "\r[{}{}] {}/{}", std::string(filled, '#'), std::string(width - filled, '.'),
                   done_, total_);
    }

    const std::size_t total_;
    const bool on_terminal_;
    std::atomic<std::size_t> written_ = 0;
    std::mutex mutex_;
    std::size_t done_ = 0;           // guarded by mutex_
    std::vector<Failure> failures_;  // guarded by mutex_
};

/// Files as they are named; folders with everything below, in order, hidden files left out.
std::vector<Task> plan(const ProcessOptions& options, std::vector<Failure>& failures) {
    std::vector<Task> tasks;
    const auto add = [&](const fs::path& file, const fs::path& below) {
        tasks.push_back({file, options.out / below, file.stem().string()});
    };
    for (const auto& input : options.inputs) {
        std::error_code error;
        if (fs::is_regular_file(input, error)) {
            add(input, {});
        } else if (fs::is_directory(input, error)) {
            for (fs::recursive_directory_iterator at(input, error), end; !error && at != end;
                 at.increment(error)) {
                const bool hidden = at->path().filename().string().starts_with('.');
                if (hidden && at->is_directory(error)) at.disable_recursion_pending();
                if (hidden || !at->is_regular_file(error)) continue;
                add(at->path(), fs::relative(at->path().parent_path(), input, error));
            }
        } else {
            failures.push_back({input, "", "no such file or folder"});
            continue;
        }
        if (error) failures.push_back({input, "", error.message()});
    }
    std::ranges::sort(tasks, {}, &Task::source);
    return tasks;
}

/// Pictures that differ only in their suffix keep it, and those of one name get numbers, so that none
/// overwrites the other's variants.
void tell_apart(std::vector<Task>& tasks) {
    std::map<fs::path, int> uses;
    for (const auto& task : tasks) ++uses[task.folder / task.stem];
    for (auto& task : tasks) {
        if (uses[task.folder / task.stem] > 1) task.stem = task.source.filename().string();
    }
    std::set<fs::path> taken;
    for (auto& task : tasks) {
        const std::string stem = task.stem;
        for (int number = 2; !taken.insert(task.folder / task.stem).second; ++number) {
            task.stem = fmt::format("{}-{}", stem, number);
        }
    }
}

Result<std::vector<std::byte>> read_file(const fs::path& path, std::uint64_t bytes_max) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error) return failure(ErrorCode::unavailable, error.message());
    if (size > bytes_max) {
        return failure(ErrorCode::payload_too_large,
                       fmt::format("{} bytes; {} are allowed", size, bytes_max));
    }
    std::ifstream file(path, std::ios::binary);
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file || file.gcount() != static_cast<std::streamsize>(bytes.size())) {
        return failure(ErrorCode::unavailable, "cannot be read");
    }
    return bytes;
}

/// All or nothing: a reader never sees half a file.
Status write_file(const fs::path& path, const std::vector<std::byte>& bytes) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    const fs::path temporary = path.string() + ".part";
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (file) fs::rename(temporary, path, error);
    if (!file || error) {
        std::error_code ignored;
        fs::remove(temporary, ignored);
        return failure(ErrorCode::unavailable, fmt::format("{} cannot be written", path.string()));
    }
    return {};
}

void process(const Task& task, const std::vector<VariantRequest>& variants, std::uint64_t bytes_max,
             Renderer& renderer, Progress& progress) {
    const auto bytes = read_file(task.source, bytes_max);
    if (!bytes) return progress.failed({task.source, "", bytes.error().public_text});
    std::vector<Transform> transforms;
    for (const auto& variant : variants) transforms.push_back(variant.transform);
    MemorySource source(*bytes);
    const auto renditions = render(renderer, source, transforms);
    if (!renditions) return progress.failed({task.source, "", renditions.error().public_text});
    for (std::size_t i = 0; i < renditions->size(); ++i) {
        const auto& rendition = (*renditions)[i];
        if (!rendition) {
            progress.failed({task.source, variants[i].name, rendition.error().public_text});
            continue;
        }
        const fs::path target =
            task.folder / fmt::format("{}-{}.{}", task.stem, variants[i].name, name_of(rendition->format));
        if (const auto written = write_file(target, rendition->bytes); !written) {
            progress.failed({task.source, variants[i].name, written.error().public_text});
            continue;
        }
        progress.variant_written();
    }
}

/// A watermark is an image of an account, and here are neither.
Status check_without_store(const std::vector<VariantRequest>& variants) {
    std::vector<Fault> faults;
    for (const VariantRequest& variant : variants) {
        if (!variant.transform.watermark) continue;
        faults.push_back(
            {"--variants", fmt::format("The variant \"{}\" has a watermark, which is an image that a "
                                       "server stores; here are only files.",
                                       variant.name)});
    }
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

}  // namespace

int run_process(const Config& config, const ProcessOptions& options) {
    const auto presets = load_presets(config);
    if (!presets) return report(presets.error());
    const auto variants = parse_variants(
        options.variants.empty() ? config.default_variants : options.variants, *presets, "--variants");
    if (!variants) return report(variants.error());
    if (const Status status = check_without_store(*variants); !status) return report(status.error());
    if (variants->empty()) {
        fmt::print(stderr, "safelight: no variants are asked for; name some with --variants.\n");
        return 2;
    }

    std::vector<Failure> not_found;
    auto tasks = plan(options, not_found);
    tell_apart(tasks);
    Progress progress(tasks.size(), std::move(not_found));
    std::atomic<std::size_t> next = 0;
    const unsigned wanted =
        options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
    const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(wanted, tasks.size()));
    const auto log = make_logger(config);
    const auto renderer = start_renderer(config, std::max(1U, count), *log);
    if (!renderer) return report(renderer.error());
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < count; ++i) {
            threads.emplace_back([&] {
                for (std::size_t at = next++; at < tasks.size(); at = next++) {
                    process(tasks[at], *variants, config.ingest.bytes_max, **renderer, progress);
                    progress.picture_done();
                }
            });
        }
    }
    return progress.summarise();
}

}  // namespace safelight::app
