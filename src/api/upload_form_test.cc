#include "api/upload_form.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

Status add_part(UploadForm& form, const std::string& name, std::string_view text,
                std::optional<std::string> filename = std::nullopt) {
    TRY(form.part_begins({.name = name, .filename = std::move(filename), .content_type = ""}));
    TRY(form.part_data(bytes_of(text)));
    return form.part_ends();
}

TEST(UploadForm, FieldsMayStandBeforeAndAfterTheFile) {
    UploadForm form(100);
    EXPECT_TRUE(add_part(form, "variants", "thumbnail"));
    EXPECT_TRUE(add_part(form, "file", "picture", "cat.jpg"));
    EXPECT_TRUE(add_part(form, "metadata", "{}"));
    EXPECT_TRUE(form.check_complete());
    EXPECT_EQ(form.fields.filename, "cat.jpg");
    EXPECT_EQ(form.fields.variants, "thumbnail");
    EXPECT_EQ(form.fields.metadata, "{}");
    EXPECT_EQ(form.picture.size(), 7U);
}

TEST(UploadForm, AnEmptyFieldIsNotAnAbsentOne) {
    UploadForm form(100);
    EXPECT_TRUE(form.part_begins({.name = "variants", .filename = {}, .content_type = {}}));
    EXPECT_TRUE(form.part_ends());
    EXPECT_EQ(form.fields.variants, "");
    EXPECT_EQ(form.fields.metadata, std::nullopt);
}

TEST(UploadForm, RefusesWhatItDoesNotKnowAndWhatComesTwice) {
    UploadForm form(100);
    EXPECT_TRUE(add_part(form, "file", "picture"));
    EXPECT_EQ(add_part(form, "file", "another").error().faults.at(0).pointer, "/file");
    EXPECT_EQ(add_part(form, "col/our~", "red").error().faults.at(0).pointer, "/col~1our~0");
    EXPECT_TRUE(add_part(form, "variants", ""));
    EXPECT_EQ(add_part(form, "variants", "").error().faults.at(0).pointer, "/variants");
}

TEST(UploadForm, HasLimits) {
    UploadForm form(10);
    EXPECT_TRUE(add_part(form, "variants", std::string(form_field_bytes_max, ' ')));
    EXPECT_EQ(add_part(form, "metadata", std::string(form_field_bytes_max + 1, ' ')).error().code,
              ErrorCode::invalid_argument);
    EXPECT_EQ(add_part(form, "file", std::string(11, 'x')).error().code, ErrorCode::payload_too_large);
}

TEST(UploadForm, CountsThePictureEvenWhenItsBytesAreTakenAway) {
    UploadForm form(10);
    EXPECT_TRUE(form.part_begins({.name = "file", .filename = {}, .content_type = {}}));
    EXPECT_TRUE(form.part_data(bytes_of("12345678")));
    form.picture.clear();
    EXPECT_EQ(form.part_data(bytes_of("123")).error().code, ErrorCode::payload_too_large);
}

TEST(UploadForm, NeedsAFileWithBytes) {
    UploadForm none(100);
    EXPECT_EQ(none.check_complete().error().faults.at(0).pointer, "/file");
    UploadForm empty(100);
    EXPECT_TRUE(add_part(empty, "file", ""));
    EXPECT_EQ(empty.check_complete().error().code, ErrorCode::empty_payload);
}

}  // namespace
}  // namespace safelight
