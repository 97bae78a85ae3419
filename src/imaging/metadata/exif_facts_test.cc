#include "imaging/metadata/exif_facts.h"

#include <gtest/gtest.h>

#include <random>

#include "imaging/metadata/exif_block.h"
#include "imaging/metadata/exif_tags.h"
#include "imaging/metadata/test_secrets.h"
#include "imaging/metadata/tiff_writer.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using test::Bytes;

/// A structure with these entries in the first directory, and those in the EXIF and GPS directories.
Bytes structure(std::vector<TiffEntry> first, const std::vector<TiffEntry>& exif = {},
                const std::vector<TiffEntry>& gps = {}) {
    Bytes out = test::bytes_of("II*\0\x08\0\0\0"sv);
    first.push_back(u32_entry(exif_tag::exif_directory, 0));
    first.push_back(u32_entry(exif_tag::gps_directory, 0));
    const std::uint32_t at = append_directory(out, first);
    set_u32_entry(out, at, first.size() - 2, append_directory(out, exif));
    set_u32_entry(out, at, first.size() - 1, append_directory(out, gps));
    return out;
}

TiffEntry angle(std::uint16_t tag, std::initializer_list<std::uint32_t> numbers) {
    TiffEntry entry{tag,
                    static_cast<std::uint16_t>(TiffType::rational),
                    static_cast<std::uint32_t>(numbers.size() / 2),
                    {}};
    for (const std::uint32_t number : numbers) append_little(entry.value, number, 4);
    return entry;
}

ExifFacts facts_of(const Bytes& exif) {
    return read_exif_facts(ByteView(exif));
}

TEST(ReadExifFacts, TimesThatAreNoneAreLeftOut) {
    const auto taken = [](std::string_view time, std::string_view zone) {
        return facts_of(structure({}, {text_entry(exif_tag::date_time_original, time),
                                       text_entry(exif_tag::offset_time_original, zone)}))
            .taken_at;
    };
    EXPECT_EQ(taken("2024:05:31 12:00:00", "-03:30"), "2024-05-31T12:00:00-03:30");
    EXPECT_EQ(taken("2024:05:31 12:00:00", "local"), "2024-05-31T12:00:00");
    EXPECT_EQ(taken("0000:00:00 00:00:00", "+00:00"), "");
    EXPECT_EQ(taken("    :  :     :  :  ", ""), "");
    EXPECT_EQ(taken("31.05.2024 12:00:00", ""), "");
}

TEST(ReadExifFacts, PositionsThatCannotBeAreLeftOut) {
    const auto position = [](std::initializer_list<std::uint32_t> latitude, std::string_view side) {
        return facts_of(structure({}, {},
                                  {text_entry(exif_tag::latitude_reference, side),
                                   angle(exif_tag::latitude, latitude),
                                   text_entry(exif_tag::longitude_reference, "E"),
                                   angle(exif_tag::longitude, {10, 1, 30, 1, 0, 0})}))
            .position;
    };
    EXPECT_EQ(position({47, 1, 30, 1, 36, 1}, "S"), (GpsPosition{-47.51, 10.5}));
    EXPECT_EQ(position({91, 1, 0, 1, 0, 1}, "N"), std::nullopt);
    EXPECT_EQ(position({1, 0, 0, 1, 0, 1}, "N"), std::nullopt);
    EXPECT_EQ(position({0, 0, 0, 0, 0, 0}, "N"), std::nullopt);
    EXPECT_EQ(position({47, 1, 30, 1}, "N"), std::nullopt);
    EXPECT_EQ(position({47, 1, 30, 1, 36, 1}, "X"), std::nullopt);
}

TEST(ReadExifFacts, CopyrightOfPhotographerAndEditor) {
    const auto copyright = [](std::string_view raw) {
        return facts_of(structure({bytes_entry(exif_tag::copyright, TiffType::ascii,
                                               std::as_bytes(std::span(raw)))}))
            .copyright;
    };
    EXPECT_EQ(copyright("Ann\0Ed\0"sv), "Ann; Ed");
    EXPECT_EQ(copyright("Ann\0"sv), "Ann");
    EXPECT_EQ(copyright("Ann"), "Ann");
    EXPECT_EQ(copyright(" \0Ed\0"sv), "Ed");
    EXPECT_EQ(copyright(" "), "");
}

TEST(ReadExifFacts, LongTextsAreLeftOut) {
    EXPECT_EQ(facts_of(structure({text_entry(exif_tag::make, std::string(exif_text_bytes_max, 'x'))}))
                  .camera_make.size(),
              exif_text_bytes_max);
    EXPECT_EQ(facts_of(structure({text_entry(exif_tag::make, std::string(exif_text_bytes_max + 1, 'x'))}))
                  .camera_make,
              "");
}

TEST(ReadExifFacts, WhateverTheBytesTheFactsAreValid) {
    const Bytes exif = test::secret_exif();
    std::mt19937 random(5);
    for (std::size_t size = 0; size < exif.size(); ++size) {
        const Bytes cut(exif.begin(), exif.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_TRUE(is_valid(facts_of(cut)));
    }
    for (int round = 0; round < 20'000; ++round) {
        Bytes changed = exif;
        for (int i = 0; i < 4; ++i) changed[random() % changed.size()] = static_cast<std::byte>(random());
        EXPECT_TRUE(is_valid(facts_of(changed)));
        const Bytes jpeg =
            test::with_jpeg_segment(test::bytes_of("\xff\xd8\xff\xda\0\2"sv), 0xe1, "Exif\0\0"sv, changed);
        const auto block = exif_block(jpeg, Format::jpeg, Metadata::all_but_location);
        EXPECT_LT(block.size(), 10'000U);
    }
}

TEST(ReadExifFacts, DirectoriesThatPointAtThemselvesEnd) {
    Bytes loop = structure({});
    const auto first = TiffDirectory::first_of(ByteView(loop));
    ASSERT_TRUE(first);
    set_u32_entry(loop, 8, 0, 8);
    set_u32_entry(loop, 8, 1, 8);
    EXPECT_EQ(facts_of(loop), ExifFacts{});
}

TEST(ExifBlock, ValuesOfAnotherShapeAreLeftOut) {
    const auto tags = [](const std::vector<TiffEntry>& exif) {
        const Bytes jpeg = test::with_jpeg_segment(test::bytes_of("\xff\xd8\xff\xda\0\2"sv), 0xe1,
                                                   "Exif\0\0"sv, structure({}, exif));
        return exif_block(jpeg, Format::jpeg, Metadata::all_but_location).size();
    };
    EXPECT_GT(tags({text_entry(0x9004, "2024:05:31 12:00:00")}), 0U);
    EXPECT_EQ(tags({text_entry(0x9004, "somewhere in Bern..")}), 0U);
    EXPECT_EQ(tags({text_entry(0x829a, "1/250")}), 0U);
    EXPECT_EQ(tags({bytes_entry(0x8827, TiffType::undefined, test::bytes_of("bytes"))}), 0U);
    EXPECT_EQ(tags({angle(0xa432, {50, 1})}), 0U) << "fewer numbers than it has";
    EXPECT_EQ(tags({text_entry(0xa434, std::string(201, 'x'))}), 0U);
}

}  // namespace
}  // namespace safelight
