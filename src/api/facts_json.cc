#include "api/facts_json.h"

#include <fmt/format.h>

#include <iterator>

#include "api/json.h"
#include "base/text.h"

namespace safelight {
namespace {

void append_look(std::string& json, const std::optional<Look>& look) {
    if (!look) {
        json += "null";
        return;
    }
    fmt::format_to(std::back_inserter(json), R"({{"dominant_colour":"{}","palette":[)",
                   text_of(look->dominant));
    for (std::size_t i = 0; i < look->palette.size(); ++i) {
        if (i > 0) json += ',';
        append_quoted(json, text_of(look->palette[i]));
    }
    fmt::format_to(std::back_inserter(json), R"(],"thumbhash":"{}","blurhash":)",
                   base64_encode(look->thumbhash));
    append_quoted(json, look->blurhash);
    fmt::format_to(std::back_inserter(json), R"(,"dhash":"{:016x}"}})", look->dhash);
}

void append_text(std::string& json, std::string_view name, const std::string& text) {
    fmt::format_to(std::back_inserter(json), R"("{}":)", name);
    if (text.empty()) {
        json += "null";
    } else {
        append_quoted(json, text);
    }
    json += ',';
}

void append_exif(std::string& json, const ExifFacts& exif) {
    if (exif == ExifFacts{}) {
        json += "null";
        return;
    }
    json += '{';
    append_text(json, "camera_make", exif.camera_make);
    append_text(json, "camera_model", exif.camera_model);
    append_text(json, "taken_at", exif.taken_at);
    append_text(json, "artist", exif.artist);
    append_text(json, "copyright", exif.copyright);
    json += R"("gps":)";
    if (exif.position) {
        fmt::format_to(std::back_inserter(json), R"({{"latitude":{},"longitude":{}}})",
                       exif.position->latitude, exif.position->longitude);
    } else {
        json += "null";
    }
    json += '}';
}

}  // namespace

void append_facts(std::string& json, const Image& image) {
    json += R"("focal_point":)";
    if (image.focal_point) {
        fmt::format_to(std::back_inserter(json), R"({{"x":{},"y":{}}})", image.focal_point->x,
                       image.focal_point->y);
    } else {
        json += "null";
    }
    json += R"(,"look":)";
    append_look(json, image.look);
    json += R"(,"exif":)";
    append_exif(json, image.facts.exif);
}

}  // namespace safelight
