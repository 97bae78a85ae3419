#include "transform/compact.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <span>

namespace safelight {
namespace {

std::vector<Fault> faults_of(std::string_view text) {
    const auto transform = parse_compact(text, "/t");
    return transform ? std::vector<Fault>{} : transform.error().faults;
}

std::vector<std::string> faulty(std::string_view text) {
    std::vector<std::string> pointers;
    for (const Fault& fault : faults_of(text)) pointers.push_back(fault.pointer);
    std::ranges::sort(pointers);
    return pointers;
}

using Pointers = std::vector<std::string>;

/// Any transform that can be asked for, small values and defaults more often than others.
class Generator {
  public:
    explicit Generator(std::uint32_t seed) : random_(seed) {}

    Transform next() {
        Transform transform;
        if (chance()) transform.trim = byte();
        if (chance()) transform.crop = crop();
        transform.rotate = decimal(0, full_turn.count - 1, 0);
        transform.flip = static_cast<Flip>(upto(2));
        if (chance()) transform.resize = resize();
        transform.greyscale = chance();
        if (!transform.greyscale) transform.saturation = decimal(0, 400, 100);
        transform.brightness = decimal(0, 400, 100);
        transform.contrast = decimal(0, 400, 100);
        transform.blur = decimal(0, 10'000, 0);
        transform.sharpen = decimal(0, 500, 0);
        if (chance()) transform.duotone = Duotone{colour(), colour()};
        if (chance()) transform.watermark = watermark();
        if (chance()) transform.corner_radius_px = upto(16'383);
        if (chance()) transform.pad = {upto(3), upto(16'383), upto(1), upto(9)};
        if (chance()) transform.background = colour();
        add_output(transform);
        return transform;
    }

  private:
    std::uint32_t upto(std::uint32_t max) {
        return std::uniform_int_distribution<std::uint32_t>(0, max)(random_);
    }
    bool chance() { return upto(1) == 1; }
    std::uint8_t byte() { return static_cast<std::uint8_t>(upto(255)); }
    Hundredths decimal(std::uint32_t min, std::uint32_t max, std::uint32_t usual) {
        return {chance() ? usual : min + upto(max - min)};
    }

    Colour colour() { return {byte(), byte(), byte()}; }

    Crop crop() {
        Crop crop{upto(16'382), upto(16'382), 1 + upto(16'382), 1 + upto(16'382)};
        if (chance()) return crop;
        crop.x_px = 0;
        crop.y_px = 0;
        crop.gravity = static_cast<Gravity>(upto(11));
        return crop;
    }

    Watermark watermark() {
        Watermark watermark;
        for (std::uint8_t& each : watermark.image.uuid.bytes) each = byte();
        watermark.position = static_cast<Gravity>(upto(8));
        watermark.opacity = decimal(1, 100, 100);
        watermark.scale = decimal(1, 100, 25);
        watermark.margin_px = chance() ? 0 : upto(16'383);
        return watermark;
    }

    Resize resize() {
        Resize resize;
        resize.enlarge = chance();
        resize.dpr = decimal(100, 400, 100);
        if (upto(3) == 0) {
            resize.longest_side_px = 1 + upto(16'382);
            return resize;
        }
        if (upto(3) == 0) {
            resize.area_px = 1 + upto(resize_area_max_px - 1);
            return resize;
        }
        const std::uint32_t sides = 1 + upto(2);  // bit 0: the width, bit 1: the height
        if ((sides & 1) != 0) resize.width_px = 1 + upto(16'382);
        if ((sides & 2) != 0) resize.height_px = 1 + upto(16'382);
        constexpr std::array any{Fit::inside, Fit::outside, Fit::cover, Fit::fill, Fit::contain};
        resize.fit = any[upto(sides == 3 ? 4 : 3)];
        const bool has_room = sides == 3 && (resize.fit == Fit::cover || resize.fit == Fit::contain);
        if (has_room) resize.gravity = static_cast<Gravity>(upto(resize.fit == Fit::cover ? 11 : 8));
        return resize;
    }

    void add_output(Transform& transform) {
        constexpr std::array writable{Format::jpeg, Format::png,  Format::gif, Format::webp,
                                      Format::tiff, Format::avif, Format::jxl};
        if (chance()) transform.format = writable[upto(6)];
        transform.automatic_format = !transform.format && chance();
        const bool is_open = !transform.format && !transform.automatic_format;
        if (is_open || transform.format == Format::jpeg) transform.progressive = chance();
        if (is_open || (transform.format && can_be_lossless(*transform.format)))
            transform.lossless = chance();
        const bool can_lower = !transform.lossless && (!transform.format || has_quality(*transform.format));
        if (can_lower && chance()) transform.quality = static_cast<std::uint8_t>(1 + upto(99));
        if (can_lower && chance()) transform.max_bytes = max_bytes_min + upto(1'000'000);
        if (transform.format != Format::gif) {
            transform.metadata = static_cast<Metadata>(upto(2));
            transform.icc = static_cast<Icc>(upto(1));
        }
        transform.animation = static_cast<Animation>(upto(1));
        if (transform.format != Format::tiff && chance()) {
            transform.effort = static_cast<std::uint8_t>(1 + upto(8));
        }
    }

    std::mt19937 random_;
};

TEST(Compact, ReadsWhatItWrites) {
    for (const std::string text :
         {"", "w=400,h=300,fit=cover,g=north,f=webp,q=80", "cx=1,cy=2,cw=3,ch=4,rot=90,flip=vertical",
          "ls=1600,dpr=1.5", "h=9,enlarge=true", "grey=true,bri=1.2,con=0.95,blur=2.5,sharp=0.05", "sat=0",
          "pt=1,pr=2,pb=3,pl=4,bg=ff8000", "f=jpeg,prog=true,effort=9", "lossless=true",
          "trim=10,cw=3,ch=4,cg=attention,rot=12.5", "area=250000,dd=001020,dl=fff0e0",
          "r=20,f=auto,max=20000", "wm=01934b7e-5f00-7abc-8def-0123456789ab,wmp=centre,wmo=0.5,wms=0.1,wmm=8",
          "f=jxl,meta=all-but-location,icc=keep", "f=webp,anim=first-frame"}) {
        const auto transform = parse_compact(text);
        ASSERT_TRUE(transform) << text;
        EXPECT_EQ(to_compact(*transform), text);
    }
}

TEST(Compact, SaysTheSameAsJson) {
    EXPECT_EQ(
        parse_compact("q=80,f=webp,g=north,fit=cover,h=300,w=400"),
        parse_transform(
            R"({"resize":{"width":400,"height":300,"fit":"cover","gravity":"north"},"format":"webp","quality":80})"));
    EXPECT_EQ(parse_compact("w=100,fit=inside,rot=0,enlarge=false,sat=1.00,bg=FFFFFF"),
              parse_transform(R"({"resize":{"width":100},"background":"#ffffff"})"));
}

TEST(Compact, BothSpellingsOfGeneratedTransformsComeBack) {
    Generator generator(20'260);
    std::map<std::string, std::string> json_of_compact;
    std::map<std::string, std::string> compact_of_json;
    for (int i = 0; i < 20'000; ++i) {
        const Transform transform = generator.next();
        const std::string json = to_json(transform);
        const std::string compact = to_compact(transform);
        ASSERT_EQ(parse_transform(json), transform) << json;
        ASSERT_EQ(parse_compact(compact), transform) << compact;
        // One text for each transform, and one transform for each text.
        ASSERT_EQ(json_of_compact.emplace(compact, json).first->second, json);
        ASSERT_EQ(compact_of_json.emplace(json, compact).first->second, compact);
    }
    EXPECT_GT(json_of_compact.size(), 15'000U);
}

TEST(Compact, TheRenditionKeyIsTheHashOfTheCanonicalText) {
    const auto transform = parse_compact("q=80,w=100,fit=inside");
    ASSERT_TRUE(transform);
    const std::string canonical = "w=100,q=80";
    EXPECT_EQ(rendition_key(*transform), sha256_of(std::as_bytes(std::span(canonical))));
    EXPECT_NE(rendition_key(*transform), rendition_key(Transform{}));
}

TEST(Compact, UsesNoCharacterThatAnAddressEscapes) {
    Generator generator(7);
    for (int i = 0; i < 1'000; ++i) {
        const std::string text = to_compact(generator.next());
        EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.,="), std::string::npos)
            << text;
    }
}

TEST(Compact, NamesUnknownAndDoubledKeys) {
    EXPECT_EQ(faulty("w=1,zoom=2,w=3,a/b=1"), (Pointers{"/t/a~1b", "/t/w", "/t/zoom"}));
    EXPECT_EQ(faults_of("zoom=2").front().detail, "There is no key \"zoom\".");
    EXPECT_EQ(faults_of("w=1,w=1").front().detail, "\"w\" is there twice.");
}

TEST(Compact, FaultsAreInItsOwnWords) {
    EXPECT_EQ(faults_of("w=0").front(), (Fault{"/t/w", "\"w\" is a whole number from 1 to 16383."}));
    EXPECT_EQ(faults_of("fit=cover").front().pointer, "/t");
    EXPECT_EQ(faults_of("w=4,g=north").front(),
              (Fault{"/t/g", "\"g\" counts with \"w\", \"h\" and the fit \"cover\" or \"contain\"."}));
    EXPECT_EQ(faulty("w=x,h=1.5,enlarge=1,dpr=nan,q=,f=bmp,bg=red,rot=4000,cx=1"),
              (Pointers{"/t/bg", "/t/ch", "/t/cw", "/t/cy", "/t/dpr", "/t/enlarge", "/t/f", "/t/h", "/t/q",
                        "/t/rot", "/t/w"}));
}

TEST(Compact, RefusesWhatIsNoListOfItems) {
    for (const std::string text :
         {",", "w=1,", ",w=1", "w", "w=1,,h=2", "=1", "w=1 ", " w=1", "W=1", "w==1"}) {
        EXPECT_FALSE(faults_of(text).empty()) << text;
    }
    EXPECT_EQ(faults_of(std::string(compact_bytes_max + 1, 'w')).front(),
              (Fault{"/t", "A transform has 4096 characters at most."}));
    EXPECT_EQ(faults_of("w").front(), (Fault{"/t", "\"w\" is not of the form key=value."}));
}

}  // namespace
}  // namespace safelight
