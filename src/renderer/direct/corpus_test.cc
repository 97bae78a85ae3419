// Pictures from many other projects' tests, when they are at hand: beside the repository, or where
// SAFELIGHT_IMAGES says. Their manifest says what is to become of each: ok, reject, or either (then it must
// not crash or hang).
#include <gtest/gtest.h>

#include <ctime>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

#include "imaging/test_pictures.h"
#include "renderer/direct/direct_renderer.h"

namespace safelight {
namespace {

using test::Bytes;

struct Entry {
    std::string path;
    std::string width;   // as stored
    std::string height;  // as stored
    std::string expect;
};

std::filesystem::path folder() {
    if (const char* given = std::getenv("SAFELIGHT_IMAGES")) return given;
    return std::filesystem::path(SAFELIGHT_SOURCE_FOLDER) / "../shared/images";
}

/// The manifest takes JPEG XL and BMP for formats that are off; here they are on.
bool is_taken_here(const std::string& path) {
    constexpr std::array<std::string_view, 3> taken{
        "formats/jxl__bicycles.jxl", "formats/jxl__grayscale_jpeg.jxl", "formats/untrusted__small.bmp"};
    return std::ranges::find(taken, path) != taken.end();
}

std::vector<Entry> entries() {
    std::ifstream manifest(folder() / "MANIFEST.tsv");
    std::string line;
    std::getline(manifest, line);
    std::map<std::string, std::size_t> columns;
    const auto split = [](const std::string& text) {
        std::vector<std::string> fields;
        std::istringstream in(text);
        for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
        return fields;
    };
    for (const std::string& name : split(line)) columns.emplace(name, columns.size());
    std::vector<Entry> all;
    while (std::getline(manifest, line)) {
        const auto fields = split(line);
        all.push_back({fields.at(columns.at("path")), fields.at(columns.at("width")),
                       fields.at(columns.at("height")), fields.at(columns.at("expect"))});
        if (is_taken_here(all.back().path)) all.back().expect = "ok";
    }
    return all;
}

Bytes contents(const std::string& path) {
    std::ifstream in(folder() / path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    return test::bytes_of(text);
}

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

bool is_permanent(ErrorCode code) {
    return !is_transient(code) && code != ErrorCode::internal;
}

class Corpus : public testing::Test {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists(folder() / "MANIFEST.tsv"))
            GTEST_SKIP() << "not on this machine: the collection of test images";
    }

    Result<Rendition> thumbnail(std::span<const std::byte> file) const {
        MemorySource source(file);
        const Transform transform{.resize = Resize{100, 100}};
        auto results = render(*renderer_, source, std::span(&transform, 1), {});
        if (!results) return forward(std::move(results));
        return std::move(results->front());
    }

    Result<ImageFacts> facts(std::span<const std::byte> file) const {
        MemorySource source(file);
        return renderer_->probe(source);
    }

    const std::unique_ptr<Renderer> renderer_ = make_direct_renderer({});
};

/// One side of a picture that is fitted into 100 × 100.
std::uint32_t fitted(std::uint32_t side, std::uint32_t other) {
    const double scale = std::min(1.0, 100.0 / std::max(side, other));
    return std::max(1U, static_cast<std::uint32_t>(side * scale + 0.5));
}

TEST_F(Corpus, EveryGoodPictureBecomesAThumbnail) {
    int count = 0;
    for (const Entry& entry : entries()) {
        if (entry.expect != "ok") continue;
        SCOPED_TRACE(entry.path);
        const Bytes file = contents(entry.path);
        const auto known = facts(file);
        ASSERT_TRUE(known) << known.error().log_text;
        const bool turned = swaps_sides(known->orientation);
        if (!entry.width.empty()) {
            EXPECT_EQ(std::to_string(turned ? known->height_px : known->width_px), entry.width);
            EXPECT_EQ(std::to_string(turned ? known->width_px : known->height_px), entry.height);
        }
        const auto picture = thumbnail(file);
        ASSERT_TRUE(picture) << picture.error().log_text;
        EXPECT_EQ(picture->format, known->format == Format::bmp ? Format::png : known->format);
        const Pixels pixels = test::decoded(picture->bytes);
        EXPECT_EQ(pixels.width_px, fitted(known->width_px, known->height_px));
        EXPECT_EQ(pixels.height_px, fitted(known->height_px, known->width_px));
        EXPECT_EQ(pixels.width_px, picture->width_px);
        EXPECT_EQ(pixels.height_px, picture->height_px);
        for (const std::string_view text : {"Exif\0", "http://ns.adobe.com/xap", "GPSL"}) {
            EXPECT_FALSE(test::contains(picture->bytes, text));
        }
        ++count;
    }
    EXPECT_GT(count, 100);
}

TEST_F(Corpus, EveryBadFileIsRefusedForGood) {
    int count = 0;
    for (const Entry& entry : entries()) {
        if (entry.expect != "reject") continue;
        SCOPED_TRACE(entry.path);
        const Bytes file = contents(entry.path);
        const double begin = cpu_seconds();
        const auto known = facts(file);
        const double probe_seconds = cpu_seconds() - begin;
        if (known) {
            const auto picture = thumbnail(file);
            ASSERT_FALSE(picture);
            EXPECT_TRUE(is_permanent(picture.error().code)) << name_of(picture.error().code);
        } else {
            EXPECT_TRUE(is_permanent(known.error().code)) << name_of(known.error().code);
        }
        EXPECT_LT(probe_seconds, 0.2);
        ++count;
    }
    EXPECT_GT(count, 60);
}

TEST_F(Corpus, BombsAreRefusedByTheirHeader) {
    for (const Entry& entry : entries()) {
        if (entry.expect != "reject" || !entry.path.starts_with("bombs/")) continue;
        EXPECT_FALSE(facts(contents(entry.path))) << entry.path;
    }
}

TEST_F(Corpus, EveryOtherFileIsDecidedInTime) {
    for (const Entry& entry : entries()) {
        if (entry.expect != "either") continue;
        SCOPED_TRACE(entry.path);
        const Bytes file = contents(entry.path);
        const double begin = cpu_seconds();
        const auto first = thumbnail(file);
        EXPECT_LT(cpu_seconds() - begin, 4) << "CPU seconds";
        if (!first) EXPECT_TRUE(is_permanent(first.error().code)) << name_of(first.error().code);
        const auto second = thumbnail(file);
        EXPECT_EQ(first.has_value(), second.has_value());
        if (first && second) EXPECT_EQ(first->bytes, second->bytes);
    }
}

TEST_F(Corpus, TurnedPhotographsComeOutUpright) {
    for (const std::string name : {"Landscape", "Portrait"}) {
        const auto upright = thumbnail(contents("orientation/recurser__" + name + "_1.jpg"));
        ASSERT_TRUE(upright);
        const Pixels expected = test::decoded(upright->bytes);
        for (int i = 0; i <= 8; ++i) {
            const std::string path = "orientation/recurser__" + name + "_" + std::to_string(i) + ".jpg";
            if (!std::filesystem::exists(folder() / path)) continue;
            const auto turned = thumbnail(contents(path));
            ASSERT_TRUE(turned) << path;
            // Each carries its number in the middle, and was encoded on its own.
            EXPECT_LT(test::mean_difference(test::decoded(turned->bytes), expected), 6) << path;
        }
    }
}

}  // namespace
}  // namespace safelight
