#include "renderer/sandboxed/sandboxed_renderer.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <variant>

#include "base/thread_shortage.h"
#include "renderer/sandboxed/process_pool.h"
#include "renderer/wire/memory_file.h"

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::unexpected<Error> lied(std::string log_text) {
    return failure(ErrorCode::renderer_failed, "The picture could not be processed.", std::move(log_text));
}

/// More than a renderer has once it has answered: its own, those of libvips and of codecs.
std::uint64_t threads_max() {
    return 16 + 8 * std::uint64_t{std::thread::hardware_concurrency()};
}

/// What failed while no thread could be started says nothing of the picture, and is unavailable. Whether that
/// is so this process sees for itself, under the same limits: what a renderer says might not be true, and
/// would be tried without end. One that was taken over might also have taken the threads.
template <class T>
Result<Result<T>> judged(const RendererProcess& process, Result<Result<T>> answer) {
    if (answer && *answer) return answer;
    Error& error = answer ? answer->error() : answer.error();
    if (error.code != ErrorCode::renderer_failed) return answer;
    if (process.threads() > threads_max()) return lied("a renderer with more threads than it needs");
    if (!lacks_threads()) return answer;
    error.code = ErrorCode::unavailable;
    error.public_text = "Pictures cannot be processed at the moment.";
    error.log_text += "; no thread can be started here either";
    return answer;
}

/// A source as it goes with a request: a small one as bytes, another as the descriptor to read it by.
class SharedSource {
  public:
    /// Errors: corrupt_blob (the source is shorter than it says), unavailable.
    enum class Way { any, descriptor };
    [[nodiscard]] static Result<SharedSource> of(ByteSource& source, Way way = Way::any) {
        SharedSource shared(source.size_bytes());
        if (way == Way::any && shared.size_bytes_ <= wire::enclosed_bytes_max) {
            TRY_ASSIGN(shared.enclosed_, read_all(source, wire::enclosed_bytes_max));
        } else if (const auto file = source.descriptor()) {
            shared.descriptor_ = *file;
        } else {
            TRY_ASSIGN(shared.copy_, wire::make_sealed_copy(source));
            shared.descriptor_ = shared.copy_.get();
        }
        return shared;
    }

    [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }
    /// Empty: read by the descriptor.
    [[nodiscard]] const std::vector<std::byte>& enclosed() const { return enclosed_; }

    /// What goes with the request: one, unless the source is enclosed.
    [[nodiscard]] std::vector<int> descriptors() const {
        return descriptor_ ? std::vector{*descriptor_} : std::vector<int>{};
    }

  private:
    explicit SharedSource(std::uint64_t size_bytes) : size_bytes_(size_bytes) {}

    std::uint64_t size_bytes_;
    std::vector<std::byte> enclosed_;
    std::optional<int> descriptor_;
    Descriptor copy_;  // when the source has no file of its own
};

struct SharedOverlay {
    ImageId image;
    SharedSource file;
};

Result<std::vector<SharedOverlay>> share(std::span<const Overlay> overlays) {
    std::vector<SharedOverlay> shared;
    for (const Overlay& overlay : overlays) {
        TRY_ASSIGN(SharedSource file, SharedSource::of(*overlay.source, SharedSource::Way::descriptor));
        shared.push_back({overlay.image, std::move(file)});
    }
    return shared;
}

/// Facts that a picture within the limits can have.
Status check_facts(const ImageFacts& facts, const ImageLimits& limits) {
    if (facts.frames > 0 && check(facts, limits)) return {};
    return lied(
        fmt::format("facts that cannot be: {}×{}, {} frames", facts.width_px, facts.height_px, facts.frames));
}

/// The bytes of the renditions, as they came: enclosed, or in the file that the renderer wrote them to.
class Output {
  public:
    /// From here on the bytes do not change any more, and are as many as the heads say. `file` is that of the
    /// process; it is taken away when the renditions are in it.
    [[nodiscard]] static Result<Output> of(const wire::RenderReply& reply, RendererProcess& process,
                                           std::uint64_t bytes_max) {
        std::uint64_t said = 0;
        for (const auto& head : *reply.renditions) said += head ? head->size_bytes : 0;
        Output output(reply.content);
        std::uint64_t there = reply.content.size();
        if (reply.content.empty()) {
            output.file_ = process.take_output();
            TRY(wire::seal(output.file_));
            TRY_ASSIGN(there, wire::size_of(output.file_));
        }
        if (there == said && there <= bytes_max) return output;
        return lied(fmt::format("{} bytes of renditions where {} were said to be", there, said));
    }

    /// The next rendition.
    [[nodiscard]] Result<Rendition> read(const wire::RenditionHead& head, const Transform& transform) {
        Rendition rendition{head.format, head.width_px, head.height_px, {}};
        TRY_ASSIGN(rendition.bytes, next(static_cast<std::size_t>(head.size_bytes)));
        const bool has_pixels = head.width_px > 0 && head.height_px > 0;
        const bool is_wanted = !transform.format || *transform.format == head.format;
        if (has_pixels && is_wanted && sniff(rendition.bytes) == head.format) return rendition;
        return lied(fmt::format("a rendition that is no {} of {}×{}", name_of(head.format), head.width_px,
                                head.height_px));
    }

