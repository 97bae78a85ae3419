#include "blobs/s3/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safelight::s3 {
namespace {

constexpr std::string_view begin = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

std::string objects(const std::string& inside) {
    return std::string(begin) + "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
           inside + "</ListBucketResult>";
}

std::string uploads(const std::string& inside) {
    return std::string(begin) + "<ListMultipartUploadsResult>" + inside + "</ListMultipartUploadsResult>";
}

constexpr const char* object =
    "<Contents><Key>a%2Fb+c%2B</Key><LastModified>2026-11-25T23:59:58.000Z</LastModified>"
    "<ETag>x</ETag><Size>123</Size></Contents>";

TEST(Answers, APageOfObjects) {
    const auto page = parse_object_page(objects(std::string("<EncodingType>url</EncodingType>") + object +
                                                "<IsTruncated>true</IsTruncated><NextContinuationToken>next"
                                                "</NextContinuationToken>"));
    ASSERT_TRUE(page);
    ASSERT_EQ(page->objects.size(), 1U);
    EXPECT_EQ(page->objects[0].name, "a/b c+");
    EXPECT_EQ(page->objects[0].size_bytes, 123U);
    EXPECT_EQ(to_rfc3339(page->objects[0].modified_at), "2026-11-25T23:59:58.000Z");
    EXPECT_EQ(page->next_token, "next");
}

TEST(Answers, NamesAreTakenAsTheyAreWhenTheyAreNotEncoded) {
    const auto page = parse_object_page(objects(object));
    ASSERT_TRUE(page && page->objects.size() == 1);
    EXPECT_EQ(page->objects[0].name, "a%2Fb+c%2B");
    EXPECT_EQ(page->next_token, "");
}

TEST(Answers, APageThatDoesNotSayWhereItGoesOnIsNone) {
    EXPECT_FALSE(parse_object_page(objects("<IsTruncated>true</IsTruncated>")));
    EXPECT_FALSE(parse_upload_page(uploads("<IsTruncated>true</IsTruncated>")));
}

TEST(Answers, HalfAnEntryIsNone) {
    EXPECT_FALSE(parse_object_page(objects("<Contents><Key>a</Key></Contents>")));
    EXPECT_FALSE(
        parse_object_page(objects("<Contents><Key>a</Key><Size>-1</Size><LastModified>2026-11-25T23:59:58Z"
                                  "</LastModified></Contents>")));
    EXPECT_FALSE(parse_upload_page(uploads("<Upload><Key>a</Key></Upload>")));
    EXPECT_FALSE(
        parse_object_page(objects(std::string("<EncodingType>url</EncodingType><Contents><Key>%zz</Key>"
                                              "<LastModified>2026-11-25T23:59:58Z</LastModified>"
                                              "<Size>1</Size></Contents>"))));
}

TEST(Answers, APageOfUploads) {
    const auto page =
        parse_upload_page(uploads("<Upload><Key>k</Key><UploadId>u</UploadId>"
                                  "<Initiated>2026-11-25T23:59:58.000Z</Initiated></Upload>"
                                  "<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"
                                  "<NextUploadIdMarker>u</NextUploadIdMarker>"));
    ASSERT_TRUE(page && page->uploads.size() == 1);
    EXPECT_EQ(page->uploads[0].name, "k");
    EXPECT_EQ(page->uploads[0].id, "u");
    EXPECT_EQ(page->next_name, "k");
    EXPECT_EQ(page->next_id, "u");
}

TEST(Answers, WhatIsNoAnswerIsNone) {
    for (const std::string_view text : {"", "nonsense", "<html><body>Welcome</body></html>",
                                        "<ListBucketResult>", "{\"a\": 1}", "<Error/>"}) {
        EXPECT_FALSE(parse_object_page(text)) << text;
        EXPECT_FALSE(parse_upload_page(text)) << text;
        EXPECT_FALSE(parse_upload_id(text)) << text;
        EXPECT_FALSE(is_completed_upload(text)) << text;
        EXPECT_FALSE(parse_deletions(text)) << text;
        EXPECT_EQ(error_code_in(text), "") << text;
    }
}

TEST(Answers, EntitiesOfTheServersMakingAreNotExpanded) {
    const std::string bomb =
        "<!DOCTYPE a [<!ENTITY b \"cccc\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>"
        "<InitiateMultipartUploadResult><UploadId>&b;&f;</UploadId>"
        "</InitiateMultipartUploadResult>";
    const auto id = parse_upload_id(bomb);
    if (id) EXPECT_EQ(*id, "&b;&f;");
}

TEST(Answers, AnErrorsCodeIsAWord) {
    EXPECT_EQ(error_code_in("<Error><Code>NoSuchKey</Code><Message>secret</Message></Error>"), "NoSuchKey");
    EXPECT_EQ(error_code_in("<Error><Code>no such key</Code></Error>"), "");
    EXPECT_EQ(error_code_in("<Error><Code>" + std::string(65, 'a') + "</Code></Error>"), "");
}

TEST(Answers, ACompletionListsThePartsInOrder) {
    const std::vector<std::string> etags{"\"a\"", "\"b&<\""};
    EXPECT_EQ(completion(etags),
              "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part>"
              "<Part><PartNumber>2</PartNumber><ETag>\"b&amp;&lt;\"</ETag></Part></CompleteMultipartUpload>");
}

TEST(Answers, ABatchNamesItsObjects) {
    const std::vector<std::string> names{"a/b", "c&<d>"};
    EXPECT_EQ(batch_deletion(names),
              "<Delete><Object><Key>a/b</Key></Object><Object><Key>c&amp;&lt;d&gt;</Key></Object></Delete>");
}

TEST(Answers, ABatchIsAnsweredObjectByObject) {
    const auto objects = parse_deletions(
        "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Deleted><Key>a</Key></Deleted>"
        "<Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message></Error>"
        "<Error><Key>c</Key><Code>NoSuchKey</Code></Error></DeleteResult>");
    ASSERT_TRUE(objects && objects->size() == 3);
    for (const DeletedObject& each : *objects) EXPECT_EQ(each.is_gone, each.name != "b") << each.name;
}

TEST(Answers, TheDefaultRegionIsNotNamed) {
    EXPECT_EQ(bucket_location("us-east-1"), "");
    EXPECT_THAT(bucket_location("eu-central-1"), testing::HasSubstr("<LocationConstraint>eu-central-1</"));
}

}  // namespace
}  // namespace safelight::s3
