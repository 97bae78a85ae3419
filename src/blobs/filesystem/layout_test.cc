#include "blobs/filesystem/layout.h"

#include <gtest/gtest.h>

#include <set>

namespace safelight {
namespace {

const BlobKey key = *BlobKey::parse("01934b7e-5f00-7abc-8def-0123456789ab");

TEST(Layout, NamesAreMadeOfTheKeyAlone) {
    EXPECT_EQ(layout::folder_of(key), "ab");
    EXPECT_EQ(layout::blob_name(key), "01934b7e-5f00-7abc-8def-0123456789ab");
    EXPECT_EQ(layout::unfinished_name(key), "01934b7e-5f00-7abc-8def-0123456789ab.part");
}

TEST(Layout, ThereAreTwoHundredAndFiftySixFolders) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < layout::folders; ++i) names.insert(layout::folder_name(i));
    EXPECT_EQ(names.size(), 256U);
    EXPECT_EQ(*names.begin(), "00");
    EXPECT_EQ(*names.rbegin(), "ff");
}

TEST(Layout, NamesAreRecognised) {
    EXPECT_EQ(layout::parse("ab", layout::blob_name(key)), (layout::Entry{key, false}));
    EXPECT_EQ(layout::parse("ab", layout::unfinished_name(key)), (layout::Entry{key, true}));
}

TEST(Layout, OtherNamesAreNot) {
    for (const char* const name :
         {"", ".part", "01934b7e-5f00-7abc-8def-0123456789a", "01934b7e-5f00-7abc-8def-0123456789abc",
          "01934B7E-5F00-7ABC-8DEF-0123456789AB", "01934b7e-5f00-7abc-8def-0123456789ab.PART",
          "01934b7e-5f00-7abc-8def-0123456789ab.part.part", "01934b7e-5f00-7abc-8def-0123456789ab.jpg",
          " 01934b7e-5f00-7abc-8def-0123456789ab", "01934b7e_5f00_7abc_8def_0123456789ab", "lost+found"}) {
        EXPECT_EQ(layout::parse("ab", name), std::nullopt) << name;
    }
    EXPECT_EQ(layout::parse("ac", layout::blob_name(key)), std::nullopt) << "in the wrong folder";
}

}  // namespace
}  // namespace safelight