  private:
    explicit Output(std::span<const std::byte> enclosed) : enclosed_(enclosed) {}

    [[nodiscard]] Result<std::vector<std::byte>> next(std::size_t size_bytes) {
        const std::uint64_t begin = std::exchange(offset_, offset_ + size_bytes);
        if (!file_.is_open()) {
            const auto part = enclosed_.subspan(static_cast<std::size_t>(begin), size_bytes);
            return std::vector(part.begin(), part.end());
        }
        std::vector<std::byte> bytes(size_bytes);
        TRY(wire::read_exactly(file_, begin, bytes));
        return bytes;
    }

    std::span<const std::byte> enclosed_;
    Descriptor file_;
    std::uint64_t offset_ = 0;
};

/// A process on loan: whatever happens, the pool learns of its end.
class Loan {
  public:
    Loan(ProcessPool& pool, const CancelCheck& cancelled) : pool_(pool), process_(pool.take(cancelled)) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() {
        // Only when an exception passes.
        if (process_) static_cast<void>(discard());
    }

    /// False: called off before a process was free.
    [[nodiscard]] bool has_process() const { return process_ != nullptr; }
    [[nodiscard]] RendererProcess& process() { return *process_; }
    void give_back() { pool_.give_back(std::move(process_)); }
    [[nodiscard]] std::string discard() { return pool_.discard(std::move(process_)); }

  private:
    ProcessPool& pool_;
    std::unique_ptr<RendererProcess> process_;
};

class SandboxedRenderer final : public Renderer {
  public:
    SandboxedRenderer(const SandboxConfig& config, std::unique_ptr<ProcessPool> probers,
                      std::unique_ptr<ProcessPool> renderers, telemetry::Logger& log)
        : config_(config), log_(log), probers_(std::move(probers)), renderers_(std::move(renderers)) {}

    Result<ImageFacts> probe(ByteSource& source) override {
        const auto deadline = SteadyClock::now() + config_.probe_timeout;
        const CancelCheck is_late = [deadline] { return SteadyClock::now() >= deadline; };
        TRY(check_size(source));
        TRY_ASSIGN(const SharedSource shared, SharedSource::of(source));
        auto facts = probe_once(shared, is_late);
        // Somebody else may have ended the process: nobody's upload fails of that. A picture that ended it
        // ends another.
        if (!facts && facts.error().code == ErrorCode::renderer_failed && !is_late())
            facts = probe_once(shared, is_late);
        if (!facts && facts.error().code == ErrorCode::cancelled)
            return lied("looking at a picture took too long");
        return facts;
    }

    Result<RenderOutcome> render(const RenderTask& task, const CancelCheck& cancelled) override {
        TRY(check_size(task.source));
        if (task.transforms.size() > wire::transforms_max || task.overlays.size() > overlays_max)
            return failure(ErrorCode::internal, "Something went wrong.", "too much for one call");
        TRY_ASSIGN(const SharedSource shared, SharedSource::of(task.source));
        TRY_ASSIGN(const auto overlays, share(task.overlays));
        Loan loan(*renderers_, cancelled);
        if (!loan.has_process()) return failure(ErrorCode::cancelled, "The work was called off.");
        RendererProcess& process = loan.process();
        auto output = process.output();
        if (!output) {
            loan.give_back();  // no descriptor is left, say: it is not to blame
            return forward(std::move(output));
        }
        wire::RenderRequest request{next_id_++,
                                    config_.limits,
                                    shared.size_bytes(),
                                    shared.enclosed(),
                                    {task.transforms.begin(), task.transforms.end()}};
        request.focal_point = task.focal_point;
        request.wants_look = task.wants_look;
        std::vector<int> descriptors = shared.descriptors();
        for (const SharedOverlay& overlay : overlays) {
            request.overlays.push_back({overlay.image, overlay.file.size_bytes()});
            descriptors.push_back(overlay.file.descriptors().front());
        }
        descriptors.push_back(*output);
        auto outcome = exchange<wire::RenderReply>(
            process, request, descriptors, cancelled,
            [&](const wire::RenderReply& reply) { return check_renditions(reply, task, process); });
        return settle(loan, std::move(outcome), "render");
    }

    std::vector<FormatSupport> formats() const override {
        return within(renderers_->formats(), config_.limits);
    }
    std::vector<std::string> versions() const override { return renderers_->codecs(); }

  private:
    [[nodiscard]] Status check_size(const ByteSource& source) const {
        if (source.size_bytes() == 0) return failure(ErrorCode::empty_payload, "The content is empty.");
        if (source.size_bytes() <= config_.limits.bytes_max) return {};
        return failure(ErrorCode::payload_too_large, "The picture has more bytes than are allowed.");
    }

