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

    Result<std::vector<Result<Rendition>>> render(ByteSource& source, std::span<const Transform> transforms,
                                                  const CancelCheck& cancelled) override {
        using Renditions = std::vector<Result<Rendition>>;
        return guarded<Renditions>(source, [&](std::span<const std::byte> bytes) -> Result<Renditions> {
            TRY_ASSIGN(auto pictures, render_all(bytes, transforms, limits_, cancelled));
            Renditions renditions;
            renditions.reserve(pictures.size());
            for (Result<EncodedPicture>& picture : pictures)
                renditions.push_back(to_rendition(std::move(picture)));
            return renditions;
        });
    }

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
