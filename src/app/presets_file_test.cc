#include "app/presets_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/testing/temporary_folder.h"

namespace safelight::app {
namespace {

class PresetsFileTest : public ::testing::Test {
  protected:
    std::vector<std::string> faults_of(const std::string& text) {
        config.presets_file = folder.path() / "presets.json";
        std::ofstream(config.presets_file, std::ios::binary) << text;
        return preset_faults(config);
    }

    TemporaryFolder folder;
    Config config;
};

TEST_F(PresetsFileTest, NoFileMeansTheBuiltInOnes) {
    EXPECT_TRUE(preset_faults(config).empty());
    EXPECT_EQ(load_presets(config)->all().size(), 1U);
}

TEST_F(PresetsFileTest, IsRead) {
    EXPECT_TRUE(faults_of(R"({"presets":{"square":{"resize":{"width":200}}}})").empty());
    EXPECT_NE(load_presets(config)->find("square"), nullptr);
}

TEST_F(PresetsFileTest, EveryFaultIsNamedWithFileAndPointer) {
    const auto faults = faults_of(R"({"presets":{"a":{"quality":0,"colour":1},"B":{}}})");
    ASSERT_EQ(faults.size(), 3U);
    for (const std::string& fault : faults) {
        EXPECT_TRUE(
            fault.starts_with("SAFELIGHT_PRESETS is \"" + config.presets_file.string() + "\": /presets/"))
            << fault;
    }
    EXPECT_EQ(faults_of("{").size(), 1U);
}

TEST_F(PresetsFileTest, WhatCannotBeReadIsAFault) {
    config.presets_file = folder.path() / "none.json";
    EXPECT_EQ(preset_faults(config).size(), 1U);
    config.presets_file = folder.path();
    ASSERT_EQ(preset_faults(config).size(), 1U);
    EXPECT_NE(preset_faults(config)[0].find("cannot be read"), std::string::npos) << preset_faults(config)[0];
    const auto faults = faults_of(std::string(presets_file_bytes_max + 1, ' '));
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_NE(faults[0].find("more than"), std::string::npos);
}

TEST_F(PresetsFileTest, TheDefaultVariantsHaveToBeThere) {
    config.default_variants = "thumbnail,poster";
    const auto faults = preset_faults(config);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_NE(faults[0].find("SAFELIGHT_DEFAULT_VARIANTS"), std::string::npos);
    EXPECT_NE(faults[0].find("poster"), std::string::npos);
}

}  // namespace
}  // namespace safelight::app