    [[nodiscard]] Result<ImageFacts> probe_once(const SharedSource& source, const CancelCheck& is_late) {
        Loan loan(*probers_, is_late);
        if (!loan.has_process())
            return failure(ErrorCode::overloaded, "Too many pictures are being looked at. Try again later.");
        auto facts = exchange<wire::ProbeReply>(
            loan.process(),
            wire::ProbeRequest{next_id_++, config_.limits, source.size_bytes(), source.enclosed()},
            source.descriptors(), is_late, [&](const wire::ProbeReply& reply) -> Result<Result<ImageFacts>> {
                if (reply.facts) TRY(check_facts(*reply.facts, config_.limits));
                return reply.facts;
            });
        return settle(loan, std::move(facts), "probe");
    }

    /// The outer error is of the process, which is of no further use; the inner result is its honest answer.
    template <class Reply, class Request, class Check>
    auto exchange(RendererProcess& process, const Request& request, std::span<const int> descriptors,
                  const CancelCheck& cancelled, Check check)
        -> decltype(check(std::declval<const Reply&>())) {
        TRY_ASSIGN(const wire::Reply reply, process.exchange(request, descriptors, cancelled));
        const auto* answer = std::get_if<Reply>(&reply);
        if (answer == nullptr || answer->id != request.id) return lied("an answer to something else");
        return check(*answer);
    }

    [[nodiscard]] Result<Result<RenderOutcome>> check_renditions(const wire::RenderReply& reply,
                                                                 const RenderTask& task,
                                                                 RendererProcess& process) const {
        const auto& heads = reply.renditions;
        // What it may have written before it failed is not for the next call.
        if (!heads) static_cast<void>(process.take_output());
        if (!heads) return Result<RenderOutcome>(std::unexpected(heads.error()));
        if (heads->size() != task.transforms.size())
            return lied("renditions of another number than were wanted");
        if (reply.look.has_value() != task.wants_look) return lied("a look that was not wanted, or none");
        TRY_ASSIGN(Output output, Output::of(reply, process, config_.output_bytes_max));
        RenderOutcome outcome{{}, reply.look};
        for (std::size_t i = 0; i < heads->size(); ++i) {
            const auto& head = (*heads)[i];
            if (!head) {
                outcome.renditions.push_back(std::unexpected(head.error()));
                continue;
            }
            TRY_ASSIGN(Rendition rendition, output.read(*head, task.transforms[i]));
            outcome.renditions.push_back(std::move(rendition));
        }
        return Result<RenderOutcome>(std::move(outcome));
    }

    /// What happens to the process, and what the caller gets.
    template <class T>
    Result<T> settle(Loan& loan, Result<Result<T>> answer, std::string_view doing) {
        answer = judged(loan.process(), std::move(answer));
        if (answer) {
            loan.give_back();
            return std::move(*answer);
        }
        const auto id = loan.process().id();
        const std::string ending = loan.discard();
        if (answer.error().code != ErrorCode::cancelled) {
            log_.warn(
                "renderer replaced",
                {{"pid", id}, {"doing", doing}, {"ending", ending}, {"reason", answer.error().log_text}});
            answer.error().log_text += "; the renderer " + ending;
        }
        return forward(std::move(answer));
    }

    const SandboxConfig config_;
    telemetry::Logger& log_;
    const std::unique_ptr<ProcessPool> probers_;
    const std::unique_ptr<ProcessPool> renderers_;
    std::atomic<std::uint64_t> next_id_ = 1;
};

}  // namespace

Status SandboxConfig::validate() const {
    std::vector<Fault> faults;
    const auto require = [&faults](bool holds, std::string member, std::string detail) {
        if (!holds) faults.push_back({std::move(member), std::move(detail)});
    };
    constexpr Milliseconds zero = Milliseconds::zero();
    require(!command.empty(), "command", "must not be empty");
    require(processes > 0, "processes", "must be above 0");
    require(probe_processes > 0, "probe_processes", "must be above 0");
    require(memory_bytes_max > 0, "memory_bytes_max", "must be above 0");
    require(output_bytes_max > 0, "output_bytes_max", "must be above 0");
    require(start_timeout > zero, "start_timeout", "must be above 0");
    require(probe_timeout > zero, "probe_timeout", "must be above 0");
    require(cpu_seconds_max > 0, "cpu_seconds_max", "must be above 0");
    require(calls_max > 0, "calls_max", "must be above 0");
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

Result<std::unique_ptr<Renderer>> start_sandboxed_renderer(const SandboxConfig& config,
                                                           telemetry::Logger& log) {
    constexpr int usual = 0;
    constexpr int below_usual = 5;  // whoever waits for an answer goes first
    TRY_ASSIGN(auto probers, ProcessPool::start(config, config.probe_processes, usual, log));
    TRY_ASSIGN(auto renderers, ProcessPool::start(config, config.processes, below_usual, log));
    return std::make_unique<SandboxedRenderer>(config, std::move(probers), std::move(renderers), log);
}

}  // namespace safelight
