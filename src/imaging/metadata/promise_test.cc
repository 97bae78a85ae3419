// The promise about metadata, for every pair of formats and every policy.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "imaging/container/png_chunks.h"
#include "imaging/container/png_text.h"
#include "imaging/metadata/blocks.h"
#include "imaging/metadata/credits.h"
#include "imaging/metadata/exif_facts.h"
#include "imaging/metadata/exif_tags.h"
#include "imaging/metadata/test_secrets.h"
#include "imaging/metadata/text.h"
#include "imaging/test_animations.h"
#include "imaging/vips/load.h"
#include "imaging/vips/save.h"

namespace safelight {
namespace {

using test::Bytes;

struct Case {
    Format from;
    Format to;
    Metadata policy;
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
    constexpr std::array policies{"None", "Copyright", "AllButLocation"};
    return fmt::format("{}To{}{}", name_of(info.param.from), name_of(info.param.to),
                       policies[static_cast<std::size_t>(info.param.policy)]);
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (const Format from : all_formats) {
        if (from == Format::svg) continue;  // nothing of its text is read, and no pixels say it
        for (const Format to : all_formats) {
            if (!is_output_format(to)) continue;
            for (const Metadata policy : {Metadata::none, Metadata::copyright, Metadata::all_but_location})
                cases.push_back({from, to, policy});
        }
    }
    return cases;
}

/// Every tag of the directory at hand.
std::set<unsigned> tags_of(const TiffDirectory& directory) {
    std::set<unsigned> tags;
    for (std::uint16_t i = 0; i < directory.size(); ++i) tags.insert(directory.entry(i).tag);
    return tags;
}

/// The field names under which libvips shows the metadata of a file.
std::vector<std::string> fields_seen_by_libvips(const Bytes& file, Format format) {
    std::vector<std::string> names;
    if (format == Format::jxl) return names;  // this libvips is not asked to open it
    const auto picture = load_picture(file, format);
    if (!picture) return {"a broken file"};
    gchar** fields = vips_image_get_fields(picture->get());
    for (gchar** field = fields; *field != nullptr; ++field) names.emplace_back(*field);
    g_strfreev(fields);
    return names;
}

class MetadataPromise : public testing::TestWithParam<Case> {
  protected:
    void SetUp() override {
        ASSERT_TRUE(initialise_codecs());
        original_ = test::file_with_secrets(GetParam().from);
        if (original_.empty() || !can_write(GetParam().to)) GTEST_SKIP() << "not on this machine: a codec";
        const Transform transform{
            .resize = Resize{40, 40}, .format = GetParam().to, .metadata = GetParam().policy};
        auto pictures = test::rendered(original_, std::span(&transform, 1), {}, {});
        ASSERT_TRUE(pictures) << pictures.error().log_text;
        ASSERT_TRUE(pictures->front()) << pictures->front().error().log_text;
        variant_ = pictures->front()->bytes;
        blocks_ = find_metadata(variant_, GetParam().to);
    }

    [[nodiscard]] static bool has_exif_of_its_own() {
        return GetParam().from != Format::gif && GetParam().from != Format::bmp;
    }

