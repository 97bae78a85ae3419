#include "imaging/vips/versions.h"

#include <dlfcn.h>

#include <fmt/format.h>

#include "imaging/vips/library.h"

namespace safelight {
namespace {

/// A function of a library that libvips brought along; this program does not link to it itself.
template <class Function>
Function* function_in(const char* library, const char* name) {
    void* handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == nullptr) return nullptr;
    void* symbol = dlsym(handle, name);
    dlclose(handle);  // it stays loaded: libvips holds it
    return reinterpret_cast<Function*>(symbol);
}

std::string dotted(unsigned packed) {
    return fmt::format("{}.{}.{}", packed >> 16, packed >> 8 & 0xff, packed & 0xff);
}

std::string first_line(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

struct HeifDecoder;

constexpr std::string_view no_decoder = "none";

/// The decoders of one compression that libheif has at hand, such as "dav1d v1.0.0".
std::string heif_decoders(HeifCompression compression) {
    using Descriptors = int(HeifCompression, const HeifDecoder**, int);
    using Name = const char*(const HeifDecoder*);
    auto* list = function_in<Descriptors>("libheif.so.1", "heif_get_decoder_descriptors");
    auto* name = function_in<Name>("libheif.so.1", "heif_decoder_descriptor_get_name");
    if (list == nullptr || name == nullptr) return std::string(no_decoder);
    const HeifDecoder* found[8]{};
    const int count = list(compression, found, 8);
    std::string names;
    for (int i = 0; i < count; ++i) names += (i == 0 ? "" : ", ") + std::string(name(found[i]));
    return names.empty() ? std::string(no_decoder) : names;
}

}  // namespace

std::vector<std::string> vips_versions() {
    if (!initialise_vips()) return {"libvips: does not start"};
    std::vector<std::string> lines;
    lines.push_back(fmt::format("libvips {}.{}.{}", vips_version(0), vips_version(1), vips_version(2)));
    if (auto* png = function_in<unsigned()>("libpng16.so.16", "png_access_version_number")) {
        const unsigned number = png();
        lines.push_back(
            fmt::format("PNG: libpng {}.{}.{}", number / 10000, number / 100 % 100, number % 100));
    }
    if (auto* spng = function_in<const char*()>("libspng.so.0", "spng_version_string")) {
        lines.push_back(fmt::format("PNG: libspng {}", spng()));
    }
    if (auto* webp = function_in<int()>("libwebp.so.7", "WebPGetDecoderVersion")) {
        lines.push_back(fmt::format("WebP: libwebp {}", dotted(static_cast<unsigned>(webp()))));
    }
    lines.push_back(fmt::format("GIF: libnsgif of libvips{}",
                                vips_type_find("VipsOperation", "gifsave_buffer") != 0 ? ", cgif" : ""));
    if (auto* tiff = function_in<const char*()>("libtiff.so.6", "TIFFGetVersion")) {
        std::string text = first_line(tiff());
        constexpr std::string_view prefix = "LIBTIFF, Version ";
        if (text.starts_with(prefix)) text.erase(0, prefix.size());
        lines.push_back("TIFF: libtiff " + text);
    }
    if (auto* heif = function_in<const char*()>("libheif.so.1", "heif_get_version")) {
        lines.push_back(fmt::format("HEIC: libheif {}, {}", heif(), heif_decoders(HeifCompression::hevc)));
        lines.push_back(fmt::format("AVIF: libheif {}, {}", heif(), heif_decoders(HeifCompression::av1)));
    }
    if (auto* lcms = function_in<int()>("liblcms2.so.2", "cmsGetEncodedCMMversion")) {
        const int number = lcms();
        lines.push_back(fmt::format("ICC: Little CMS {}.{}", number / 1000, number / 10 % 100));
    }
    return lines;
}

bool has_heif_decoder(HeifCompression compression) {
    return initialise_vips() && heif_decoders(compression) != no_decoder;
}

}  // namespace safelight
