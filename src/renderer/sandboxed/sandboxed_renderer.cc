#include "renderer/sandboxed/sandboxed_renderer.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <utility>
#include <variant>

#include "renderer/sandboxed/process_pool.h"
#include "renderer/wire/memory_file.h"

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Renditions = std::vector<Result<Rendition>>;

std::unexpected<Error> lied(std::string log_text) {
    return failure(ErrorCode::renderer_failed, "The picture could not be processed.", std::move(log_text));
}

/// The descriptor by which a renderer reads the source.
class SharedSource {
  public:
    [[nodiscard]] static Result<SharedSource> of(ByteSource& source) {
        if (const auto file = source.descriptor()) return SharedSource(*file, {});
        TRY_ASSIGN(Descriptor copy, wire::make_sealed_copy(source));
        const int number = copy.get();
        return SharedSource(number, std::move(copy));
    }
    [[nodiscard]] int descriptor() const { return number_; }

  private:
    SharedSource(int number, Descriptor copy) : number_(number), copy_(std::move(copy)) {}

    int number_;
    Descriptor copy_;  // when the source has no file of its own
};

/// Facts that a picture within the limits can have.
Status check_facts(const ImageFacts& facts, const ImageLimits& limits) {
    if (facts.frames > 0 && check(facts, limits)) return {};
    return lied(
        fmt::format("facts that cannot be: {}×{}, {} frames", facts.width_px, facts.height_px, facts.frames));
}

/// The bytes of the renditions, out of the file that the renderer wrote them to.
class Output {
  public:
    [[nodiscard]] static Result<Output> make() {
        TRY_ASSIGN(Descriptor file, wire::make_memory_file());
        return Output(std::move(file));
    }

    [[nodiscard]] int descriptor() const { return file_.get(); }

    /// From here on the file does not change any more, and is as long as the heads say.
    [[nodiscard]] Status close(const std::vector<Result<wire::RenditionHead>>& heads,
                               std::uint64_t bytes_max) const {
        TRY(wire::seal(file_));
        TRY_ASSIGN(const std::uint64_t there, wire::size_of(file_));
        std::uint64_t said = 0;
        for (const auto& head : heads) said += head ? head->size_bytes : 0;
        if (there == said && there <= bytes_max) return {};
        return lied(fmt::format("{} bytes of renditions where {} were said to be", there, said));
    }

    /// The next rendition.
    [[nodiscard]] Result<Rendition> read(const wire::RenditionHead& head, const Transform& transform) {
        Rendition rendition{head.format, head.width_px, head.height_px, {}};
        rendition.bytes.resize(static_cast<std::size_t>(head.size_bytes));
        TRY(wire::read_exactly(file_, offset_, rendition.bytes));
        offset_ += head.size_bytes;
        const bool has_pixels = head.width_px > 0 && head.height_px > 0;
        const bool is_wanted = !transform.format || *transform.format == head.format;
        if (has_pixels && is_wanted && sniff(rendition.bytes) == head.format) return rendition;
        return lied(fmt::format("a rendition that is no {} of {}×{}", name_of(head.format), head.width_px,
                                head.height_px));
    }

  private:
    explicit Output(Descriptor file) : file_(std::move(file)) {}

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
        auto facts = probe_once(shared, source.size_bytes(), is_late);
        // Somebody else may have ended the process: nobody's upload fails of that. A picture that ended it
        // ends another.
        if (!facts && facts.error().code == ErrorCode::renderer_failed && !is_late())
            facts = probe_once(shared, source.size_bytes(), is_late);
        if (!facts && facts.error().code == ErrorCode::cancelled)
            return lied("looking at a picture took too long");
        return facts;
    }

    Result<Renditions> render(ByteSource& source, std::span<const Transform> transforms,
                              const CancelCheck& cancelled) override {
        TRY(check_size(source));
        if (transforms.size() > wire::transforms_max)
            return failure(ErrorCode::internal, "Something went wrong.", "too many transforms for one call");
        TRY_ASSIGN(const SharedSource shared, SharedSource::of(source));
        TRY_ASSIGN(Output output, Output::make());
        Loan loan(*renderers_, cancelled);
        if (!loan.has_process()) return failure(ErrorCode::cancelled, "The work was called off.");
        const std::uint64_t id = next_id_++;
        const std::array descriptors{shared.descriptor(), output.descriptor()};
        auto renditions = exchange<wire::RenderReply>(
            loan.process(),
            wire::RenderRequest{
                id, config_.limits, source.size_bytes(), {transforms.begin(), transforms.end()}},
            descriptors, cancelled, [&](const wire::RenderReply& reply) {
                return check_renditions(reply.renditions, transforms, output);
            });
        return settle(loan, std::move(renditions), "render");
    }

    std::vector<std::string> versions() const override { return renderers_->codecs(); }

  private:
    [[nodiscard]] Status check_size(const ByteSource& source) const {
        if (source.size_bytes() == 0) return failure(ErrorCode::empty_payload, "The content is empty.");
        if (source.size_bytes() <= config_.limits.bytes_max) return {};
        return failure(ErrorCode::payload_too_large, "The picture has more bytes than are allowed.");
    }

    [[nodiscard]] Result<ImageFacts> probe_once(const SharedSource& source, std::uint64_t size_bytes,
                                                const CancelCheck& is_late) {
        Loan loan(*probers_, is_late);
        if (!loan.has_process())
            return failure(ErrorCode::overloaded, "Too many pictures are being looked at. Try again later.");
        const std::array descriptors{source.descriptor()};
        auto facts = exchange<wire::ProbeReply>(
            loan.process(), wire::ProbeRequest{next_id_++, config_.limits, size_bytes}, descriptors, is_late,
            [&](const wire::ProbeReply& reply) -> Result<Result<ImageFacts>> {
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

    [[nodiscard]] Result<Result<Renditions>> check_renditions(
        const Result<std::vector<Result<wire::RenditionHead>>>& heads, std::span<const Transform> transforms,
        Output& output) const {
        if (!heads) return Result<Renditions>(std::unexpected(heads.error()));
        if (heads->size() != transforms.size()) return lied("renditions of another number than were wanted");
        TRY(output.close(*heads, config_.output_bytes_max));
        Renditions renditions;
        for (std::size_t i = 0; i < heads->size(); ++i) {
            const auto& head = (*heads)[i];
            if (!head) {
                renditions.push_back(std::unexpected(head.error()));
                continue;
            }
            TRY_ASSIGN(Rendition rendition, output.read(*head, transforms[i]));
            renditions.push_back(std::move(rendition));
        }
        return Result<Renditions>(std::move(renditions));
    }

    /// What happens to the process, and what the caller gets.
    template <class T>
    Result<T> settle(Loan& loan, Result<Result<T>> answer, std::string_view doing) {
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
