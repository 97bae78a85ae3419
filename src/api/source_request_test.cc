#include "api/source_request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace safelight {
namespace {

std::vector<std::string> pointers_of(std::string_view text) {
    const auto request = parse_source_request(text);
    std::vector<std::string> pointers;
    if (request) return pointers;
    for (const Fault& fault : request.error().faults) pointers.push_back(fault.pointer);
    return pointers;
}

TEST(SourceRequest, IsReadAsAFormWouldSayIt) {
    const auto request = parse_source_request(R"({"source_url":"http://a/","filename":"","variants":["a",
        {"name":"b"}],"metadata":{"c":[1]},"focal_point":{"x":0,"y":1},"priority":"bulk"})")
                             .value();
    EXPECT_EQ(request.url, "http://a/");
    EXPECT_EQ(request.said.filename, "");
    EXPECT_EQ(request.said.variants, R"(["a",{"name":"b"}])");
    EXPECT_EQ(request.said.metadata, R"({"c":[1]})");
    EXPECT_EQ(request.said.focal_point, R"({"x":0,"y":1})");
    EXPECT_EQ(request.said.priority, "bulk");
}

TEST(SourceRequest, NeedsNothingButTheAddress) {
    const auto request = parse_source_request(R"({"source_url":"x"})").value();
    for (const UploadField& field : upload_fields) EXPECT_FALSE(request.said.*field.value) << field.name;
}

TEST(SourceRequest, TakesTextsWhereThereIsACompactForm) {
    const auto request =
        parse_source_request(R"({"source_url":"x","variants":"a,b","focal_point":"0.1,0.2"})").value();
    EXPECT_EQ(request.said.variants, "a,b");
    EXPECT_EQ(request.said.focal_point, "0.1,0.2");
}

TEST(SourceRequest, KnowsEveryFieldOfAnUpload) {
    for (const UploadField& field : upload_fields) {
        const auto pointers = pointers_of(R"({"source_url":"x",")" + std::string(field.name) + R"(":true})");
        ASSERT_EQ(pointers.size(), 1U);
        const auto error = parse_source_request(R"({"source_url":"x","a/b~c":1})").error();
        EXPECT_NE(error.faults.at(0).detail.find(field.name), std::string::npos) << field.name;
    }
}

TEST(SourceRequest, TellsEachFault) {
    EXPECT_EQ(pointers_of(R"({"filename":1,"a/b":2,"metadata":"{}"})"),
              (std::vector<std::string>{"/source_url", "/filename", "/a~1b", "/metadata"}));
    EXPECT_EQ(pointers_of(R"({"source_url":null})"), std::vector<std::string>{"/source_url"});
    EXPECT_EQ(pointers_of(R"({"source_url":"x","priority":null})"), std::vector<std::string>{"/priority"});
    for (const auto* const text :
         {"", "[]", "\"x\"", "{", R"({"source_url":"x","source_url":"y"})", R"({"source_url":"x"}{})"})
        EXPECT_EQ(pointers_of(text), std::vector<std::string>{""}) << text;
}

}  // namespace
}  // namespace safelight
