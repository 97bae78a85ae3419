// A renderer that does what a test says: block, fail, throw, misbehave. By itself it makes small "pictures"
// of text.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "renderer/renderer.h"
#include "transform/transform.h"

namespace safelight::testing {

[[nodiscard]] inline std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// Begins like a JPEG; the same seed gives the same bytes.
[[nodiscard]] inline std::vector<std::byte> make_picture(std::size_t size_bytes = 1'000,
                                                         std::string_view seed = "") {
    std::string text = "\xff\xd8\xff";
    text += seed;
    text.resize(size_bytes, '.');
    return bytes_of(text);
}

class ScriptedRenderer final : public Renderer {
  public:
    using Renditions = std::vector<Result<Rendition>>;
    using Probe = std::function<Result<ImageFacts>(ByteSource&)>;
    using Render =
        std::function<Result<Renditions>(ByteSource&, std::span<const Transform>, const CancelCheck&)>;

    void on_probe(Probe probe) {
        const std::lock_guard lock(mutex_);
        probe_ = std::move(probe);
    }
    void on_render(Render render) {
        const std::lock_guard lock(mutex_);
        render_ = std::move(render);
    }
    /// Those that came with the last call to render.
    [[nodiscard]] std::map<ImageId, std::vector<std::byte>> overlays() {
        const std::lock_guard lock(mutex_);
        return overlays_;
    }
    /// What every picture looks like from now on.
    void on_look(Look look) {
        const std::lock_guard lock(mutex_);
        look_ = std::move(look);
    }
    /// Of the newest render.
    [[nodiscard]] std::optional<FocalPoint> focal_point() {
        const std::lock_guard lock(mutex_);
        return focal_point_;
    }
    /// How many renders asked for a look.
    [[nodiscard]] std::uint32_t looks() const { return looks_; }
    [[nodiscard]] std::uint32_t probes() const { return probes_; }
    [[nodiscard]] std::uint32_t renders() const { return renders_; }

    Result<ImageFacts> probe(ByteSource& source) override {
        ++probes_;
        const Probe probe = script(probe_);
        return probe ? probe(source) : facts();
    }

    Result<RenderOutcome> render(const RenderTask& task, const CancelCheck& cancelled) override {
        ++renders_;
        if (task.wants_look) ++looks_;
        TRY(note(task));
        const Render render = script(render_);
        TRY_ASSIGN(auto renditions, render ? render(task.source, task.transforms, cancelled)
                                           : make(task.source, task.transforms));
        return RenderOutcome{std::move(renditions), task.wants_look ? script(look_) : std::nullopt};
    }

    std::vector<FormatSupport> formats() const override {
        return {{.format = Format::jpeg, .reads = true, .writes = true, .quality = true},
                {.format = Format::heic, .reads = true}};
    }
    std::vector<std::string> versions() const override { return {"scripted"}; }

    [[nodiscard]] static ImageFacts facts() {
        return {.format = Format::jpeg, .width_px = 40, .height_px = 30};
    }

    [[nodiscard]] static Rendition rendition(std::span<const std::byte> source, const Transform& transform) {
        return {Format::jpeg, 4, 3, bytes_of(sha256_of(source).to_hex() + to_json(transform))};
    }

    /// What it makes when nothing else is said.
    [[nodiscard]] static Result<Renditions> make(ByteSource& source, std::span<const Transform> transforms) {
        TRY_ASSIGN(const auto bytes, read_all(source, 100'000'000));
        Renditions renditions;
        for (const Transform& transform : transforms) renditions.emplace_back(rendition(bytes, transform));
        return renditions;
    }

  private:
    template <class Script>
    [[nodiscard]] Script script(const Script& current) {
        const std::lock_guard lock(mutex_);
        return current;
    }

    Status note(const RenderTask& task) {
        const std::lock_guard lock(mutex_);
        focal_point_ = task.focal_point;
        overlays_.clear();
        for (const Overlay& overlay : task.overlays) {
            TRY_ASSIGN(overlays_[overlay.image], read_all(*overlay.source, 100'000'000));
        }
        return {};
    }

    std::mutex mutex_;
    Probe probe_;                                         // guarded by mutex_
    Render render_;                                       // guarded by mutex_
    std::map<ImageId, std::vector<std::byte>> overlays_;  // guarded by mutex_
    std::optional<Look> look_;                            // guarded by mutex_
    std::optional<FocalPoint> focal_point_;               // guarded by mutex_
    std::atomic<std::uint32_t> probes_ = 0;
    std::atomic<std::uint32_t> renders_ = 0;
    std::atomic<std::uint32_t> looks_ = 0;
};

}  // namespace safelight::testing