    Bytes original_;
    Bytes variant_;
    MetadataBlocks blocks_;
};

TEST_P(MetadataPromise, NothingSecretComesOut) {
    ASSERT_TRUE(test::contains(original_, test::secret));
    EXPECT_FALSE(test::contains(variant_, test::secret));
    EXPECT_FALSE(test::contains(variant_, hex_encode(test::bytes_of(test::secret))));
    for (const std::string_view name : {"xmpmeta", "http://ns.adobe.com", "Photoshop", "8BIM", "GPS", "tEXt",
                                        "zTXt", "iTXt", "tIME", "XMP", "uuid"})
        EXPECT_FALSE(test::contains(variant_, name)) << name;
    EXPECT_EQ(blocks_.xmp.size(), 0U);
    EXPECT_EQ(blocks_.iptc.size(), 0U);
    EXPECT_TRUE(blocks_.author.empty() && blocks_.copyright.empty());
}

TEST_P(MetadataPromise, ExifHoldsWhatIsListedAlone) {
    std::set<unsigned> allowed{exif_tag::artist, exif_tag::copyright};
    const std::set<unsigned> details{0x829a, 0x8827, 0x9000, 0x9003, 0x9011, 0x920a, 0xa434};
    if (GetParam().policy == Metadata::none) allowed.clear();
    if (GetParam().policy == Metadata::all_but_location)
        allowed.merge(std::set<unsigned>{exif_tag::make, exif_tag::model, exif_tag::exif_directory});
    const auto directory = TiffDirectory::first_of(blocks_.exif);
    if (GetParam().to == Format::tiff) {
        // Tags below, and these, are of the picture itself.
        for (unsigned tag = 254; tag <= 347; ++tag) {
            const bool is_text = tag == 269 || tag == 270 || tag == 271 || tag == 272 || tag == 305 ||
                                 tag == 306 || tag == 315 || tag == 316;
            if (!is_text) allowed.insert(tag);
        }
    } else if (GetParam().policy == Metadata::none) {
        EXPECT_EQ(blocks_.exif.size(), 0U);
    }
    if (!directory) return;
    for (const unsigned tag : tags_of(*directory)) EXPECT_TRUE(allowed.contains(tag)) << tag;
    EXPECT_FALSE(directory->directory(exif_tag::gps_directory));
    const std::uint32_t offset = blocks_.exif.u32le(4);
    EXPECT_EQ(blocks_.exif.u32le(offset + 2U + directory->size() * 12U), 0U) << "a second directory";
    if (const auto exif = directory->directory(exif_tag::exif_directory))
        EXPECT_TRUE(std::ranges::includes(details, tags_of(*exif)));
}

TEST_P(MetadataPromise, OtherProgramsSeeNoMoreEither) {
    for (const std::string& field : fields_seen_by_libvips(variant_, GetParam().to)) {
        // ifd1: the thumbnail's, ifd3: GPS.
        for (const std::string_view bad :
             {"exif-ifd1", "exif-ifd3", "GPS", "Serial", "Owner", "MakerNote", "UniqueID", "Thumbnail",
              "thumbnail", "xmp", "iptc", "photoshop", "comment"})
            EXPECT_FALSE(field.contains(bad)) << field;
        EXPECT_NE(field, "a broken file");
    }
}

TEST_P(MetadataPromise, CreditAndCopyrightStayWhenTheyShall) {
    const Credits kept = read_credits(blocks_);
    if (GetParam().policy == Metadata::none || GetParam().to == Format::gif ||
        GetParam().from == Format::bmp) {
        EXPECT_EQ(kept, Credits{});
        return;
    }
    EXPECT_TRUE(kept.artist.starts_with(test::artist)) << kept.artist;
    EXPECT_EQ(kept.copyright, test::copyright);
    // Of XMP or IPTC, for EXIF has no place for it.
    EXPECT_TRUE(kept.artist.ends_with(test::credit)) << kept.artist;
}

TEST_P(MetadataPromise, HowAndWhenStayWhenTheyShall) {
    const ExifFacts facts = probe(variant_, {}).value().exif;
    EXPECT_FALSE(facts.position);
    const bool says = GetParam().policy == Metadata::all_but_location && GetParam().to != Format::gif &&
                      has_exif_of_its_own();
    EXPECT_EQ(facts.camera_model, says ? test::camera_model : "");
    EXPECT_EQ(facts.taken_at, says ? "2024-05-31T12:00:00+02:00" : "");
    if (!says) return;
    const auto exif = TiffDirectory::first_of(blocks_.exif)->directory(exif_tag::exif_directory);
    ASSERT_TRUE(exif);
    EXPECT_EQ(text_of(exif->field(0xa434)), test::lens_model);
    EXPECT_EQ(exif->field(0x8827).number(), 100U);
    EXPECT_EQ(exif->field(0x829a).rational().denominator, 250U);
}

TEST_P(MetadataPromise, ItStandsUpright) {
    const ImageFacts facts = probe(variant_, {}).value();
    EXPECT_EQ(facts.orientation, Orientation::upright);
    const ImageFacts before = probe(original_, {}).value();
    EXPECT_EQ(facts.width_px > facts.height_px, before.width_px > before.height_px);
}

INSTANTIATE_TEST_SUITE_P(AllPairs, MetadataPromise, testing::ValuesIn(all_cases()), name_of);

/// The file is one in which there is something to be found.
TEST(MetadataOfHeif, XmpIsFoundBesideExif) {
    ASSERT_TRUE(initialise_codecs());
    for (const Format format : {Format::avif, Format::heic}) {
        const Bytes file = test::file_with_secrets(format);
        if (file.empty()) continue;  // no encoder
        const MetadataBlocks blocks = find_metadata(file, format);
        EXPECT_TRUE(blocks.xmp.text().contains(test::credit)) << name_of(format);
        EXPECT_TRUE(std::ranges::equal(blocks.exif.bytes(), test::secret_exif())) << name_of(format);
    }
}

TEST(MetadataOfAnimations, IsKeptAsThatOfStillPictures) {
    ASSERT_TRUE(initialise_codecs());
    const Bytes file = test::secret_animation();
    const std::array transforms{Transform{.format = Format::webp, .metadata = Metadata::all_but_location},
                                Transform{.format = Format::webp}};
    const auto pictures = test::rendered(file, transforms, {}, {});
    ASSERT_TRUE(pictures && (*pictures)[0] && (*pictures)[1]);
    for (const auto& picture : *pictures) {
        EXPECT_EQ(test::shown(picture->bytes).frames.size(), 3U);
        EXPECT_FALSE(test::contains(picture->bytes, test::secret));
    }
    EXPECT_EQ(read_credits(find_metadata((*pictures)[0]->bytes, Format::webp)).copyright, test::copyright);
    EXPECT_EQ(read_credits(find_metadata((*pictures)[1]->bytes, Format::webp)), Credits{});
}

TEST(MetadataFacts, ComeFromTheExifOfEveryFormat) {
    ASSERT_TRUE(initialise_codecs());
    const ExifFacts expected{"Maker",
                             std::string(test::camera_model),
                             "2024-05-31T12:00:00+02:00",
                             std::string(test::artist),
                             std::string(test::copyright),
                             GpsPosition{47.5, -8.25}};
    for (const Format format : all_formats) {
        const Bytes file = test::file_with_secrets(format);
        if (file.empty() || format == Format::gif || format == Format::bmp) continue;
        const auto facts = probe(file, {});
        ASSERT_TRUE(facts) << name_of(format) << facts.error().log_text;
        EXPECT_EQ(facts->exif, expected) << name_of(format);
    }
}

}  // namespace
}  // namespace safelight
