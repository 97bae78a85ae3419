#include "renderer/direct/direct_renderer.h"

#include <new>
#include <utility>
#include <vector>

#include "imaging/imaging.h"

namespace safelight {
namespace {

class DirectRenderer final : public Renderer {
  public:
    explicit DirectRenderer(const DirectRendererConfig& config)
        : limits_(config.limits), codecs_(initialise_codecs()) {}

    Result<ImageFacts> probe(ByteSource& source) override {
        return guarded<ImageFacts>(
            source, [&](std::span<const std::byte> bytes) { return safelight::probe(bytes, limits_); });
    }

    Result<RenderOutcome> render(const RenderTask& task, const CancelCheck& cancelled) override {
        return guarded<RenderOutcome>(task.source, [&](auto bytes) -> Result<RenderOutcome> {
            std::vector<std::vector<std::byte>> overlay_bytes;
            std::vector<OverlayFile> overlays;
            overlay_bytes.reserve(task.overlays.size());
            for (const Overlay& overlay : task.overlays) {
                TRY_ASSIGN(auto read, read_all(*overlay.source, limits_.bytes_max));
                overlays.push_back({overlay.image, overlay_bytes.emplace_back(std::move(read))});
            }
            TRY_ASSIGN(RenderOutput output, render_all({.bytes = bytes,
                                                        .transforms = task.transforms,
                                                        .focal_point = task.focal_point,
                                                        .overlays = overlays,
                                                        .wants_look = task.wants_look},
                                                       limits_, cancelled));
            RenderOutcome outcome{{}, std::move(output.look)};
            for (Result<EncodedPicture>& picture : output.pictures)
                outcome.renditions.push_back(to_rendition(std::move(picture)));
            return outcome;
        });
    }

    std::vector<FormatSupport> formats() const override { return within(format_support(), limits_); }
    std::vector<std::string> versions() const override { return codec_versions(); }

  private:
    static Result<Rendition> to_rendition(Result<EncodedPicture>&& picture) {
        if (!picture) return forward(std::move(picture));
        return Rendition{picture->format, picture->width_px, picture->height_px, std::move(picture->bytes)};
    }

    /// Reads the source and does `work` on its bytes; running out of memory is a failure of this call alone.
    template <class T, class Work>
    Result<T> guarded(ByteSource& source, Work work) {
        TRY(codecs_);
        try {
            TRY_ASSIGN(const std::vector<std::byte> bytes, read_all(source, limits_.bytes_max));
            return work(std::span(bytes));
        } catch (const std::bad_alloc&) {
            return failure(ErrorCode::renderer_failed, "The picture could not be processed.",
                           "out of memory");
        }
    }

    const ImageLimits limits_;
    const Status codecs_;
};

}  // namespace

std::unique_ptr<Renderer> make_direct_renderer(const DirectRendererConfig& config) {
    return std::make_unique<DirectRenderer>(config);
}

}  // namespace safelight
